"""What the processes that stay hold in memory, beside Caddy and the bare interpreter.

After 1,000 verified handshakes each, and SETTLE seconds (60) of rest. Two figures, in MiB. PSS, which the bar is about:
a page that several processes map counts in parts, and here the bench itself is one of them. RSS: what PSS would be if
nobody else mapped any page, no other Python, and no libc either.
"""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import caddy
from stopwatch import Started
from visitor import free_port, handshake, visit

import device

HANDSHAKES = int(os.environ.get("HANDSHAKES", "1000"))
SETTLE = float(os.environ.get("SETTLE", "60"))
BAR = 0.35
_REST = "; import signal; signal.pause()"
_BARE = {
    "python": "pass" + _REST,
    "python, ssl": "import ssl; c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)" + _REST,
}


def main() -> None:
    """Start all, visit those that serve, wait, read."""
    binary = caddy.program()
    with device.made() as made, tempfile.TemporaryDirectory() as home, ExitStack() as stack:
        port = free_port()
        running = {"serve": stack.enter_context(Started(made.serve(port)))}
        _visits(port, made.root)
        running["watch"] = stack.enter_context(Started(made.watch))
        for name, text in _BARE.items():
            running[name] = stack.enter_context(Started([sys.executable, "-I", "-S", "-c", text]))
        if binary:
            rival, port = caddy.Caddy(binary, Path(home)), free_port()
            running["Caddy"] = stack.enter_context(rival.start(port))
            _visits(port, rival.root)
        sleep(SETTLE)
        _print({name: _held(started.pid) for name, started in running.items()})


def _visits(port: int, root: Path) -> None:
    visit(port, root)
    context = ssl.create_default_context(cafile=str(root))
    for _ in range(HANDSHAKES - 1):
        handshake(port, context)


def _held(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return kib["Pss"] / 1024, kib["Rss"] / 1024


def _print(held: dict[str, tuple[float, float]]) -> None:
    print(f"\nmemory at rest, {SETTLE:g} s after {HANDSHAKES} handshakes; the bar is {BAR} of Caddy's PSS, for serve")
    print(f"{'':15} PSS MiB  RSS MiB   serve's PSS, RSS ratio   watch's PSS, RSS ratio")
    for name, (pss, rss) in held.items():
        ratios = [f"{held[mine][0] / pss:.2f}, {held[mine][1] / rss:.2f}" for mine in ("serve", "watch")]
        print(f"{name:15} {pss:7.1f} {rss:8.1f} {ratios[0]:>24} {ratios[1]:>24}")
    if "Caddy" not in held:
        print("Caddy is not installed")


if __name__ == "__main__":
    main()
