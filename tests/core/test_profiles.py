"""The tables that are the program: cited, complete, and rendered into the docs."""

from __future__ import annotations

import re

import pytest

from dotlocal.core.profiles import DEVICE_CA, PROFILES, ROOT_CA, SERVER, Profile, markdown


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_row_carries_its_law_and_its_reason(profile: Profile) -> None:
    """A clause to look up, and the trap that it avoids."""
    for row in profile.rows:
        assert re.search(r"RFC \d+ [\d.]+", row.cite), row
        assert row.why


def test_the_server_certificate_alone_is_no_ca() -> None:
    """root, factory CA and device CA sign; what a device serves does not."""
    assert [profile.is_ca for profile in PROFILES] == [True, True, True, False]


def test_only_the_roots_constraints_are_optional() -> None:
    """`constrain_root = false` leaves them out; nothing leaves them out of a device CA."""
    assert len(ROOT_CA.rows_with(None)) == len(ROOT_CA.rows) - 1
    assert ROOT_CA.rows_with("a policy") == ROOT_CA.rows
    assert DEVICE_CA.rows_with(None) == DEVICE_CA.rows
    assert SERVER.row("nameConstraints") is None


def test_the_docs_show_every_row() -> None:
    """One table per profile, one line per extension, in the order of the encoding."""
    text = "\n".join(markdown())
    for profile in PROFILES:
        section = text.partition(f"## {profile.title}\n")[2].partition("## ")[0]
        assert [line.split(" | ")[0].strip("| ") for line in section.splitlines() if line.startswith("| ")][1:] == [
            row.extension for row in profile.rows
        ]
    assert "CA, path length 0" in text
    assert "CA, no path length" in text
    assert "not a CA" in text
    assert "serverAuth clientAuth" in text
