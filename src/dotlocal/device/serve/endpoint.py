# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""Sockets that never wait, and the one place that waits for all of them.

An endpoint is registered with epoll only while something is wanted of it: epoll reports a hang-up even to those who
asked for nothing, and a connection held by back pressure would turn that into a busy loop.
"""

from __future__ import annotations

import posix as os
import sys
from _socket import (
    AF_UNIX,
    IPPROTO_TCP,
    MSG_NOSIGNAL,
    SHUT_WR,
    SO_ERROR,
    SO_KEEPALIVE,
    SO_LINGER,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_NODELAY,
    socket,
)
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, epoll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

READ = EPOLLIN
WRITE = EPOLLOUT

# Dead peers without a FIN (power cut, cable pulled) are found in four minutes instead of the system's two hours.
_KEEPALIVE = ((TCP_KEEPIDLE, 120), (TCP_KEEPINTVL, 30), (TCP_KEEPCNT, 4))
_RESET_ON_CLOSE = (1).to_bytes(4, sys.byteorder) + bytes(4)  # struct linger: on, for 0 seconds (socket(7))


class Poll:
    """Waits for any of its endpoints, level-triggered; without a timeout it sleeps until something happens."""

    __slots__ = ("_epoll", "_interests", "_owners")

    def __init__(self) -> None:
        self._epoll = epoll()
        self._owners: dict[int, object] = {}
        self._interests: dict[int, int] = {}

    def want(self, descriptor: int, owner: object, interest: int) -> None:
        """Have `owner` reported when the descriptor is ready for `interest`; 0 forgets it. Cheap when unchanged."""
        before = self._interests.get(descriptor, 0)
        if interest == before:
            return
        if not interest:
            self._epoll.unregister(descriptor)
            del self._interests[descriptor], self._owners[descriptor]
        elif before:
            self._epoll.modify(descriptor, interest)
            self._interests[descriptor] = interest
        else:
            self._epoll.register(descriptor, interest)
            self._interests[descriptor], self._owners[descriptor] = interest, owner

    def wait(self, seconds: float | None) -> Iterator[tuple[object, int]]:
        """Owners and what they are ready for; one that forgets its descriptor meanwhile isn't reported any more."""
        # Owners are looked up before the first is handled: a descriptor closed on the way may be another's by then.
        ready = [(fd, self._owners[fd], events) for fd, events in self._epoll.poll(seconds)]
        for descriptor, owner, events in ready:
            if self._owners.get(descriptor) is owner:
                yield owner, events

    def close(self) -> None:
        """Forget everything. The descriptors stay open: they are their owners'."""
        self._epoll.close()


class Endpoint:
    """One non-blocking socket of a relay. `moved` is when it last sent something, or last had nothing to send."""

    __slots__ = ("_descriptor", "_poll", "_socket", "interest", "moved", "owner")

    def __init__(self, connection: socket, owner: object, poll: Poll) -> None:
        connection.setblocking(False)
        if connection.family != AF_UNIX:
            connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
            connection.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
            for option, value in _KEEPALIVE:
                connection.setsockopt(IPPROTO_TCP, option, value)
        self._socket = connection
        self._descriptor = connection.fileno()
        self._poll = poll
        self.owner: object = owner
        self.interest = 0
        self.moved = 0.0

    def want(self, interest: int) -> None:
        """Ask to be woken for `interest`, a sum of READ and WRITE, and for nothing else."""
        self._poll.want(self._descriptor, self, interest)
        self.interest = interest

    def readable(self, events: int) -> bool:
        """Whether reading was wanted, and will not have to wait (a hang-up is read as an end or as an error)."""
        return bool(self.interest & READ and events & (EPOLLIN | EPOLLHUP | EPOLLERR))

    def receive(self, most: int) -> bytes | None:
        """What has arrived, b"" at the end of the stream, None when there is nothing yet. Raises OSError."""
        try:
            return self._socket.recv(most)
        except BlockingIOError:
            return None

    def send(self, waiting: bytearray, now: float) -> bool:
        """Send from the front of `waiting` what the system takes; whether anything moved. Raises OSError."""
        moved = False
        while waiting:
            try:
                sent = self._socket.send(waiting, MSG_NOSIGNAL)
            except BlockingIOError:
                break
            del waiting[:sent]
            self.moved = now
            moved = True
        return moved

    def failure(self) -> OSError | None:
        """Why a connection attempt that has come to its end failed, or None if it is connected."""
        code = self._socket.getsockopt(SOL_SOCKET, SO_ERROR)
        if code:
            return OSError(code, os.strerror(code))
        # TCP lets a socket connect to itself when the port that it was given is the very port that nobody listens on
        # (RFC 9293 3.5, simultaneous open). It would echo requests, and keep the real back end off its port.
        if self._socket.family != AF_UNIX and self._socket.getsockname() == self._socket.getpeername():
            return ConnectionRefusedError("connected to itself")
        return None

    def finish(self) -> None:
        """Say that nothing more will be sent. What comes from the other side can still be read."""
        try:
            self._socket.shutdown(SHUT_WR)
        except OSError:
            pass  # a peer that is gone: the next read says so, and says it better

    def close(self, *, reset: bool) -> None:
        """Give the socket back; with `reset` the peer learns that the stream was broken off, not ended."""
        self.want(0)
        if reset and self._socket.family != AF_UNIX:
            try:
                self._socket.setsockopt(SOL_SOCKET, SO_LINGER, _RESET_ON_CLOSE)
            except OSError:
                pass
        self._socket.close()
        self.owner = None  # unties the knot of relay and endpoint, which otherwise waits for the cycle collector
