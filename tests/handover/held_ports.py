"""Stands in for systemd where it isn't process 1: holds the ports of a socket unit, and starts and restarts a service
as its drop-in says. `tests/systemd` does the same under the real one.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_INHERIT = """
import fcntl, os, sys
held = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 64) for each in sys.argv[1].split(",")]
for at, each in enumerate(held):
    os.dup2(each, 3 + at)  # sd_listen_fds(3)
os.environ["LISTEN_FDS"] = str(len(held))
os.closerange(3 + len(held), 1024)
os.execv(sys.argv[2], sys.argv[2:])
"""
_SYSTEMCTL = """#!{python} -IS
import socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({path!r})
    asked.sendall(sys.argv[1].encode())
    sys.exit(asked.recv(1)[0])
"""


def settings(unit: str, key: str) -> list[str]:
    """What a unit says for a key, line by line, continued lines joined."""
    return re.findall(rf"^{key}=(.*)$", unit.replace("\\\n", ""), re.M)


class Service:
    """A service with the ports that it is given; `alive` as long as its main process is."""

    def __init__(self, sockets: str, service: str, log: Path) -> None:
        (self._words,) = (shlex.split(each.replace("$$", "$")) for each in settings(service, "ExecStart") if each)
        assert settings(service, "KillMode") == ["process"]
        self._signal = signal.Signals[settings(service, "KillSignal")[0]]
        self._ports = [listen(each) for each in settings(sockets, "ListenStream")]
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []
        self.start()

    @property
    def alive(self) -> bool:
        return self._started[-1].poll() is None

    def start(self) -> None:
        numbers = [each.fileno() for each in self._ports]
        with self._log.open("ab") as log:
            self._started.append(subprocess.Popen(
                [sys.executable, "-IS", "-c", _INHERIT, ",".join(map(str, numbers)), *self._words],
                pass_fds=numbers, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
            ))  # fmt: skip

    def stop(self) -> None:
        """The main process alone: what it leaves behind lives on."""
        self._started[-1].send_signal(self._signal)
        self._started[-1].wait(15)

    def close(self) -> None:
        """Nothing is left of it."""
        for each in self._started:
            with suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()
        for port in self._ports:
            port.close()


def listen(place: str) -> socket.socket:
    """A port of a socket unit with BindIPv6Only=ipv6-only."""
    host, _, port = place.rpartition(":")
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if made.family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((host.strip("[]"), int(port)))
    made.listen(4096)
    return made


@contextmanager
def systemctl(service: Service, folder: Path) -> Iterator[None]:
    """`systemctl is-active` and `restart` of the PATH are about this service."""
    folder.mkdir()
    command, path = folder / "systemctl", f"{folder}/socket"
    command.write_text(_SYSTEMCTL.format(python=sys.executable, path=path))
    command.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def answer() -> None:
            with suppress(OSError):
                while True:
                    asked, _ = listener.accept()
                    with asked:
                        fine = service.alive
                        if asked.recv(64) == b"restart":
                            service.stop()
                            service.start()
                        asked.sendall(bytes((0 if fine else 3,)))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        before = os.environ["PATH"]
        os.environ["PATH"] = f"{folder}:{before}"
        try:
            yield
        finally:
            os.environ["PATH"] = before
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(20)
