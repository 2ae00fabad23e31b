# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""Lines for the operator that a stranger on the network can't multiply."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_INTERVAL_SECONDS = 60.0


class Notices:
    """Says a line, and lines about the same thing at most once a minute, however often that thing happens.

    A log that can't be written to is no reason to stop, so that error goes nowhere.
    """

    __slots__ = ("_clock", "_said", "_say")

    def __init__(self, say: Callable[[str], None], *, clock: Callable[[], float]) -> None:
        self._say = say
        self._clock = clock
        self._said: dict[str, float] = {}

    def say(self, line: str) -> None:
        """Say it now."""
        try:
            self._say(line)
        except OSError:
            pass

    def rarely(self, subject: str, line: str) -> None:
        """Say it, unless something was said about `subject` (one of a few fixed words) within the last minute."""
        now = self._clock()
        if now - self._said.get(subject, -_INTERVAL_SECONDS) >= _INTERVAL_SECONDS:
            self._said[subject] = now
            self.say(line)
