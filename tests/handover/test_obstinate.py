"""Servers and commands that hang, flood, linger or answer with something else: each hand-over ends in time, and says
what there was.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EPERM
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pytest
from handed_device import Device
from own_server import by_command, codes, tls_server
from restless import wait_until
from web_servers import unused_port

from dotlocal.core.errors import Refused
from dotlocal.device.configuration import parse
from dotlocal.device.context import ssl_context
from dotlocal.device.handover import processes
from dotlocal.device.serve.tls import contexts

SECONDS = 2
IN_TIME = SECONDS + 3  # and the boot before it


def failed(device: Device) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `handover` and its one finding say after a boot whose hand-over failed in time."""
    began = time.monotonic()
    report = device.boot(fine=False)
    assert time.monotonic() - began < IN_TIME
    assert report["handover"]["outcome"] == "failed"
    assert codes(report) == ["handover-failed"]
    assert device.status == report
    (finding,) = (each for each in report["findings"] if each["code"] == "handover-failed")
    assert finding["hint"]
    return report["handover"], finding


@contextmanager
def silent() -> Iterator[int]:
    """Its kernel accepts for it, and it says nothing, as one that was stopped."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_a_server_that_says_nothing(device: Device) -> None:
    """Neither the handshake nor the look before it is waited for longer than `seconds`."""
    with silent() as port:
        device.configure(by_command(port, "true", seconds=SECONDS))
        handed, finding = failed(device)
    assert handed["serial_served"] == handed["names_serial_served"] == ""
    assert f"no TLS at 127.0.0.1 port {port}" in finding["message"]
    assert "handover.connect" in finding["hint"]


@pytest.mark.parametrize("server", ["haproxy", "caddy"])
def test_a_server_whose_socket_says_nothing(server: str, device: Device, tmp_path: Path) -> None:
    """HAProxy and Caddy while they are stopped: the same."""
    path = tmp_path / "admin.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        device.configure(
            f'[handover]\nserver = "{server}"\nsocket = "{path}"\nconnect = "127.0.0.1:{unused_port()}"\n'
            f"seconds = {SECONDS}\n"
        )
        _, finding = failed(device)
    assert str(path) in finding["message"]


def test_a_server_at_another_port(device: Device, tmp_path: Path) -> None:
    """A running one, told, that serves elsewhere: where it was looked for is said, and which key says so."""
    path, port = tmp_path / "admin.sock", unused_port()
    with answering(path, device):
        device.configure(
            f'[handover]\nserver = "haproxy"\nsocket = "{path}"\nconnect = "127.0.0.1:{port}"\nseconds = {SECONDS}\n'
        )
        _, finding = failed(device)
    assert f"no TLS at 127.0.0.1 port {port}: Connection refused" in finding["message"]
    assert "handover.connect" in finding["hint"]


@contextmanager
def answering(path: Path, device: Device) -> Iterator[None]:
    """A stats socket that takes everything."""
    bundles = "".join(f"{device.run}/current/{name}\n" for name in ("bundle.pem", "names-bundle.pem"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        shows = connection.recv(1 << 16).startswith(b"show")
                        connection.sendall(bundles.encode() if shows else b"Success! Transaction created")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def test_somebody_elses_certificate(device: Device) -> None:
    """Both serial numbers are told: the one that is served, and the one that should be."""
    old = device.status
    with tls_server(contexts(device.run / os.readlink(device.run / "current"), kind=ssl.SSLContext)) as port:
        device.configure(by_command(port, "true", seconds=SECONDS))
        handed, finding = failed(device)
    assert (handed["serial_served"], handed["names_serial_served"]) == (old["serial"], old["names_serial"])
    assert f"serves certificate {old['serial']}, not {device.status['serial']}" in finding["message"]


class Alternating(ssl.SSLContext):
    """Two servers at one port, of which now the one answers and now the other: the old one every seventh time."""

    def __new__(cls, following: ssl.SSLContext, old: ssl.SSLContext) -> Alternating:
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made.following, made.old, made.count = following, old, 0  # type: ignore[attr-defined]
        return made

    def wrap_socket(self, sock: socket.socket, *places: object, **words: object) -> ssl.SSLSocket:
        self.count += 1  # type: ignore[attr-defined]
        context: ssl.SSLContext = self.following if self.count % 7 else self.old  # type: ignore[attr-defined]
        return context.wrap_socket(sock, server_side=True)


def test_two_instances_of_which_one_keeps_the_old_set(device: Device) -> None:
    """Four looks in a row may all have met the new one: after each that has met the old one, twice as many must."""
    old = contexts(device.run / os.readlink(device.run / "current"), kind=ssl.SSLContext)
    with tls_server(Alternating(ssl_context(device.run), old)) as port:
        device.configure(by_command(port, "true", seconds=SECONDS))
        _, finding = failed(device)
    assert "another process" in finding["hint"]


def test_an_ipv6_address(device: Device) -> None:
    """In brackets, as everywhere."""
    with tls_server(ssl_context(device.run), "::1") as port:
        device.configure(by_command(port, "true", host="[::1]"))
        assert device.boot()["handover"]["outcome"] == "served"


@pytest.mark.parametrize(
    "connect", ["/run/web.sock", "unix:/run/web.sock", "/run/web.sock:443", "press..local:443", "a\\u0000b:443"]
)
def test_a_place_that_is_none_is_refused_by_the_keys_name(connect: str) -> None:
    """A Unix socket serves no browser; what no resolver takes would be found out at each boot."""
    with pytest.raises(Refused) as caught:
        parse(f'[handover]\nserver = "nginx"\nconnect = "{connect}"\n'.encode(), "device.toml")
    assert (caught.value.code, "handover.connect" in str(caught.value)) == ("endpoint", True)
    assert caught.value.hint


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_command_that_is_no_program(device: Device, tmp_path: Path, mode: int) -> None:
    """Not executable, or not anything that can be executed."""
    program = tmp_path / "reload"
    program.write_bytes(b"\x00\x01")
    program.chmod(mode)
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, str(program), seconds=SECONDS))
        _, finding = failed(device)
    assert f"`{program}` can't be run" in finding["message"]
    assert "executable" in finding["hint"]


def test_a_command_with_a_nul_in_it(device: Device) -> None:
    """TOML can say one; no program can be given it."""
    with tls_server(ssl_context(device.run)) as port:
        device.configure(by_command(port, "true", "a\0b", seconds=SECONDS))
        failed(device)


def test_a_command_that_never_ends_has_taken_all_of_the_time(device: Device, tmp_path: Path) -> None:
    """It, and what it started, are killed; a second one isn't tried."""
    child = tmp_path / "child"
    with tls_server(ssl_context(device.run)) as port:
        device.configure(
            by_command(port, "sh", "-c", f"sleep 600 & echo $! > {child}; echo so far; wait", seconds=SECONDS)
        )
        _, finding = failed(device)
    assert "took longer than 2 s: so far" in finding["message"]
    assert "handover.seconds" in finding["hint"]
    wait_until(lambda: not alive(int(child.read_text())))


