"""A small HTTP server for the pages in stand-alone use: on this machine alone, behind whatever ends TLS.

A thread for each of a few connections, one request on each, an end to all of them: 10 seconds for a head, 60 for a
body, 20 to take the answer. When there are too many, the client that has most of them loses its oldest.
"""

from __future__ import annotations

import io
import os
import select
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import unquote_to_bytes

from dotlocal.device.own_pages import link, proxied
from dotlocal.device.own_pages.app import Pages
from dotlocal.device.own_pages.link import Link
from dotlocal.device.web import http
from dotlocal.device.web.http import Answer, Request

MOST = 24
_HEAD_SECONDS, _BODY_SECONDS, _ANSWER_SECONDS, _LINGER_SECONDS = 10.0, 60.0, 20.0, 2.0
_MOST_LINGERED = 256 << 10
_CHUNK = 64 << 10
_STACK = 1 << 20


class Server:
    """Serves an application until `end`, or until there is an octet in the pipe whose descriptor `ending` is: for
    `signal.set_wakeup_fd`, since a signal that comes just before a system call, or to another thread, interrupts none.
    """

    def __init__(self, listener: socket.socket, app: Pages, *, speaks_proxy: bool, say: Callable[[str], None]) -> None:
        """Listens from now on; the socket stays the caller's. `speaks_proxy`: each connection begins with the PROXY
        protocol's header.
        """
        self._listener = listener
        self._app = app
        self._speaks_proxy = speaks_proxy
        self._say = say
        self._open: dict[_Connection, str] = {}
        self._lock = threading.Lock()
        self._end, self.ending = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        listener.setblocking(False)
        listener.listen(MOST)

    def run(self) -> None:
        """Accept until `end`."""
        threading.stack_size(_STACK)
        waiting = select.poll()
        for descriptor in (self._listener.fileno(), self._end):
            waiting.register(descriptor, select.POLLIN)
        while self._end not in dict(waiting.poll()):
            try:
                accepted, address = self._listener.accept()
            except OSError:
                continue  # gone already, or an error of that one connection, which accept(2) hands on
            client = str(address[0]) if isinstance(address, tuple) else ""
            connection = _Connection(accepted, client, self)
            with self._lock:
                if len(self._open) >= MOST:
                    self._greediest().abort()
                self._open[connection] = client
            threading.Thread(target=connection.serve, name="own pages", daemon=True).start()

    def end(self) -> None:
        """Have `run` return, from any thread."""
        with suppress(BlockingIOError):  # it is full of such wishes
            os.write(self.ending, b"\0")

    def respond(self, environ: dict[str, Any]) -> Answer:
        """The application's answer; a fault of ours is an error 500 and one line for the log."""
        try:
            return self._app.answer(environ)
        except (http.Bad, OSError):
            raise
        except Exception as error:
            self._say(f"error: a page failed: {type(error).__name__}: {error}")
            return http.failure(500)

    @property
    def speaks_proxy(self) -> bool:
        """Whether connections begin with the PROXY protocol's header."""
        return self._speaks_proxy

    def belongs_to(self, connection: _Connection, client: str) -> None:
        """Who it is has become known."""
        with self._lock:
            if connection in self._open:
                self._open[connection] = client

    def gone(self, connection: _Connection) -> None:
        """It has ended."""
        with self._lock:
            self._open.pop(connection, None)

    def _greediest(self) -> _Connection:
        counted = Counter(self._open.values())
        most = max(counted.values())
        found = next(connection for connection, client in self._open.items() if counted[client] == most)
        del self._open[found]
        return found


class _Connection:
    """One client, one request, one answer."""

    def __init__(self, accepted: socket.socket, client: str, server: Server) -> None:
        self._socket = accepted
        self._client = client
        self._server = server
        self._due = monotonic() + _HEAD_SECONDS
        self._before = bytearray()  # what was read beyond what it was read for

    def abort(self) -> None:
        """Break it off, from any thread: whoever waits on it wakes."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """From its first octet to its last."""
        try:
            with self._socket:
                self._exchange()
        except OSError:
            pass  # gone, or too slow
        finally:
            self._server.gone(self)

    def _exchange(self) -> None:
        head_only = False
        try:
            told = self._preamble() if self._server.speaks_proxy else None
            while not http.whole(self._before):
                self._before += self._wait(4096) or self._cut_off()
            head, _, rest = bytes(self._before).partition(b"\r\n\r\n")
            self._before = bytearray(rest)
            request = http.parse(head + b"\r\n\r\n", http.FORM_METHODS)
            head_only = request.method == "HEAD"
            self._due = monotonic() + _BODY_SECONDS
            answer = self._server.respond(self._environ(request, told))
        except http.Bad as bad:
            answer = http.failure(bad.status, methods=http.FORM_METHODS)
        except TimeoutError:
            answer = http.failure(408)
        self._due = monotonic() + _ANSWER_SECONDS
        self._send(http.encode(answer, head_only=head_only))

    def receive(self, most: int) -> bytes:
        """What comes next, b"" at the end; TimeoutError when the time for it is over."""
        if self._before:
            piece = bytes(self._before[:most])
            del self._before[:most]
            return piece
        return self._wait(most)

    def _wait(self, most: int) -> bytes:
        left = self._due - monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv(most)

    @staticmethod
    def _cut_off() -> bytes:
        raise ConnectionAbortedError

    def _preamble(self) -> Link:
        try:
            while not (size := proxied.whole(self._before)) or len(self._before) < size:
                self._before += self._wait(4096) or self._cut_off()
            told = proxied.parse(bytes(self._before[:size]))
        except proxied.Torn:
            raise http.Bad(400) from None
        del self._before[:size]
        self._server.belongs_to(self, told.client)
        return told

    def _environ(self, request: Request, told: Link | None) -> dict[str, Any]:
        # a field with an underscore would pass for the one with a hyphen
        fields = {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in request.fields.items()
            if "_" not in name and name not in ("content-type", "content-length")
        }
        known = {link.PROXY_KEY: told} if told else {}
        return {
            **fields, **known, "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "QUERY_STRING": request.query,
            "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"), "wsgi.url_scheme": "http",
            "REMOTE_ADDR": self._client, "CONTENT_TYPE": request.fields.get("content-type", ""),
            "CONTENT_LENGTH": request.fields.get("content-length", ""), "wsgi.input": io.BufferedReader(_Body(self)),
        }  # fmt: skip

    def _send(self, answer: bytes) -> None:
        rest = memoryview(answer)
        while rest:
            left = self._due - monotonic()
            if left <= 0:
                return
            self._socket.settimeout(left)
            rest = rest[self._socket.send(rest[:_CHUNK]) :]
        self._socket.shutdown(socket.SHUT_WR)
        # what is on its way still is taken, so that the answer isn't torn by a reset
        self._due, swallowed = monotonic() + _LINGER_SECONDS, 0
        self._before.clear()
        while swallowed < _MOST_LINGERED and (piece := self._wait(_CHUNK)):
            swallowed += len(piece)


class _Body(io.RawIOBase):
    """What follows a head, as a file."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """See RawIOBase."""
        piece = self._connection.receive(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
