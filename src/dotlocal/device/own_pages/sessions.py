"""Who is logged in, in memory: few sessions, each with an end. A restart of the pages ends all of them. Pure.

The token in the cookie is new at each login, so one that somebody planted before is worth nothing after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

IDLE_SECONDS = 15 * 60.0
MOST_SECONDS = 8 * 3600.0
STAGED_SECONDS = 10 * 60.0  # how long an upload, with its key, waits for a yes
MOST = 16  # at once; the one that has been idle longest gives way


@dataclass(slots=True)
class Staged:
    """An upload that was read and judged, and waits for a yes; `kind` says of what."""

    kind: str
    judged: Any = field(repr=False)
    since: float = 0.0


@dataclass(slots=True)
class Session:
    """One login. `csrf` goes into every form; `proved` names the probation that this browser has met on a connection
    of its own; `told` is what the next page says once.
    """

    user: str
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    begun: float
    seen: float
    staged: Staged | None = None
    proved: str = ""
    told: tuple[str, Any] | None = None


class Sessions:
    """All of them. `draw` makes a random token of 43 characters; moments are monotonic seconds."""

    __slots__ = ("_draw", "_sessions")

    def __init__(self, draw: Callable[[], str]) -> None:
        self._draw = draw
        self._sessions: dict[str, Session] = {}

    def begin(self, user: str, now: float) -> Session:
        """A new session with a new token."""
        self.sweep(now)
        while len(self._sessions) >= MOST:
            self.end(min(self._sessions.values(), key=lambda each: each.seen))
        session = Session(user, self._draw(), self._draw(), now, now)
        self._sessions[session.token] = session
        return session

    def find(self, token: str, now: float) -> Session | None:
        """The session of a token, unless its time is over; it counts as used."""
        self.sweep(now)
        session = self._sessions.get(token)
        if session:
            session.seen = now
        return session

    def end(self, session: Session) -> None:
        """Log out."""
        self._sessions.pop(session.token, None)

    def end_all(self) -> None:
        """Everybody, as when the password is another one."""
        self._sessions.clear()

    def sweep(self, now: float) -> None:
        """Let go whose time is over, and keys that nobody said yes to."""
        for session in list(self._sessions.values()):
            if now - session.seen > IDLE_SECONDS or now - session.begun > MOST_SECONDS:
                self.end(session)
            elif session.staged and now - session.staged.since > STAGED_SECONDS:
                session.staged = None
