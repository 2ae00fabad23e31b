"""Codes: what the source can say, what the table explains, and what the docs show are one and the same."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import code_scan
from dotlocal.core.codes import (
    ABSENT,
    ADMINISTRATOR,
    CUSTOMER,
    ERROR,
    INTEGRATOR,
    NOTE,
    REFUSED,
    ROWS,
    VENDOR,
    WARNING,
    markdown,
)

FOUND = code_scan.scan()
TABLE = {row.code: row for row in ROWS}


def test_every_code_in_the_source_is_in_the_table() -> None:
    """A new code needs a row in core/codes/: how grave, who acts, what it means, what to do."""
    missing = {code: ways for code, ways in FOUND.items() if code not in TABLE}
    assert {code: sorted(place for places in ways.values() for place in places) for code, ways in missing.items()} == {}


def test_every_row_of_the_table_is_used() -> None:
    """A row whose code nothing gives any more is removed."""
    assert sorted(set(TABLE) - set(FOUND)) == []


def test_no_code_has_two_rows() -> None:
    """One code, one meaning."""
    assert [code for code, count in Counter(row.code for row in ROWS).items() if count > 1] == []


def test_every_code_is_as_grave_as_the_table_says() -> None:
    """refused, absent, or the severity of its findings; a name that can't be parsed is refused, then left out."""
    wrong = {
        row.code: f"{row.severity}, but the source says {sorted(FOUND[row.code])}"
        for row in ROWS
        if row.code in FOUND and row.severity not in _severities(row.code)
    }
    assert wrong == {}


def _severities(code: str) -> set[str]:
    ways = FOUND[code]
    from_names = all(place.startswith("core/names.py") for place in ways.get(REFUSED, ()))
    return {*ways, NOTE} if from_names else {*ways}


def test_rows_can_be_acted_on() -> None:
    """A severity and an actor that exist, a meaning, something to do; lower case, no full stop."""
    for row in ROWS:
        assert row.severity in (REFUSED, ABSENT, ERROR, WARNING, NOTE), row
        assert row.actor in (VENDOR, INTEGRATOR, CUSTOMER, ADMINISTRATOR), row
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.code), row
        for text in (row.meaning, row.action):
            assert text, row
            assert not text.endswith("."), row
            assert "|" not in text, row


def test_the_docs_show_every_row() -> None:
    """One line each, below its group's heading."""
    shown = [line.split("`")[1] for line in markdown() if line.startswith("| `")]
    assert shown == [row.code for row in ROWS]


def test_the_scan_sees_what_it_must() -> None:
    """A literal, a choice, a table of tuples, a parameter, a returned reason, a row of rules, a usage error."""
    seen = "pem-empty cannot-listen port-not-permitted template-damaged loopback lint-serial usage"
    assert set(seen.split()) <= set(FOUND)


def test_the_generated_docs_are_up_to_date() -> None:
    """`scripts/render-docs --check`; `make docs` renders them."""
    script = code_scan.SOURCE.parents[1] / "scripts" / "render-docs"
    checked = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
