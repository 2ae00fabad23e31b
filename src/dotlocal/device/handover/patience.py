"""How long a server may still take: all that a hand-over asks of it together ends within its `seconds`."""

from __future__ import annotations

from math import inf
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.servers import Server

_LEAST = 0.1


def begin(server: Server) -> float:
    """A hand-over begins; returns that moment, in monotonic time."""
    began = monotonic()
    server.until = began + server.seconds
    return began


def left(server: Server, most: float = inf) -> float:
    """The seconds that are left, for something that takes so many at most; a tenth when none are."""
    remaining = server.seconds if server.until is None else server.until - monotonic()
    return min(max(remaining, _LEAST), most)
