"""One key for one serial number: the decision, as a table."""

from __future__ import annotations

import pytest

from dotlocal.core.enrolment import Enrolled, decide
from dotlocal.core.errors import Refused

A1 = Enrolled("SN-A", "key-1", "c1", "2026-11-23T12:00:00Z")
A2 = Enrolled("SN-A", "key-2", "c2", "2026-11-24T12:00:00Z")
B3 = Enrolled("SN-B", "key-3", "c3", "2026-11-25T12:00:00Z")

# what is known          request: serial, key      --replace    answer: an earlier one, None (sign), or a refusal
DECISIONS = [
    ((),                 ("SN-A", "key-1"),        None,        None),
    ((),                 ("SN-A", "key-1"),        "rework",    None),
    ((A1,),              ("SN-A", "key-1"),        None,        A1),
    ((A1,),              ("SN-A", "key-1"),        "rework",    A1),
    ((A1,),              ("SN-A", "key-2"),        None,        "serial-taken"),
    ((A1,),              ("SN-A", "key-2"),        "rework",    None),
    ((A1, A2),           ("SN-A", "key-2"),        None,        A2),
    ((A1, A2),           ("SN-A", "key-1"),        None,        "superseded"),
    ((A1, A2),           ("SN-A", "key-1"),        "rework",    "superseded"),
    ((A1, A2),           ("SN-A", "key-9"),        "rework",    None),
    ((B3,),              ("SN-A", "key-3"),        None,        "key-taken"),
    ((B3,),              ("SN-A", "key-3"),        "rework",    "key-taken"),
    ((A1, B3),           ("SN-A", "key-3"),        "rework",    "key-taken"),
    ((A1, B3),           ("SN-A", "key-1"),        None,        A1),
    ((A1,),              ("SN-A", "key-2"),        "x",         None),
    ((A1,),              ("SN-A", "key-2"),        "x" * 200,   None),
    ((),                 ("SN-A", "key-1"),        "",          "replace-reason"),
    ((A1,),              ("SN-A", "key-2"),        "x" * 201,   "replace-reason"),
    ((A1,),              ("SN-A", "key-2"),        "a\nb",      "replace-reason"),
]  # fmt: skip


@pytest.mark.parametrize(("known", "asked", "replace", "answer"), DECISIONS)
def test_one_key_for_one_serial_number(
    known: tuple[Enrolled, ...], asked: tuple[str, str], replace: str | None, answer: Enrolled | str | None
) -> None:
    """The same request gets the same answer; a second of either is refused, unless somebody says why."""
    if not isinstance(answer, str):
        assert decide(*asked, known, replace) == answer
        return
    with pytest.raises(Refused) as refused:
        decide(*asked, known, replace)
    assert refused.value.code == answer
    assert refused.value.hint


def test_a_cloned_image_names_both_devices() -> None:
    """Two devices with one key: the refusal says which other one, in words and as data."""
    with pytest.raises(Refused) as refused:
        decide("SN-A", "key-3", [B3], None)
    assert refused.value.facts == {"other": "SN-B"}
    assert "SN-A" in refused.value.message
    assert "SN-B" in refused.value.message
