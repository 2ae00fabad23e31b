"""Answering HTTP-01 (RFC 8555 8.3): by a listener of our own that is there only meanwhile, by files in a folder of the
web server that has port 80, or by a command of the integrator's.
"""

from __future__ import annotations

import http.client
import http.server
import os
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus

from dotlocal.core.errors import Refused
from dotlocal.device.acme.answer import words
from dotlocal.device.acme.challenge import HTTP_01, Pending
from dotlocal.device.acme.published import published
from dotlocal.device.serve import acme_http
from dotlocal.device.serve.acme_http import WELL_KNOWN
from dotlocal.device.serve.listener import bind
from dotlocal.device.store import Run
from dotlocal.host import files

_REQUEST_SECONDS = 5.0
_MOST_AT_A_TIME = 16
_HOOK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Listener:
    """Answers on a port of its own while challenges are pending, and at no other time. Where `device serve` has the
    port for its help pages, they answer.
    """

    listen: tuple[str, int] = ("", 80)
    run: Run | None = None
    reserved: socket.socket | None = None  # bound to `listen` already, and not listening
    kind: str = HTTP_01

    @contextmanager
    def answering(self, pending: Sequence[Pending]) -> Iterator[None]:
        """See Responder; refuses `acme-port-taken` and what `bind` does."""
        try:
            bound = self.reserved.dup() if self.reserved else _bound(self.listen)
            server = _Server(bound, {WELL_KNOWN + each.token: each.key_authorization for each in pending})
        except Refused as taken:
            if taken.code != "acme-port-taken" or self.run is None:
                raise
            with published(
                self.run, acme_http.FOLDER, {each.token: each.key_authorization.encode() for each in pending}
            ):
                for each in pending:
                    if not self._answered(each):
                        raise
                yield
            return
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            if self.reserved:
                bound.shutdown(socket.SHUT_RD)  # it is bound for the next time, and listens no more
            server.server_close()
            thread.join()

    def _answered(self, each: Pending) -> bool:
        """Whether the program that has the port answers for us."""
        host = self.listen[0] or "127.0.0.1"
        connection = http.client.HTTPConnection(host, self.listen[1], timeout=_REQUEST_SECONDS)
        try:
            connection.request("GET", WELL_KNOWN + each.token)
            return connection.getresponse().read(1024) == each.key_authorization.encode()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Webroot:
    """Puts the answers where the device's own web server finds them, below `folder`/.well-known/acme-challenge."""

    folder: str
    kind: str = HTTP_01

    @contextmanager
    def answering(self, pending: Sequence[Pending]) -> Iterator[None]:
        """See Responder; refuses `file-unwritable`."""
        below = os.path.join(self.folder, WELL_KNOWN.strip("/"))
        files.folder(below)
        paths = [os.path.join(below, each.token) for each in pending]
        try:
            for path, each in zip(paths, pending, strict=True):
                files.write(path, each.key_authorization.encode())
            yield
        finally:
            for path in paths:
                files.remove(path)


@dataclass(frozen=True, slots=True)
class Hook:
    """Has a command put the answers where they are found: `set` or `clear`, identifier, token, answer.

    No shell is asked; the identifier and the token are checked, so that no word can be taken for an option.
    """

    command: tuple[str, ...]
    kind: str = HTTP_01

    @contextmanager
    def answering(self, pending: Sequence[Pending]) -> Iterator[None]:
        """See Responder; refuses `acme-hook` when a `set` does not end with 0."""
        begun: list[Pending] = []
        try:
            for each in pending:
                begun.append(each)
                self._run("set", each)
            yield
        finally:
            for each in begun:
                try:
                    self._run("clear", each)
                except Refused:
                    pass  # what is left over is public and proves nothing any more

    def _run(self, verb: str, each: Pending) -> None:
        command = [*self.command, verb, each.identifier.text, each.token, each.key_authorization]
        try:
            ran = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                timeout=_HOOK_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            reason = error.strerror if isinstance(error, OSError) else f"not done within {_HOOK_SECONDS} seconds"
            raise self._failed(verb, str(reason).lower()) from None
        if ran.returncode:
            raise self._failed(verb, f"status {ran.returncode}, {words(ran.stdout.decode('utf-8', 'replace'))}")

    def _failed(self, verb: str, reason: str) -> Refused:
        return Refused(
            "acme-hook", f"the hook {self.command[0]} {verb} failed: {reason}", hint="run it by hand with these words",
            facts={"temporary": True},
        )  # fmt: skip


class _Server(http.server.ThreadingHTTPServer):
    """Plain HTTP for as long as challenges are pending; few connections, short ones."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, bound: socket.socket, answers: Mapping[str, str]) -> None:
        super().__init__(("", 0), _Request, bind_and_activate=False)
        self.socket.close()  # of one family, where ours takes both
        self.answers = answers
        self._room = threading.BoundedSemaphore(_MOST_AT_A_TIME)
        self.socket = bound
        self.server_activate()

    def process_request(self, request: object, client_address: object) -> None:
        """In a thread of its own; those that are too many are turned away."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]  # the socket that socketserver hands us
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]  # the same

    def process_request_thread(self, request: object, client_address: object) -> None:
        """See ThreadingMixIn. A client that sends an octet just before each timeout loses its place all the same."""
        due = threading.Timer(_REQUEST_SECONDS, self._end, (request,))
        due.daemon = True
        due.start()
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]  # the same
        finally:
            due.cancel()
            self._room.release()

    def _end(self, request: socket.socket) -> None:
        with suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: these are clients that went away."""


class _Request(http.server.BaseHTTPRequestHandler):
    """GET of a pending answer; nothing else is here, and nothing tells what this device is."""

    timeout = _REQUEST_SECONDS
    server_version, sys_version = "", ""
    server: _Server

    def do_GET(self) -> None:
        """The answer, or 404."""
        found = self.server.answers.get(self.path)
        body = (found or "").encode()
        self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class's name for it
        """Nothing: what strangers ask for is not worth a log."""


def _bound(listen: tuple[str, int]) -> socket.socket:
    try:
        return bind(listen).high_level()
    except Refused as refused:
        if refused.code != "address-in-use":
            raise
        raise Refused(
            "acme-port-taken", f"http-01 can't be answered: {refused.message}",
            hint="--webroot DIR names a folder of the web server that has the port; --hook CMD asks a command of yours",
            facts={"temporary": True},
        ) from None  # fmt: skip
