"""What was put on probation since these pages run, and from when on every new connection was certain to be given it."""

from __future__ import annotations

from dataclasses import replace

from dotlocal.device.handover import servers
from dotlocal.device.owned.awaited import Awaited

# how long a switch may take that somebody else makes, on the console say: hand-over waits for a lock, then for a server
_MARGIN_SECONDS = servers.SECONDS + 12.0
_MOST = 8


class Switches:
    """Moments, in monotonic seconds, by the name of a probation."""

    __slots__ = ("_moments", "_seen")

    def __init__(self) -> None:
        self._moments: dict[str, float] = {}
        self._seen: list[Awaited] = []

    def note(self, probation: str, now: float) -> None:
        """A switch of our own has just come to its end, hand-over and proof included."""
        self._moments.pop(probation, None)
        self._moments[probation] = now
        while len(self._moments) > _MOST:
            del self._moments[next(iter(self._moments))]

    def certain(self, probation: str, now: float) -> float:
        """The moment; for a switch that we only see the outcome of, some seconds from the first look on."""
        if probation not in self._moments:
            self.note(probation, now + _MARGIN_SECONDS)
        return self._moments[probation]

    def beside_earlier(self, wanted: Awaited) -> Awaited:
        """With those serial numbers repeated, too, that something had which was on probation, went back, and left no
        trace: a connection may be there from then.
        """
        others = [each for each in self._seen if not each.fingerprints & wanted.fingerprints]
        self._seen = [*others, wanted][-_MOST:]
        had = frozenset[str]().union(*(each.serials for each in others))
        return replace(wanted, repeated=wanted.repeated | (wanted.serials & had))
