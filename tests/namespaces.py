"""Network namespaces with real interfaces: hosts of our own on this machine, for one test each."""

from __future__ import annotations

import ctypes
import itertools
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tools import lacking

_CLONE_NEWNET = 0x40000000
_numbers = itertools.count()


@dataclass(frozen=True)
class Host:
    """A namespace; `device` is its interface on the test's link."""

    name: str
    device: str = "lan0"

    def ip(self, *words: str) -> None:
        """`ip` in this namespace."""
        subprocess.run(["ip", "-n", self.name, *words], check=True, capture_output=True)

    def inside(self, *words: str) -> list[str]:
        """A command, as one that runs in this namespace, with a host name of its own."""
        return ["ip", "netns", "exec", self.name, "unshare", "--uts", *words]

    def connected(self, address: tuple[str, int], seconds: float) -> socket.socket:
        """A connection from here, for this process to use. Raises OSError."""
        return self._made(lambda: socket.create_connection(address, seconds))

    def listening(self, address: tuple[str, int]) -> socket.socket:
        """A listener in here, for this process to use. Raises OSError."""
        return self._made(lambda: socket.create_server(address))

    def _made(self, make: Callable[[], socket.socket]) -> socket.socket:
        # A socket stays where it was made. A thread of its own goes there (setns(2)), and never comes back.
        def enter() -> socket.socket:
            with open(f"/run/netns/{self.name}") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            return make()

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(enter).result()


@contextmanager
def host() -> Iterator[Host]:
    """One host with an interface that is up and has nothing at its other end but a silent peer."""
    with _namespace() as name:
        made = Host(name)
        made.ip("link", "add", made.device, "type", "veth", "peer", "name", "far0")
        made.ip("link", "set", "far0", "up")
        made.ip("link", "set", made.device, "up")
        yield made


@contextmanager
def neighbours() -> Iterator[tuple[Host, Host]]:
    """Two hosts on one link, 10.9.0.1 and 10.9.0.2."""
    with _namespace() as one, _namespace() as other:
        first, second = Host(one), Host(other)
        first.ip("link", "add", first.device, "type", "veth", "peer", "name", second.device, "netns", other)
        for number, each in enumerate((first, second), start=1):
            each.ip("addr", "add", f"10.9.0.{number}/24", "dev", each.device)
            each.ip("link", "set", each.device, "up")
        yield first, second


@contextmanager
def _namespace() -> Iterator[str]:
    name = f"dotlocal-{os.getpid()}-{next(_numbers)}"
    try:
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        lacking(f"network namespaces need root and iproute2: {error}")
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)
