"""A device that was made by the story, booted and served by `device serve`, visited by every peer."""

from __future__ import annotations

import pytest

from installed import Command
from told import Told, tell

from .peer import Peer
from .roster import each_peer

# What the peers can't do is what the shortfalls say: wolfSSL wants a root without constraints, and no addresses.
_HOSTS = ("press-07.local", "192.168.77.7")


@pytest.fixture(scope="session")
def constrained(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return tell(tmp_path_factory.mktemp("constrained"), dotlocal)


@pytest.fixture(scope="session")
def open_root(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return tell(tmp_path_factory.mktemp("open"), dotlocal, constrain_root=False)


@each_peer()
@pytest.mark.parametrize("host", _HOSTS, ids=["name", "address"])
def test_served_device_is_accepted(peer: Peer, host: str, constrained: Told) -> None:
    """root → factory CA → device CA → what boot made: accepted by name and by address, by all but wolfSSL."""
    with constrained.served("07") as port:
        verdict = peer.visit(constrained.root, host, port)
    assert verdict.accepted == (peer.id != "wolfssl"), verdict.says


@each_peer()
@pytest.mark.parametrize("host", _HOSTS, ids=["name", "address"])
def test_served_device_is_accepted_below_open_root(peer: Peer, host: str, open_root: Told) -> None:
    """The same with `constrain_root = false`: by name by all, by address by all but wolfSSL."""
    with open_root.served("07") as port:
        verdict = peer.visit(open_root.root, host, port)
    assert verdict.accepted == (peer.id != "wolfssl" or host == "press-07.local"), verdict.says


@each_peer()
def test_served_sibling_is_refused(peer: Peer, constrained: Told) -> None:
    """press-08's server asked for press-07.local: refused, the name is not in its certificate."""
    with constrained.served("08") as port:
        verdict = peer.visit(constrained.root, "press-07.local", port)
    assert not verdict.accepted
