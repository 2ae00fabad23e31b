"""A cause: one observation of doctor's, its gravity, who must act and how. The words come from the table of codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dotlocal.core.codes.doctor import FOUND
from dotlocal.core.findings import ERROR, NOTE, WARNING

_GRAVITY = {ERROR: 0, WARNING: 1, NOTE: 2}
_RANK = {code: rank for rank, code in enumerate(FOUND)}


@dataclass(frozen=True, slots=True)
class Cause:
    """`code` is one of `dotlocal.core.codes.doctor`; `told` says what was seen, both sides of it; `hint`, where it is
    known better than in general, what to do.
    """

    code: str
    subject: str
    told: str
    hint: str = ""

    @property
    def severity(self) -> str:
        """error: a browser refuses. warning and note: it accepts."""
        return FOUND[self.code].severity

    @property
    def who(self) -> str:
        """Whose turn it is: customer, administrator, integrator or vendor."""
        return FOUND[self.code].actor

    @property
    def advice(self) -> str:
        """What that person does."""
        return self.hint or FOUND[self.code].action


def ranked(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Each once, the most useful first."""
    once = {(cause.code, cause.told): cause for cause in reversed(tuple(causes))}
    return tuple(sorted(once.values(), key=lambda cause: (_GRAVITY[cause.severity], _RANK[cause.code])))
