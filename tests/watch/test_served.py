"""`serve` beside `watch`: what a visitor from another host is *served* follows the device's addresses, soon.

Both as processes of their own, on an interface of a host of their own, with the visitor at the other end of the link.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from followers import PATIENCE, SOON, Follower, following

from installed import Command
from namespaces import Host, neighbours
from told import Told, retell

_PORT, _BEHIND = 443, 8080
_BLOCK = bytes(range(256)) * 64
_PAUSE = 0.02  # between blocks: the download goes on for as long as the test churns


@dataclass
class Device:
    """A device that watches and serves, seen from the host beside it."""

    told: Told
    watched: Follower
    at: Host
    visitor: Host
    behind: _BackEnd

    def visit(self, host: str, at: str = "") -> tuple[str, ssl.SSLSocket]:
        """A verified connection to an address, by that address or for a name: the served serial number, and it."""
        context = ssl.create_default_context(cafile=str(self.told.root))
        connection = self.visitor.connected((at or host, _PORT), PATIENCE)
        try:
            secured = context.wrap_socket(connection, server_hostname=host)
        except (OSError, ssl.SSLError):
            connection.close()
            raise
        presented = secured.getpeercert()
        assert presented
        return str(presented["serialNumber"]).lower(), secured

    def accepted(self, host: str, at: str = "") -> bool:
        """Whether a browser with the root takes what is served there now."""
        try:
            self.visit(host, at)[1].close()
        except (OSError, ssl.SSLError):
            return False
        return True

    def soon(self, host: str, at: str = "") -> float:
        """Seconds until it does."""
        started = time.monotonic()
        while not self.accepted(host, at):
            assert time.monotonic() - started < PATIENCE, (host, self.watched.status)
            time.sleep(0.02)
        return time.monotonic() - started


@pytest.fixture
def device(dotlocal: Command, tmp_path: Path) -> Iterator[Device]:
    told = retell(tmp_path / "story", dotlocal)
    with neighbours() as (at, visitor), following(told, tmp_path, at) as watched, _serving(watched, at) as behind:
        for each, number in ((at, 1), (visitor, 2)):
            each.ip("addr", "add", f"fd00:9::{number}/64", "dev", each.device, "nodad")
            each.ip("route", "add", "10.0.0.0/8", "dev", each.device, "src", f"10.9.0.{number}")
        found = Device(told, watched, at, visitor, behind)
        found.soon("10.9.0.1")
        yield found


def test_the_served_certificate_follows_the_addresses(device: Device) -> None:
    """Added, changed, a second family: each served under its new address within two seconds, and the old name stays."""
    device.at.ip("addr", "add", "10.9.0.50/24", "dev", device.at.device)
    assert device.soon("10.9.0.50") < SOON
    device.at.ip("addr", "add", "fd00:9::50/64", "dev", device.at.device, "nodad")
    assert device.soon("fd00:9::50") < SOON
    assert device.accepted("press.local", at="10.9.0.1")
    device.at.ip("addr", "del", "10.9.0.50/24", "dev", device.at.device)
    device.at.ip("addr", "add", "10.9.0.51/24", "dev", device.at.device)
    assert device.soon("10.9.0.51") < SOON
    assert not device.accepted("10.9.0.50", at="10.9.0.1")


def test_open_connections_live_on_under_churn(device: Device) -> None:
    """A download, and a connection that is kept, through five bursts of fifty changes each: both are whole; after each
    burst every current address is served within two seconds.
    """
    first, kept = device.visit("10.9.0.1")
    kept.settimeout(PATIENCE)
    download = _Download(device)
    serials = {first}
    for burst in range(1, 6):
        device.watched.script(
            "number=1; while [ $number -le 25 ]; do\n"
            f"ip addr add 10.{burst}.0.$number/16 dev lan0\n"
            f"[ $number -gt 23 ] || ip addr del 10.{burst}.0.$number/16 dev lan0\n"
            "number=$((number + 1)); done"
        )
        waited = sum(device.soon(f"10.{each}.0.{last}") for each in range(1, burst + 1) for last in (24, 25))
        assert waited < SOON
        kept.sendall(b"GET /small HTTP/1.1\r\nHost: press.local\r\n\r\n")
        assert kept.recv(65536).endswith(b"small")
        serials.add(device.visit("10.9.0.1")[0])
    kept.close()
    assert len(serials) >= 6, "each burst brought another certificate"
    download.ends()


class _Download:
    """It goes on until the back end is told to come to an end; then it must have arrived as it was sent."""

    def __init__(self, device: Device) -> None:
        self._behind = device.behind
        _, self._connection = device.visit("10.9.0.1")
        self._connection.settimeout(PATIENCE)
        self._connection.sendall(b"GET /long HTTP/1.1\r\nHost: press.local\r\n\r\n")
        self._digest, self._size, self._failure = hashlib.sha256(), 0, ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while data := self._connection.recv(65536):
                self._digest.update(data)
                self._size += len(data)
        except (OSError, ssl.SSLError) as error:
            self._failure = repr(error)

    def ends(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._thread.is_alive() and self._size <= 100 * len(_BLOCK):  # quick churn is over before that
            assert time.monotonic() < deadline, self._size
            time.sleep(_PAUSE)
        self._behind.enough.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        assert self._failure == ""
        assert self._size > 100 * len(_BLOCK)
        assert self._digest.hexdigest() == self._behind.sent
        self._connection.close()


class _BackEnd:
    """The device's own web interface: a small page on kept connections, and a download that ends when told to."""

    def __init__(self, at: Host) -> None:
        self.enough = threading.Event()
        self.sent = ""  # the hash of what was sent as the download
        self._listener = at.listening(("127.0.0.1", _BEHIND))
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self.enough.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=(self._listener.accept()[0],), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while request := connection.recv(65536):
                if request.startswith(b"GET /small"):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmall")
                    continue
                digest = hashlib.sha256()
                while not self.enough.is_set():
                    connection.sendall(_BLOCK)
                    digest.update(_BLOCK)
                    time.sleep(_PAUSE)
                self.sent = digest.hexdigest()
                return


@contextmanager
def _serving(watched: Follower, at: Host) -> Iterator[_BackEnd]:
    behind = _BackEnd(at)
    words = [str(watched.command.path), "device", "serve", "--listen", f":{_PORT}", "--to", f"127.0.0.1:{_BEHIND}"]
    command = at.inside(*words, "--run", f"{watched.folder}/run")
    process = subprocess.Popen(command, env=watched.command.env(), stderr=subprocess.DEVNULL)
    try:
        yield behind
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        behind.close()
