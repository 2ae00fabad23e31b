"""From nothing to the first verified TLS handshake, beside Caddy with a certificate of its internal CA.

serve --boot    `device serve --boot`: one command, which boots beside; nothing in run/ before
boot, serve     `device boot` and `device serve --wait` at once, as our units start; nothing in run/ before
boot            the first of the two alone
Caddy           `caddy run` with `tls internal`, its CA there already, its server certificate not
python, fork    an empty interpreter with `_ssl` and a context that forks once: the floor for one command
python twice    two empty interpreters, the second one with `_ssl` and a context: the floor for two
python, ssl     an empty interpreter with `ssl` and a context: what most servers in Python begin with
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import caddy
from stopwatch import Started, Times, finished, in_some_order, spread
from visitor import free_port, visit

import device

RUNS = int(os.environ.get("RUNS", "40"))
BAR = 0.5
_WITH_TLS = "import posix, _ssl; _ssl._SSLContext(_ssl.PROTOCOL_TLS_SERVER); posix._exit(0)"
_FORKING = f"import posix; posix.fork() or posix._exit(0); posix.wait(); {_WITH_TLS}"
_DOCUMENTED = "import os, ssl; ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); os._exit(0)"


def main() -> None:
    """Prepare, run, print."""
    binary = caddy.program()
    if binary is None:
        sys.exit("first handshake: Caddy is not installed")
    with device.made() as made, tempfile.TemporaryDirectory() as home:
        rival = caddy.Caddy(binary, Path(home))
        runs: dict[str, Callable[[], tuple[float, float]]] = {
            "serve --boot": lambda: _one(made),
            "boot, serve": lambda: _two(made),
            "boot": lambda: finished(made.bare_boot, made.folder)[:2],
            "Caddy": lambda: _caddy(rival),
            "python, fork": lambda: _floor(made.folder, _FORKING),
            "python twice": lambda: _floor(made.folder, "pass", _WITH_TLS),
            "python, ssl": lambda: _floor(made.folder, _DOCUMENTED),
        }
        times = {name: Times(name) for name in runs}
        for number in range(RUNS + 1):
            for name in in_some_order(list(runs), number):
                taken = runs[name]()
                if number:
                    times[name].add(*taken)
    _print(times)


def _one(made: device.Device) -> tuple[float, float]:
    port = free_port()
    made.forget_boot()
    with Started(made.serve_and_boot(port)) as serving:
        wall = visit(port, made.root) - serving.begun
    return serving.cpu, wall


def _two(made: device.Device) -> tuple[float, float]:
    port = free_port()
    made.forget_boot()
    with Started(made.serve(port)) as serving, Started(made.bare_boot) as booting:
        wall = visit(port, made.root) - serving.begun
        booting.wait()
    return booting.cpu + serving.cpu, wall


def _caddy(rival: caddy.Caddy) -> tuple[float, float]:
    port = free_port()
    rival.forget_certificate()
    with rival.start(port) as serving:
        wall = visit(port, rival.root) - serving.begun
    return serving.cpu, wall


def _floor(folder: Path, *texts: str) -> tuple[float, float]:
    runs = [finished([sys.executable, "-I", "-S", "-c", text], folder) for text in texts]
    return sum(run[0] for run in runs), sum(run[1] for run in runs)


def _print(times: dict[str, Times]) -> None:
    print(f"\nfirst verified handshake, {RUNS} interleaved runs each; ratios to Caddy, the bar is {BAR} in both")
    print(f"{'':15}  cpu ms  wall ms     cpu ratio (quartiles)    wall ratio (quartiles)")
    rival = times["Caddy"]
    for each in times.values():
        cpu, wall = statistics.median(each.cpu), statistics.median(each.wall)
        print(f"{each.name:15} {cpu:7.1f} {wall:8.1f}   {spread(each.cpu, rival.cpu):>23}"
              f"   {spread(each.wall, rival.wall):>23}")  # fmt: skip


if __name__ == "__main__":
    main()
