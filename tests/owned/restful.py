"""The device's own server over its run directory, and a client that asks it all the time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from customer import NAME

from dotlocal.device.context import ssl_context

_PATIENCE = 10.0


@contextmanager
def serving(run: Path) -> Iterator[int]:
    """A server by `ssl_context`, which follows run/current; yields its port."""
    context = ssl_context(run, say=lambda _: None)
    listener = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def accept() -> None:
        while not ending.is_set():
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(plain,), daemon=True).start()

    def answer(plain: socket.socket) -> None:
        plain.settimeout(_PATIENCE)
        try:
            with plain, context.wrap_socket(plain, server_side=True) as secured:
                secured.recv(4096)
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        except OSError:
            return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        ending.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(_PATIENCE)


class Restless:
    """Opens one connection after the other, verified against a root; `seen` are the certificates that came."""

    def __init__(self, port: int, root: x509.Certificate) -> None:
        self._address = ("127.0.0.1", port)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._root = root.public_bytes(Encoding.PEM).decode()
        self.answered = 0
        self.seen: set[bytes] = set()
        self.problems: list[str] = []

    def __enter__(self) -> Restless:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(_PATIENCE)

    def wait(self, answers: int) -> None:
        """Until so many have come."""
        deadline = time.monotonic() + _PATIENCE
        while self.answered < answers and time.monotonic() < deadline:
            time.sleep(0.005)
        assert self.answered >= answers, self.problems

    def _ask(self) -> None:
        context = ssl.create_default_context(cadata=self._root)
        while not self._ending.is_set():
            try:
                with (
                    socket.create_connection(self._address, timeout=_PATIENCE) as plain,
                    context.wrap_socket(plain, server_hostname=NAME) as secured,
                ):
                    secured.sendall(b"GET / HTTP/1.1\r\nHost: press\r\n\r\n")
                    if not secured.recv(4096).startswith(b"HTTP/1.1 200"):
                        self.problems.append("no answer")
                    self.seen.add(secured.getpeercert(binary_form=True) or b"")
                self.answered += 1
            except OSError as error:
                self.problems.append(f"{error}")
            time.sleep(0.01)
