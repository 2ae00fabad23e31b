"""Findings and refusals: what a person reads, and what a program does."""

from __future__ import annotations

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import ERROR, NOTE, WARNING, Finding, LeftOut, worst


def _finding(severity: str) -> Finding:
    return Finding("no-name-left", severity, "server certificate", "nothing is left")


def test_the_gravest_severity_counts() -> None:
    """note < warning < error; nothing at all is as good as a note."""
    assert worst([]) == NOTE
    assert worst([_finding(NOTE)]) == NOTE
    assert worst([_finding(NOTE), _finding(WARNING)]) == WARNING
    assert worst([_finding(ERROR), _finding(WARNING)]) == ERROR


def test_findings_can_be_read() -> None:
    """In a test's output and in a debugger."""
    assert repr(_finding(ERROR)) == "Finding(no-name-left, error, server certificate: nothing is left)"
    assert repr(LeftOut("press", "dns", "outside-constraints", "is outside")) == "LeftOut(press: outside-constraints)"
    assert _finding(ERROR).hint == ""


def test_a_refusal_says_what_and_under_which_code() -> None:
    """The message with its code; hint and facts are there even when they are empty."""
    refused = Refused("key-kind", "the key is RSA-1024", hint="make another", facts={"found": "RSA-1024"})
    assert str(refused) == "the key is RSA-1024 (key-kind)"
    assert (refused.hint, refused.facts) == ("make another", {"found": "RSA-1024"})
    assert (Refused("a", "b").hint, Refused("a", "b").facts) == ("", {})


def test_nothing_to_look_at_is_a_refusal_of_its_own() -> None:
    """So that the command line can end with 2, and a caller that doesn't care can catch both."""
    assert isinstance(Absent("no-state", "there is no state"), Refused)
