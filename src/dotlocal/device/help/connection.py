"""One client of the help pages or of the probe: one request, one answer, and nothing more, within its time.

It never waits and never raises for what a client does. Whoever sends a head too slowly, takes the answer too slowly or
doesn't end the connection is dropped at the deadline.
"""

from __future__ import annotations

import ssl
from _socket import MSG_NOSIGNAL, SHUT_WR, socket
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

from dotlocal.device.help.probe_set import Shown
from dotlocal.device.serve.endpoint import READ, WRITE, Poll
from dotlocal.device.web import http
from dotlocal.device.web.http import Answer, Request

_CHUNK = 4096
_HANDSHAKE = 0x16  # the first octet of a TLS client (RFC 8446 5.1); that of a request is a letter
_MOST_LINGERED = 65536  # octets behind a request that are swallowed, so that the answer isn't torn by a reset

Certificates = Callable[[str], Shown | None]  # for a client's address
Respond = Callable[[Request, Shown | None, str], Answer]  # the last is the client's address


class Phase(Enum):
    """What is being waited for; the values are seconds."""

    READING = auto()
    ANSWERING = auto()
    LINGERING = auto()


_SECONDS = {Phase.READING: 10.0, Phase.ANSWERING: 20.0, Phase.LINGERING: 2.0}


class Connection:
    """`advance` when its socket is ready, `abort` after `deadline`, until `closed`."""

    __slots__ = (
        "_certificate", "_head", "_incoming", "_outgoing", "_phase", "_poll", "_respond", "_secured", "_shaken",
        "_since", "_socket", "_swallowed", "_tls", "_waiting", "begun", "client", "closed",
    )  # fmt: skip

    def __init__(
        self, connection: socket, client: str, respond: Respond, certificate: Certificates | None, *, poll: Poll,
        now: float,
    ) -> None:  # fmt: skip
        """Takes the accepted connection over. `certificate` where TLS may be spoken, asked for when it is."""
        connection.setblocking(False)
        self._socket = connection
        self._respond = respond
        self._certificate = certificate
        self._poll = poll
        self._tls: ssl.SSLObject | None = None
        self._secured: Shown | None = None
        self._shaken = False
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._head = bytearray()
        self._waiting = bytearray()
        self._swallowed = 0
        self._phase, self._since = Phase.READING, now
        self.client = client
        self.begun = now
        self.closed = False
        poll.want(connection.fileno(), self, READ)

    @property
    def deadline(self) -> float:
        """When it has had its time."""
        return self._since + _SECONDS[self._phase]

    def advance(self, now: float) -> None:
        """Do all that can be done now."""
        try:
            if self._phase is Phase.READING:
                self._read(now)
            elif self._phase is Phase.LINGERING:
                self._swallow()
            if self._waiting:
                self._send()
            if self._phase is Phase.ANSWERING and not self._waiting:
                self._socket.shutdown(SHUT_WR)
                self._turn_to(Phase.LINGERING, now)
        except OSError:  # ssl.SSLError is one: refused certificates, garbage, and clients that are gone
            self._part()
        if not self.closed:
            reading = self._phase is not Phase.ANSWERING
            self._poll.want(self._socket.fileno(), self, READ * reading + WRITE * bool(self._waiting))

    def abort(self) -> None:
        """Break it off."""
        if not self.closed:
            self.closed = True
            self._poll.want(self._socket.fileno(), self, 0)
            self._socket.close()

    def _part(self) -> None:
        with suppress(OSError):  # an alert helps those who have to find out why
            self._socket.send(self._outgoing.read(), MSG_NOSIGNAL)
        self.abort()

    def _turn_to(self, phase: Phase, now: float) -> None:
        self._phase, self._since = phase, now

    def _receive(self) -> bytes | None:
        try:
            return self._socket.recv(_CHUNK)
        except BlockingIOError:
            return None

    def _read(self, now: float) -> None:
        arrived = self._receive()
        if arrived is None:
            return
        if not arrived:
            self.abort()
            return
        if self._tls is None and not self._head and arrived[0] == _HANDSHAKE:
            self._secured = self._certificate(self.client) if self._certificate else None
            if self._secured is None:
                self.abort()
                return
            self._tls = self._secured.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        if self._tls:
            self._decrypt(self._tls, arrived)
        else:
            self._head += arrived
        self._judge(now)

    def _decrypt(self, tls: ssl.SSLObject, arrived: bytes) -> None:
        self._incoming.write(arrived)
        try:
            if not self._shaken:
                tls.do_handshake()
                self._shaken = True
            while len(self._head) < http.MOST_OCTETS:
                plain = tls.read(_CHUNK)
                if not plain:
                    break
                self._head += plain
        except ssl.SSLWantReadError:
            pass
        self._waiting += self._outgoing.read()

    def _judge(self, now: float) -> None:
        try:
            if not http.whole(self._head):
                return
            request = http.parse(bytes(self._head))
            answer = http.encode(self._respond(request, self._secured, self.client), head_only=request.method == "HEAD")
        except http.Bad as bad:
            answer = http.encode(http.failure(bad.status))
        if self._tls:
            self._tls.write(answer)
            with suppress(ssl.SSLWantReadError):  # the client's own close_notify is not waited for
                self._tls.unwrap()
            answer = self._outgoing.read()
        self._waiting += answer
        self._turn_to(Phase.ANSWERING, now)

    def _swallow(self) -> None:
        arrived = self._receive()
        if arrived is None:
            return
        self._swallowed += len(arrived)
        if not arrived or self._swallowed > _MOST_LINGERED:
            self.abort()

    def _send(self) -> None:
        try:
            sent = self._socket.send(self._waiting, MSG_NOSIGNAL)
        except BlockingIOError:
            return
        del self._waiting[:sent]
