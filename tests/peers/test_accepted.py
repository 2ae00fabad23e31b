"""What a device serves is accepted by every peer that trusts its vendor's root."""

from __future__ import annotations

import pytest

from .cases import ACCEPTED, BY_SNI, NOT_STOPPED, OWN_SERIAL, Case, names_only
from .chains import world
from .conftest import Judge
from .peer import Peer, is_address
from .roster import each_peer_and


@each_peer_and(ACCEPTED)
def test_accepted(peer: Peer, case: Case, judge: Judge) -> None:
    """Constrained root → factory CA → device CA → its own name or address: accepted."""
    judge(peer, case, world(constrain_root=True), accepted=True)


@each_peer_and(ACCEPTED)
def test_accepted_below_open_root(peer: Peer, case: Case, judge: Judge) -> None:
    """The same below a root that was made with `constrain_root = false`."""
    judge(peer, case, world(constrain_root=False), accepted=True)


@each_peer_and(BY_SNI)
def test_two_certificates(peer: Peer, case: Case, judge: Judge) -> None:
    """Who sends a name by SNI gets the certificate without addresses, who sends none the other: each is accepted."""
    server = judge(peer, case, world(constrain_root=False), accepted=True, by_name=names_only)
    names = {visitor.sni for visitor in server.connections} - {None}
    assert names == (set() if is_address(case.host) else {case.host})


@each_peer_and(NOT_STOPPED)
def test_not_stopped(peer: Peer, case: Case, judge: Judge) -> None:
    """press-07's device CA → a sibling's name, or any private address: accepted, as the default policy permits."""
    judge(peer, case, world(constrain_root=True), accepted=True)


@pytest.mark.parametrize("constrain_root", [True, False], ids=["constrained-root", "open-root"])
@each_peer_and(OWN_SERIAL)
def test_serial_names(peer: Peer, case: Case, constrain_root: bool, judge: Judge) -> None:
    """A device CA that is bound to its serial number → a name below it, or a private address: accepted."""
    judge(peer, case, world(constrain_root=constrain_root, serial_names=True), accepted=True)
