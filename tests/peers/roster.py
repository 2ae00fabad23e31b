"""The peers, and the way in which tests are run for each of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from .cases import Case
from .chromium import Chromium
from .firefox import Firefox
from .gnutls import GnuTLS
from .go import Go
from .java import Java
from .node import Node
from .nss import NSS
from .openssl import Curl, OpenSSL
from .peer import Peer
from .rustls import Rustls
from .wolfssl import WolfSSL

PEERS: tuple[Peer, ...] = (
    OpenSSL(),
    Curl(),
    GnuTLS(),
    NSS(),
    Go(),
    Java(),
    Node(),
    Rustls(),
    WolfSSL(),
    Chromium(),
    Firefox(),
)


def each_peer() -> pytest.MarkDecorator:
    """Run the test once for each `peer`."""
    return pytest.mark.parametrize(
        "peer",
        [pytest.param(peer, id=peer.id, marks=pytest.mark.xdist_group(peer.id)) for peer in PEERS],
        indirect=True,
    )


def each_peer_and(cases: Sequence[Case]) -> pytest.MarkDecorator:
    """Run the test once for each `peer` and `case`, a peer's cases together, since starting it is what costs."""
    return pytest.mark.parametrize(
        ("peer", "case"),
        [
            pytest.param(peer, case, id=f"{peer.id}-{case.id}", marks=pytest.mark.xdist_group(peer.id))
            for peer in PEERS
            for case in cases
        ],
        indirect=["peer"],
    )
