# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""The open connections, and which of them makes room when there are as many as there may be.

Not by time alone: a client that lets a byte trickle on each of its connections is never idle. So it also counts who
has how many. By the whole address, since on a local network all clients share a prefix.
"""

from __future__ import annotations

from dotlocal.device.serve.limits import Limits
from dotlocal.device.serve.relay import Relay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NEVER = float("inf")


class Crowd:
    """Relays by the address of their clients. Whom `victim` names is the caller's to end and to discard."""

    __slots__ = ("_counts", "_limits", "_relays")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._relays: set[Relay] = set()
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._relays)

    def __iter__(self) -> Iterator[Relay]:
        return iter(tuple(self._relays))

    @property
    def full(self) -> bool:
        """Whether the next one has to wait, or another one to go."""
        return len(self._relays) >= self._limits.connections

    def add(self, relay: Relay) -> None:
        """One more."""
        self._relays.add(relay)
        self._counts[relay.client] = self._counts.get(relay.client, 0) + 1

    def discard(self, relay: Relay) -> None:
        """One less, if it is one of them."""
        if relay in self._relays:
            self._relays.discard(relay)
            self._counts[relay.client] -= 1
            if not self._counts[relay.client]:
                del self._counts[relay.client]

    def victim(self, newcomer: str, now: float) -> Relay | None:
        """Whom a client at the address `newcomer` may replace; None when it has to wait.

        1. An address that has more than half of all connections gives one. 2. Who is spare goes, as in `spare`.
        3. The address that has most gives one. To an address that has as many already, nobody gives.
        """
        most, count = self._most()
        gives = count > self._counts.get(newcomer, 0) + 1
        if gives and 2 * count > self._limits.connections:
            return self._least_missed(most)
        return self.spare(now) or (self._least_missed(most) if gives else None)

    def spare(self, now: float) -> Relay | None:
        """The connection that is missed least, of those that had their time: an unfinished handshake, else the one
        that is idle longest.
        """
        spare = [relay for relay in self._relays if self._spare_from(relay) <= now]
        return min(spare, key=_missed, default=None)

    def next_spare(self) -> float:
        """When the next connection will be spare, if nothing moves until then."""
        return min(map(self._spare_from, self._relays), default=_NEVER)

    def _most(self) -> tuple[str, int]:
        return max(self._counts.items(), key=lambda each: each[1], default=("", 0))

    def _least_missed(self, client: str) -> Relay:
        return min((relay for relay in self._relays if relay.client == client), key=_missed)

    def _spare_from(self, relay: Relay) -> float:
        began, limits = relay.shaking_hands_since, self._limits
        return relay.stirred + limits.spare if began is None else began + limits.spare_handshake


def _missed(relay: Relay) -> tuple[bool, float]:
    return relay.shaking_hands_since is None, relay.stirred
