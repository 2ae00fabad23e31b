# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""The TLS terminator: accepts clients, gives each a relay, and keeps all of them within their limits.

One thread, one loop. It sleeps until a socket is ready or the earliest deadline has come; with no connection there is
no deadline, and so nothing at rest ever wakes the processor.
"""

from __future__ import annotations

from errno import EMFILE, ENFILE, ENOBUFS, ENOMEM

from dotlocal.device.serve.acme_tls import Challenges
from dotlocal.device.serve.back_end import BackEnd
from dotlocal.device.serve.crowd import Crowd
from dotlocal.device.serve.endpoint import READ, Endpoint, Poll
from dotlocal.device.serve.limits import Limits
from dotlocal.device.serve.notices import Notices
from dotlocal.device.serve.relay import Relay
from dotlocal.device.serve.tls import CurrentSet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable

    from dotlocal.device.serve.listener import Listener

_NEVER = float("inf")
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
        "_challenges",
        "_clock",
        "_crowd",
        "_earliest",
        "_limits",
        "_listener",
        "_notices",
        "_paused_until",
        "_poll",
        "_proxy_protocol",
        "_room_due",
        "_waiting",
    )

    def __init__(
        self,
        listener: Listener,
        *,
        back_end: BackEnd,
        proxy_protocol: int | None,
        certificates: CurrentSet,
        limits: Limits,
        notices: Notices,
        clock: Callable[[], float],
        challenges: Challenges | None = None,
    ) -> None:
        """The listener listens already, and stays the caller's; `clock` gives monotonic seconds."""
        self._listener = listener
        self._back_end = back_end
        self._proxy_protocol = proxy_protocol
        self._certificates = certificates
        self._challenges = challenges
        self._limits = limits
        self._notices = notices
        self._clock = clock
        self._poll = Poll()
        self._crowd = Crowd(limits)
        self._waiting: list[tuple[socket, tuple[str, int]]] = []  # accepted, and not looked at until …
        self._earliest = _NEVER  # no deadline is before this
        self._room_due = _NEVER  # … this moment, or until somebody goes
        self._paused_until = _NEVER  # when to accept again; _NEVER while accepting

    def run(self, stop: int) -> None:
        """Serve until the descriptor `stop` is readable; then break off all connections."""
        self._poll.want(stop, _STOP, READ)
        self._resume()
        try:
            while self._turn():
                pass
        finally:
            for relay in self._crowd:
                relay.abort()
            for connection, _ in self._waiting:
                connection.close()
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
        if now >= self._room_due:
            self._let_in(now)
        return True

    def _timeout(self) -> float | None:
        due = min(self._earliest, self._paused_until, self._room_due)
        return None if due == _NEVER else max(0.0, due - self._clock())

    def _step(self, relay: Relay, step: Callable[..., None], *arguments: object) -> None:
        try:
            step(*arguments, self._clock())
        except Exception as error:  # a fault of ours in one connection must not end all the others
            self._report(error)
            relay.abort()
        if relay.closed:
            self._crowd.discard(relay)
            if not self._crowd:
                self._earliest = _NEVER
            self._resume()
            self._let_in(self._clock())
        else:
            self._earliest = min(self._earliest, relay.deadline)

    def _expire(self, now: float) -> None:
        # Every relay is looked at, but only when a deadline has come; that is cheaper than keeping them in order,
        # since each byte that moves puts one off.
        self._earliest = _NEVER
        for relay in self._crowd:
            if relay.deadline <= now:
                self._step(relay, relay.expire)
            else:
                self._earliest = min(self._earliest, relay.deadline)

    # Accepting

    def _accept(self, now: float) -> None:
        for _ in range(_BURST):
            try:
                connection, client = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._notices.rarely("exhausted", f"warning: can't accept connections: {error.strerror}")
                    self._end(self._crowd.spare(now))
                    self._pause(now + _RECOVERY_SECONDS)
                    return
                continue  # an error of that one connection, which accept(2) hands on
            self._admit(connection, client, now)

    def _admit(self, connection: socket, client: tuple[str, int], now: float) -> None:
        # Accepted before it is known whether there is room: only then is it known whose turn it would be, and a flood
        # of one client can't fill the kernel's queue for the others.
        victim = self._crowd.victim(client[0], now) if self._crowd.full else None
        if victim or not self._crowd.full:
            self._end(victim)
            self._welcome(connection, client, now)
            return
        self._notices.rarely("full", f"warning: all {self._limits.connections} connections are in use")
        if len(self._waiting) >= self._limits.waiting:
            connection.close()
            return
        self._waiting.append((connection, client))
        self._room_due = max(self._crowd.next_spare(), now + _SOONEST_SECONDS)

    def _let_in(self, now: float) -> None:
        while self._waiting:
            if self._crowd.full:
                victim = self._crowd.victim(self._waiting[0][1][0], now)
                if not victim:
                    self._room_due = max(self._crowd.next_spare(), now + _SOONEST_SECONDS)
                    return
                self._end(victim)
            self._welcome(*self._waiting.pop(0), now)
        self._room_due = _NEVER

    def _end(self, victim: Relay | None) -> None:
        if victim:
            victim.abort()
            self._crowd.discard(victim)

    def _welcome(self, connection: socket, client: tuple[str, int], now: float) -> None:
        try:
            relay = Relay(
                connection,
                client=client[0],
                poll=self._poll,
                context=self._certificates.context(now),
                back_end=self._back_end,
                preamble=self._preamble(connection, client),  # after the context, of which it tells
                limits=self._limits,
                now=now,
                peek=self._challenges.peek() if self._challenges else None,
            )
        except Exception as error:  # as in _step
            connection.close()
            if not isinstance(error, OSError):  # those mean gone again already, or no more room in the kernel
                self._report(error)
            return
        self._crowd.add(relay)
        self._earliest = min(self._earliest, relay.deadline)

    def _preamble(self, connection: socket, client: tuple[str, int]) -> bytes:
        if not self._proxy_protocol:
            return b""
        from dotlocal.device.serve import proxy_protocol  # ipaddress, for the few back ends that speak it

        told = self._certificates.told() if self._proxy_protocol == 2 else ()
        return proxy_protocol.header(self._proxy_protocol, client, connection.getsockname(), *told)

    def _pause(self, until: float) -> None:
        self._poll.want(self._listener.fileno(), _LISTENER, 0)
        self._paused_until = until

    def _resume(self) -> None:
        self._paused_until = _NEVER
        self._poll.want(self._listener.fileno(), _LISTENER, READ)

    def _report(self, fault: Exception) -> None:
        self._notices.rarely("fault", f"error: a connection was dropped: {type(fault).__name__}: {fault}")
