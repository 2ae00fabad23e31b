"""A small HTTP server for strangers: few connections, little memory, and an end to each of them.

One loop, which sleeps until a socket is ready or the earliest deadline has come: with no connection open nothing wakes
it. It is no general server, and must not become one: what a device has besides these pages has a server of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM
from math import inf

from dotlocal.device.help.connection import Certificates, Connection, Respond
from dotlocal.device.serve.endpoint import READ, Poll
from dotlocal.device.serve.listener import Listener
from dotlocal.device.serve.notices import Notices

MOST = 48  # connections at once; a page takes three
_BURST = 16
_BACKLOG = 32
_RECOVERY_SECONDS = 1.0
_EXHAUSTED = frozenset((EMFILE, ENFILE, ENOBUFS, ENOMEM))
_STOP = object()


@dataclass(frozen=True, slots=True)
class Door:
    """A bound socket, what answers behind it, and the certificate to show there, where TLS is spoken at all."""

    listener: Listener
    respond: Respond
    certificate: Certificates | None = None


class Front:
    """Serves until `end`. Nothing that a client does ends it."""

    __slots__ = ("_clock", "_connections", "_doors", "_end", "_notices", "_paused_until", "_poll")

    def __init__(self, doors: Sequence[Door], *, notices: Notices, clock: Callable[[], float]) -> None:
        """Listens from now on; the sockets stay the caller's. `clock` gives monotonic seconds."""
        self._doors = doors
        self._notices = notices
        self._clock = clock
        self._poll = Poll()
        self._connections: dict[Connection, None] = {}  # in the order in which they began
        self._paused_until = inf  # when to accept again; inf while accepting
        self._end = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        for door in doors:
            door.listener.listen(_BACKLOG)

    def end(self) -> None:
        """Have `run` return, from any thread."""
        os.eventfd_write(self._end, 1)

    def run(self, stop: int | None = None) -> None:
        """Serve until the end, or until the descriptor `stop` is readable."""
        for descriptor in (self._end, *([stop] if stop is not None else [])):
            self._poll.want(descriptor, _STOP, READ)
        self._listen(READ)
        try:
            while self._turn():
                pass
        finally:
            for connection in self._connections:
                connection.abort()
            self._poll.close()

    def close(self) -> None:
        """Give its own descriptor back, after `run`."""
        os.close(self._end)

    def _listen(self, interest: int) -> None:
        for door in self._doors:
            self._poll.want(door.listener.fileno(), door, interest)

    def _turn(self) -> bool:
        # Few enough to look at each: no order of deadlines has to be kept.
        due = min((connection.deadline for connection in self._connections), default=inf)
        due = min(due, self._paused_until)
        for owner, _ in self._poll.wait(None if due == inf else max(0.0, due - self._clock())):
            if owner is _STOP:
                return False
            if isinstance(owner, Door):
                self._accept(owner, self._clock())
            elif isinstance(owner, Connection):
                self._advance(owner, self._clock())
        now = self._clock()
        if now >= self._paused_until:
            self._paused_until = inf
            self._listen(READ)
        for connection in [each for each in self._connections if each.deadline <= now]:
            self._drop(connection)
        return True

    def _advance(self, connection: Connection, now: float) -> None:
        try:
            connection.advance(now)
        except Exception as error:  # a fault of ours in one connection must not end all the others
            self._notices.rarely("help", f"error: a request for help failed: {type(error).__name__}: {error}")
            connection.abort()
        if connection.closed:
            self._connections.pop(connection, None)

    def _drop(self, connection: Connection) -> None:
        connection.abort()
        self._connections.pop(connection, None)

    def _accept(self, door: Door, now: float) -> None:
        for _ in range(_BURST):
            try:
                accepted, address = door.listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._notices.rarely("help full", f"warning: no connection for help: {error.strerror}")
                    self._listen(0)
                    self._paused_until = now + _RECOVERY_SECONDS
                    return
                continue  # an error of that one connection, which accept(2) hands on
            if len(self._connections) >= MOST:
                self._drop(self._greediest())
            connection = Connection(accepted, str(address[0]), door.respond, door.certificate, poll=self._poll, now=now)
            self._connections[connection] = None

    def _greediest(self) -> Connection:
        # One client with all the connections can only push itself out, and many of them the oldest first.
        counted = Counter(connection.client for connection in self._connections)
        most = max(counted.values())
        return next(connection for connection in self._connections if counted[connection.client] == most)
