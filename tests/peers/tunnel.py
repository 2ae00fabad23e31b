"""A proxy on loopback that lets a browser believe it reaches any host, while every byte goes to 127.0.0.1."""

from __future__ import annotations

import ipaddress
import socket
import threading
from contextlib import suppress

Host = str | ipaddress.IPv4Address | ipaddress.IPv6Address
PATIENCE_SECONDS = 20.0


class Tunnel:
    """Takes `CONNECT host:port` for the one target of the moment, and refuses everything else that a browser tries."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=32)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._target: tuple[Host, int] | None = None
        self.port: int = self._listener.getsockname()[1]
        self._thread.start()

    def lead(self, host: str, port: int) -> None:
        """From now on let through what goes to `host`:`port`, and only that."""
        self._target = (_host(host), port)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(browser,), daemon=True).start()

    def _carry(self, browser: socket.socket) -> None:
        with browser, suppress(OSError):
            browser.settimeout(PATIENCE_SECONDS)
            asked = _asked(browser)
            if asked is None or asked != self._target:
                browser.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", asked[1]), timeout=PATIENCE_SECONDS) as server:
                browser.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_pump, args=(server, browser), daemon=True)
                back.start()
                _pump(browser, server)
                back.join(PATIENCE_SECONDS)


def _asked(browser: socket.socket) -> tuple[Host, int] | None:
    """Where a browser wants to go, once the whole head of its request has arrived; None if it is not by CONNECT."""
    head = b""
    while b"\r\n\r\n" not in head:
        more = browser.recv(4096)
        if not more:
            return None
        head += more
    method, target, _ = head.decode("latin-1").split(" ", 2)
    host, _, port = target.rpartition(":")
    return (_host(host.strip("[]")), int(port)) if method == "CONNECT" else None


def _host(text: str) -> Host:
    """Addresses by value: a browser writes ::ffff:8.8.8.8 as ::ffff:808:808."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return text


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
