"""The TLS terminator: accepts clients, gives each a relay, and keeps all of them within their limits.

One thread, one loop. It sleeps until a socket is ready or the earliest deadline has come; with no connection there is
no deadline, and so nothing at rest ever wakes the processor.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM
from math import inf

from dotlocal.device.serve import proxy_protocol
from dotlocal.device.serve.back_end import BackEnd
from dotlocal.device.serve.endpoint import READ, Endpoint, Poll
from dotlocal.device.serve.notices import Notices
from dotlocal.device.serve.relay import Limits, Relay
from dotlocal.device.serve.tls import CurrentSet

_BURST = 32  # connections accepted before those that are open get their turn
_EXHAUSTED = frozenset((EMFILE, ENFILE, ENOBUFS, ENOMEM))
_RECOVERY_SECONDS = 1.0
_SOONEST_SECONDS = 0.05
_STOP, _LISTENER = object(), object()  # what the poll reports besides endpoints


class Terminator:
    """Serves until it is told to stop. Nothing that a client or back end does ends it."""

    __slots__ = (
        "_back_end",
        "_certificates",
        "_clock",
        "_earliest",
        "_limits",
        "_listener",
        "_notices",
        "_paused_until",
        "_poll",
        "_proxy_protocol",
        "_relays",
    )

    def __init__(
        self,
        listener: socket.socket,
        *,
        back_end: BackEnd,
        proxy_protocol: int | None,
        certificates: CurrentSet,
        limits: Limits,
        notices: Notices,
        clock: Callable[[], float],
    ) -> None:
        """The listener listens already, and stays the caller's; `clock` gives monotonic seconds."""
        self._listener = listener
        self._back_end = back_end
        self._proxy_protocol = proxy_protocol
        self._certificates = certificates
        self._limits = limits
        self._notices = notices
        self._clock = clock
        self._poll = Poll()
        self._relays: set[Relay] = set()
        self._earliest = inf  # no deadline is before this
        self._paused_until = inf  # when to accept again; inf while accepting

    def run(self, stop: int) -> None:
        """Serve until the descriptor `stop` is readable; then break off all connections."""
        self._poll.want(stop, _STOP, READ)
        self._resume()
        try:
            while self._turn():
                pass
        finally:
            for relay in self._relays:
                relay.abort()
            self._poll.close()

    def _turn(self) -> bool:
        for owner, events in self._poll.wait(self._timeout()):
            if owner is _STOP:
                return False
            if owner is _LISTENER:
                self._accept(self._clock())
            elif isinstance(owner, Endpoint) and isinstance(owner.owner, Relay):
                self._step(owner.owner, owner.owner.advance, owner, events)
        now = self._clock()
        if now >= self._paused_until:
            self._resume()
        if now >= self._earliest:
            self._expire(now)
        return True

    def _timeout(self) -> float | None:
        due = min(self._earliest, self._paused_until)
        return None if due == inf else max(0.0, due - self._clock())

    def _step(self, relay: Relay, step: Callable[..., None], *arguments: object) -> None:
        try:
            step(*arguments, self._clock())
        except Exception as error:  # a fault of ours in one connection must not end all the others
            self._report(error)
            relay.abort()
        if relay.closed:
            self._relays.discard(relay)
            if not self._relays:
                self._earliest = inf
            self._resume()
        else:
            self._earliest = min(self._earliest, relay.deadline)

    def _expire(self, now: float) -> None:
        # Every relay is looked at, but only when a deadline has come; that is cheaper than keeping them in order,
        # since each byte that moves puts one off.
        self._earliest = inf
        for relay in list(self._relays):
            if relay.deadline <= now:
                self._step(relay, relay.expire)
            else:
                self._earliest = min(self._earliest, relay.deadline)

    # Accepting

    def _accept(self, now: float) -> None:
        for accepted in range(_BURST):
            if len(self._relays) >= self._limits.connections:
                if accepted:
                    return  # nobody is dropped before it is certain, by another event, that somebody is waiting
                if not self._make_room(now):
                    self._notices.rarely("full", f"warning: all {self._limits.connections} connections are in use")
                    self._pause(max(self._next_room(), now + _SOONEST_SECONDS))
                    return
            try:
                connection, client = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._notices.rarely("exhausted", f"warning: can't accept connections: {error.strerror}")
                    self._make_room(now)
                    self._pause(now + _RECOVERY_SECONDS)
                    return
                continue  # an error of that one connection, which accept(2) hands on
            try:
                self._welcome(connection, client, now)
            except Exception as error:  # as in _step
                connection.close()
                if not isinstance(error, OSError):  # those mean gone again already, or no more room in the kernel
                    self._report(error)

    def _welcome(self, connection: socket.socket, client: tuple[str, int], now: float) -> None:
        version = self._proxy_protocol
        preamble = proxy_protocol.header(version, client, connection.getsockname()) if version else b""
        relay = Relay(
            connection,
            poll=self._poll,
            context=self._certificates.context(now),
            back_end=self._back_end,
            preamble=preamble,
            limits=self._limits,
            now=now,
        )
        self._relays.add(relay)
        self._earliest = min(self._earliest, relay.deadline)

    def _make_room(self, now: float) -> bool:
        """Drop the connection that is missed least: an unfinished handshake, else the one that is idle longest."""
        spare = [relay for relay in self._relays if self._spare_from(relay) <= now]
        if not spare:
            return False
        victim = min(spare, key=lambda relay: (relay.shaking_hands_since is None, relay.stirred))
        victim.abort()
        self._relays.discard(victim)
        return True

    def _spare_from(self, relay: Relay) -> float:
        began, limits = relay.shaking_hands_since, self._limits
        return relay.stirred + limits.spare if began is None else began + limits.spare_handshake

    def _next_room(self) -> float:
        return min(map(self._spare_from, self._relays), default=inf)

    def _pause(self, until: float) -> None:
        self._poll.want(self._listener.fileno(), _LISTENER, 0)
        self._paused_until = until

    def _resume(self) -> None:
        self._paused_until = inf
        self._poll.want(self._listener.fileno(), _LISTENER, READ)

    def _report(self, fault: Exception) -> None:
        self._notices.rarely("fault", f"error: a connection was dropped: {type(fault).__name__}: {fault}")
