"""What a thief of a device CA would sign is refused by every peer, but for the shortfalls that are listed."""

from __future__ import annotations

import pytest

from .cases import MISUSE, OTHER_SERIAL, ROOT_ALONE, STRANGER, Case
from .chains import unguarded, world
from .conftest import Judge
from .peer import Peer
from .roster import each_peer_and
from .shortfalls import shortfall


@each_peer_and(MISUSE)
def test_refused(peer: Peer, case: Case, judge: Judge) -> None:
    """Constrained root → factory CA → stolen device CA → what it must not vouch for: refused."""
    judge(peer, case, world(constrain_root=True), accepted=False)


@each_peer_and(MISUSE)
def test_refused_by_device_ca_alone(peer: Peer, case: Case, judge: Judge) -> None:
    """The same below an open root: the device CA's own guards are enough."""
    judge(peer, case, world(constrain_root=False), accepted=False)


@each_peer_and([case for case in MISUSE if case.guard_alone])
def test_accepted_without_guards(peer: Peer, case: Case, judge: Judge) -> None:
    """Open root → device CA without guards → the same: accepted, so it is the guards that each peer refuses by."""
    refuses_ipv6 = shortfall(peer.id, "no-sni-ipv6", constrained_root=False) if ":" in case.host else None
    judge(peer, case, unguarded(constrain_root=False), accepted=not (refuses_ipv6 and refuses_ipv6.until))


@each_peer_and(ROOT_ALONE)
def test_refused_by_root_alone(peer: Peer, case: Case, judge: Judge) -> None:
    """Constrained root → device CA without guards → a public name or address: refused, as the customer is promised."""
    judge(peer, case, unguarded(constrain_root=True), accepted=False)


@each_peer_and(STRANGER)
def test_stranger_is_refused(peer: Peer, case: Case, judge: Judge) -> None:
    """A good chain below a root that this client has not imported: refused, so it is the root that it trusts."""
    judge(peer, case, world(constrain_root=True), accepted=False, trusting=world(constrain_root=False))


@pytest.mark.parametrize("constrain_root", [True, False], ids=["constrained-root", "open-root"])
@each_peer_and(OTHER_SERIAL)
def test_serial_names_stop_others(peer: Peer, case: Case, constrain_root: bool, judge: Judge) -> None:
    """A device CA that is bound to its serial number → a sibling's name: refused."""
    judge(peer, case, world(constrain_root=constrain_root, serial_names=True), accepted=False)
