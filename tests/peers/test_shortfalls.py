"""The table of shortfalls is itself right: no row is misspelt, repeated or idle."""

from __future__ import annotations

from collections import Counter

from .cases import BAD, GOOD
from .roster import PEERS
from .shortfalls import SHORTFALLS


def test_rows_name_what_there_is() -> None:
    """A row for a peer or a case that does not exist would excuse nothing, silently."""
    assert {row.peer for row in SHORTFALLS} <= {peer.id for peer in PEERS}
    assert {row.case for row in SHORTFALLS} <= {case.id for case in (*GOOD, *BAD)}


def test_rows_turn_the_expectation_around() -> None:
    """A good chain that is refused or a bad one that is accepted: nothing else is a shortfall."""
    assert {row.case for row in SHORTFALLS if not row.accepted} <= {case.id for case in GOOD}
    assert {row.case for row in SHORTFALLS if row.accepted} <= {case.id for case in BAD}


def test_ids_are_unique() -> None:
    """A row must mean one case, and a case have one row per peer and kind of root."""
    assert max(Counter(case.id for case in (*GOOD, *BAD)).values()) == 1
    assert max(Counter((row.peer, row.case, row.constrained_root) for row in SHORTFALLS).values()) == 1