def test_a_command_that_may_not_be_ended_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sudo`, for one who isn't root: what is said is that it took too long."""
    pids: list[int] = []

    def refused(group: int, number: int) -> None:
        pids.append(group)
        raise PermissionError(EPERM, os.strerror(EPERM))

    with monkeypatch.context() as patched, pytest.raises(Refused) as caught:
        patched.setattr(os, "killpg", refused)
        processes.run(["sleep", "60"], 0.2)
    os.killpg(pids[0], SIGKILL)
    assert "took longer than 0.2 s" in str(caught.value)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def test_a_command_that_prints_megabytes(tmp_path: Path) -> None:
    """All of it is taken, and nothing kept but the last words: a device has no memory for the rest."""
    kept = tmp_path / "kept"
    flood = f"head -c 50000000 /dev/zero | tr '\\0' x; stat -L -c %s /proc/self/fd/2 > {kept}; echo; echo last words"
    processes.run(["sh", "-c", flood], 20)
    assert int(kept.read_text()) <= 1 << 16
    with pytest.raises(Refused) as caught:
        processes.run(["sh", "-c", f"{flood}; exit 3"], 20)
    assert str(caught.value).endswith("last words (handover-command)")
    assert len(str(caught.value)) < 1000


def test_a_command_that_prints_for_ever() -> None:
    """Until its time is over."""
    with pytest.raises(Refused) as caught:
        processes.run(["yes"], 0.5)
    assert "took longer than 0.5 s" in str(caught.value)


def test_a_daemon_that_keeps_our_pipes_lives_on(tmp_path: Path) -> None:
    """It writes more than anybody will ever read; neither a signal ends it, nor does it wait for us."""
    go, done = tmp_path / "go", tmp_path / "done"
    os.mkfifo(go)
    script = (
        f"(read -r _ < {go}; for i in $(seq 5000); do echo $i a line that nobody reads any more; done; echo > {done}) &"
    )
    processes.run(["sh", "-c", script], 5)
    go.write_text("\n")
    wait_until(done.exists)
