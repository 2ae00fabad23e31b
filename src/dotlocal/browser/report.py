"""What became of each store: a value, its words, and whether all is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dotlocal.browser.anchor import printable
from dotlocal.browser.witness import Verdict
from dotlocal.core.errors import Refused

INSTALLED = "installed"
PRESENT = "present"  # it was trusted already, by us or by somebody else
REMOVED = "removed"
ABSENT = "absent"
PLANNED = "planned"
FAILED = "failed"
UNREACHED = "unreached"  # it takes rights that this person does not have
IDLE = "idle"  # no program looks at it


@dataclass(frozen=True, slots=True)
class Outcome:
    """One store: what was done, how it holds the root now, what programs said, and what is left to do by hand."""

    kind: str
    place: str
    what: str
    trusted: bool | None = None
    detail: str = ""
    code: str = ""
    hint: str = ""
    by_hand: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def proof(self) -> str:
        """`probed` when a program went by the store, `read back` when none could be asked, or nothing to prove."""
        if any(verdict.accepted is not None for verdict in self.verdicts):
            return "probed"
        return "read back" if self.trusted is not None else ""

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "kind": self.kind, "place": self.place, "what": self.what, "trusted": self.trusted, "proof": self.proof,
            "detail": self.detail, "code": self.code, "hint": self.hint, "by_hand": list(self.by_hand),
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """All stores. `wanted` is what every store in use should say in the end: that it trusts the root, or doesn't."""

    wanted: bool
    outcomes: tuple[Outcome, ...]
    witnesses: tuple[Refused, ...] = field(default=())

    @property
    def well(self) -> bool:
        """Whether every store, and every program that was asked, says what it should."""
        return bool(self.outcomes) and not self.witnesses and all(_well(each, self.wanted) for each in self.outcomes)

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        troubles = [{"code": each.code, "message": each.message, "hint": each.hint} for each in self.witnesses]
        return {"well": self.well, "stores": [each.as_dict() for each in self.outcomes], "witnesses": troubles}


def of_refusal(kind: str, place: str, refused: Refused, by_hand: Sequence[str] = ()) -> Outcome:
    """A store that refused."""
    return Outcome(
        kind, place, FAILED, detail=refused.message, code=refused.code, hint=refused.hint, by_hand=tuple(by_hand)
    )


def _well(outcome: Outcome, wanted: bool) -> bool:
    if outcome.what in (IDLE, PLANNED):
        return outcome.what == PLANNED or wanted or not outcome.trusted
    if outcome.what in (FAILED, UNREACHED):
        return False
    return outcome.trusted is wanted and all(verdict.accepted is wanted for verdict in outcome.verdicts)


def lines(report: Report, *, probing: bool) -> Iterator[str]:
    """The report for a person: a line for each store, and below it what programs said and what is left to do.

    Names of entries may be those that a certificate gave itself: no line moves a cursor.
    """
    return map(printable, _lines(report, probing=probing))


def _lines(report: Report, *, probing: bool) -> Iterator[str]:
    for outcome in report.outcomes:
        yield f"{_SIGNS[outcome.what]} {outcome.kind:9} {outcome.place}: {_sentence(outcome, report.wanted)}"
        for verdict in outcome.verdicts:
            said = {True: "accepts", False: "refuses", None: "could not be asked about"}[verdict.accepted]
            yield f"    {verdict.program} {said} {verdict.device}: {verdict.words}"
        if outcome.trusted is not None and not outcome.verdicts and outcome.what != IDLE:
            yield f"    {_unproven(outcome, probing=probing)}"
        if outcome.hint:
            yield f"    {outcome.hint}"
        if outcome.by_hand:
            yield "    by hand:"
            yield from (f"      {command}" for command in outcome.by_hand)
    for refused in report.witnesses:
        yield f"! {refused}"
        yield f"    {refused.hint}"


def _unproven(outcome: Outcome, *, probing: bool) -> str:
    if not outcome.trusted and probing:
        return "nothing is left with which a program could be asked"
    done = "written and read back, not probed" if outcome.what == INSTALLED else "read, not probed"
    return f"{done}: {'no program for it is here' if probing else 'name a device with --probe to see it work'}"


_SIGNS = {
    INSTALLED: "+", PRESENT: "=", REMOVED: "-", ABSENT: " ", PLANNED: "?", FAILED: "!", UNREACHED: "!", IDLE: "~",
}  # fmt: skip


def _sentence(outcome: Outcome, wanted: bool) -> str:
    match outcome.what:
        case "installed":
            words = "installed"
        case "present":
            words = "trusts it" if outcome.trusted else "holds it, and does not trust it"
        case "removed":
            words = "removed" if not outcome.trusted else "our entry is removed, and it is still trusted"
        case "absent":
            words = "does not have it"
        case "planned":
            words = "would be written" if wanted else "would be cleared"
        case "idle":
            words = "not in use"
        case _:
            return f"{outcome.detail} ({outcome.code})"
    return f"{words}; {outcome.detail}" if outcome.detail else words
