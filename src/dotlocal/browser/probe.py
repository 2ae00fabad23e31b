"""The looks at a device: as a browser would, and then with one thing changed at a time.

1 resolve; and for each address: 2 the look of a browser, with a request; 3 where that failed, an old client's;
4 with TLS 1.2 alone and 1.3 alone; 5 by address, without a name; 6 once more with the session of 2; 7 OpenSSL's own
verdict under the root that the chain leads to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import monotonic, sleep

from dotlocal.browser import handshake, path, resolve
from dotlocal.browser.handshake import Offer, Ticket
from dotlocal.browser.observation import (
    ALERT,
    DROPPED,
    FAILED,
    OLD,
    TLS_1_2,
    TLS_1_3,
    Endpoint,
    Look,
    Observation,
    Roots,
    Visit,
)
from dotlocal.browser.target import Target
from dotlocal.core.names import Address, HostName
from dotlocal.host import clock

_WHOLE = 8  # all looks at all addresses take at most so many times the limit of one


@dataclass(frozen=True, slots=True)
class Manner:
    """How to look: seconds for one connection, an address in place of every resolver, thresholds and waits."""

    seconds: float = 5.0
    at: Address | None = None
    warn_days: int | None = None
    twice: float | None = None  # look again after so many seconds, with the sessions of the first time
    waiting: Callable[[float], object] = sleep


def observe(target: Target, roots: Roots, manner: Manner) -> Observation:
    """Look at everything that a browser would meet; never raises for what a network or a peer does."""
    resolution = resolve.resolve(target, seconds=manner.seconds, at=manner.at)
    deadline = monotonic() + manner.seconds * _WHOLE
    visits, tickets = [], []
    for endpoint in resolution.endpoints:
        visit, ticket = _Looks(target, endpoint, manner.seconds, deadline).visit(roots)
        visits.append(visit)
        tickets.append(ticket)
    if manner.twice is not None and any(tickets):
        manner.waiting(manner.twice)
        deadline = monotonic() + manner.seconds * _WHOLE
        pairs = zip(visits, tickets, strict=True)
        visits = [_again(target, visit, ticket, manner.seconds, deadline) for visit, ticket in pairs]
    now, vouched = clock.now(), clock.synchronised()
    return Observation(target, now, vouched, resolution, tuple(visits), roots, warn_days=manner.warn_days)


@dataclass(frozen=True, slots=True)
class _Looks:
    target: Target
    endpoint: Endpoint
    seconds: float
    deadline: float

    def visit(self, roots: Roots) -> tuple[Visit, Ticket | None]:
        """Every look at one address; and the session that the first one got."""
        name = self.target.host.text if isinstance(self.target.host, HostName) else None
        host = str(self.target)
        main, ticket = self._look(Offer(name, ask=host))
        visit = Visit(self.endpoint, main)
        if not main.succeeded:
            if main.outcome in (ALERT, FAILED, DROPPED):
                visit = replace(visit, outdated=self._look(Offer(name, OLD))[0])
                if name:
                    visit = replace(visit, by_address=self._look(Offer(None))[0])
            return visit, None
        visit = replace(
            visit,
            older=self._look(Offer(name, TLS_1_2))[0],
            newer=self._look(Offer(name, TLS_1_3))[0],
            by_address=self._look(Offer(None))[0] if name else None,
            resumed=self._look(Offer(name, alpn=("http/1.1",)), ticket)[0] if ticket else None,
        )
        return replace(visit, verifier=self._verdict(main, roots)), ticket

    def _look(self, offer: Offer, ticket: Ticket | None = None) -> tuple[Look, Ticket | None]:
        seconds = min(self.seconds, max(0.05, self.deadline - monotonic()))
        return handshake.look(self.endpoint, self.target.port, offer, seconds=seconds, ticket=ticket)

    def _verdict(self, main: Look, roots: Roots) -> str:
        served = path.Served.parse(main.chain)
        if not served.certificates or served.broken:
            return ""
        anchors = path.find(served.certificates, roots.trusted).anchors
        if not anchors:
            return ""
        trusted = [path.der(anchor.certificate) for anchor in anchors]
        seconds = min(self.seconds, max(0.05, self.deadline - monotonic()))
        return handshake.verifier(self.endpoint, self.target.port, self.target.host.text, trusted, seconds=seconds)


def _again(target: Target, visit: Visit, ticket: Ticket | None, seconds: float, deadline: float) -> Visit:
    """Once more, first as somebody new, then as one who was here before."""
    if ticket is None:
        return visit
    looks = _Looks(target, visit.endpoint, seconds, deadline)
    name = target.host.text if isinstance(target.host, HostName) else None
    fresh, _ = looks._look(Offer(name, ask=str(target)))
    after, _ = looks._look(Offer(name, ask=str(target)), ticket)
    return replace(visit, fresh=fresh, after=after)
