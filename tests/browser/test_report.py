"""What became of each store, for a person at a terminal."""

from __future__ import annotations

import pytest

from dotlocal.browser import report
from dotlocal.browser.report import Outcome, Report
from dotlocal.browser.witness import Verdict


@pytest.mark.parametrize("where", ["place", "detail", "hint", "by_hand", "verdicts"])
def test_no_name_that_a_certificate_gave_itself_moves_the_cursor(where: str) -> None:
    """Firefox calls an entry as the certificate calls itself: escape sequences and turned lines become blanks."""
    evil = "Acme\x1b[2J\u202eRoot\nG1"
    told = {
        "place": evil, "detail": evil, "hint": evil, "by_hand": (evil,),
        "verdicts": (Verdict("NSS", "press-07.local:443", False, evil),),
    }  # fmt: skip
    fields = {"place": "somewhere", where: told[where]}
    shown = list(
        report.lines(Report(True, (Outcome("firefox", what=report.PRESENT, trusted=True, **fields),)), probing=True)
    )
    assert any("Acme [2J Root G1" in line for line in shown)
    assert all(line.isprintable() for line in shown)
