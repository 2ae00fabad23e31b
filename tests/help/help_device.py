"""A device of the story that offers help pages, and what a stranger can send to it."""

from __future__ import annotations

import itertools
import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotlocal.device.boot import Options
from installed import Command
from told import Told

HOST = "press-07.local"
NONCE = "0123456789abcdef" * 2
PATIENCE = 20.0
SETTINGS = """
hostnames = ["press-07.local", "press_7.local", "press.example.com"]
addresses = ["192.168.77.7", "203.0.113.9"]
[serve]
listen = "127.0.0.1:0"
folder = "{www}"
http_listen = "127.0.0.1:0"
probe_listen = "127.0.0.1:0"
"""


@dataclass(frozen=True)
class Ports:
    """Where a service has what."""

    https: int
    pages: int
    probe: int
    pid: int


class Device:
    """press-07 with a folder as its web interface."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.path = told.device("07")
        self.root = told.root
        self.run = self.path / "run"
        self.config = self.path / "device.toml"
        self._booted = ""

    @property
    def command(self) -> Command:
        return self.told.command

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.run / "current" / "status.json").read_text())
        return found

    def configure(self, more: str = "") -> None:
        www = self.path / "www"
        www.mkdir(exist_ok=True)
        (www / "index.html").write_text("<p>the device's own pages</p>")
        self.config.write_text(SETTINGS.format(www=www) + more)

    def boot(self) -> None:
        self.told.boot("07")
        self._booted = self.config.read_text()

    @property
    def options(self) -> Options:
        options = Options()
        options.state, options.run, options.config = str(self.path / "state"), str(self.run), str(self.config)
        options.config_named = True
        return options

    def settle(self) -> None:
        """Have it be as configured here, whatever the test before has made of it."""
        self.configure()
        if self._booted != self.config.read_text():
            self.boot()

    @contextmanager
    def served(self, *words: str) -> Iterator[Ports]:
        """`device serve` with what device.toml says."""
        run = ["--run", str(self.run), "--config", str(self.config)]
        server = self.command.start("device", "serve", *run, *words)
        try:
            yield _ports(server.stderr, server.pid)
        finally:
            server.terminate()
            server.wait(timeout=PATIENCE)
            for pipe in (server.stdout, server.stderr):
                if pipe:
                    pipe.close()


def _ports(stderr: Any, pid: int) -> Ports:
    told, found = "", {}
    while "serving https" not in found and (line := stderr.readline().decode()):
        told += line
        if port := re.search(r"(serving https|help pages|the probe) on \S+ port (\d+)", line):
            found[port[1]] = int(port[2])
    assert "serving https" in found, told
    return Ports(found["serving https"], found.get("help pages", 0), found.get("the probe", 0), pid)


@dataclass(frozen=True)
class Got:
    """An answer, taken apart."""

    status: int
    fields: dict[str, str]
    body: bytes


def got(answer: bytes) -> Got:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return Got(int(first.split()[1]), {name.lower(): value.strip() for name, _, value in (
        line.partition(":") for line in lines)}, body)  # fmt: skip


_NEWCOMERS = itertools.count(1)


def newcomer() -> tuple[str, int]:
    """An address of loopback that nobody came from before: what others have spent doesn't count against it."""
    high, low = divmod(next(_NEWCOMERS), 250)
    return f"127.1.{high}.{low + 1}", 0


def exchange(
    port: int, request: bytes, tls: ssl.SSLContext | None = None, source: tuple[str, int] | None = None
) -> bytes:
    """Send octets, and take what comes until the end; what a broken connection left is what came."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE, source) as connection:
        secured = tls.wrap_socket(connection, server_hostname=HOST) if tls else connection
        answer = bytearray()
        with suppress(ConnectionError):
            secured.sendall(request)
            while more := secured.recv(65536):
                answer += more
        return bytes(answer)


def get(
    port: int, target: str = "/", *, tls: ssl.SSLContext | None = None, method: str = "GET",
    source: tuple[str, int] | None = None, **fields: str,
) -> Got:  # fmt: skip
    """One request; `host` is the device's unless said otherwise."""
    sent = {
        "host": f"{HOST}:{port}",
        "connection": "close",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return got(exchange(port, f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"), tls, source))


def trusting(root: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(root))


def careless() -> ssl.SSLContext:
    """A client that lets every certificate pass."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
