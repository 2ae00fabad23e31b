"""Renewal information (RFC 9773): when the CA suggests to renew, and which moment of that time is ours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dotlocal.device.acme.answer import Answer, is_https, words

_SOONEST, _LATEST = 60, 24 * 3600  # RFC 9773 4.3.2: a minute at least, a day at most, between two looks
USUAL = 6 * 3600
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Suggestion:
    """From `start` to `end` (instants) the CA would like to be asked; `look_again` in so many seconds."""

    start: int
    end: int
    look_again: int
    explanation: str = ""

    def moment(self, fraction: float) -> int:
        """The moment at this fraction of the time: chosen once, at random, for each time that is suggested (4.2)."""
        return self.start + int((self.end - self.start) * fraction)


def parse(answer: Answer, now: int) -> Suggestion:
    """What a renewalInfo resource says; refuses `acme-answer`."""
    window: Any = answer.json().get("suggestedWindow")
    try:
        start, end = (_instant(window[key]) for key in ("start", "end"))
        if start >= end:
            raise ValueError
    except (TypeError, KeyError, ValueError, OverflowError):
        raise answer.odd("no window of time to renew in") from None
    page = answer.json().get("explanationURL")
    explanation = page if isinstance(page, str) and is_https(page) else ""
    asked = answer.retry_after(now)
    return Suggestion(start, end, min(max(USUAL if asked is None else asked, _SOONEST), _LATEST), words(explanation))


def _instant(text: object) -> int:
    """An RFC 3339 moment with its offset; fractions are cut off."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise ValueError
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return int(moment.timestamp())
