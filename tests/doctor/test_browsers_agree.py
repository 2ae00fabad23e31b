"""Chromium, Firefox, NSS and OpenSSL judge the same devices: doctor has no alarm of its own, and misses none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from healthy import HEALTHY, Serve
from patients import PATIENTS, Bed, Patient

from dotlocal.core.codes import doctor
from peers.chromium import Chromium
from peers.firefox import Firefox
from peers.nss import NSS
from peers.openssl import OpenSSL
from peers.peer import Peer

pytestmark = [pytest.mark.long, pytest.mark.peer, pytest.mark.xdist_group("doctor-browsers")]
PEERS: tuple[Peer, ...] = (OpenSSL(), Chromium(), NSS(), Firefox())
# NSS's own client judges as Firefox did once: it wants keyEncipherment of RSA keys that only sign
ACCEPTING = [peer for peer in PEERS if not isinstance(peer, NSS)]

# what browsers can't be asked about: before there is a certificate, thresholds, clocks that are faked for doctor alone
_UNASKED = {*(row.code for row in doctor.WAY.rows), "days-left", "old-session", "this-clock"}
JUDGED = [each for each in PATIENTS if each.status and each.code not in _UNASKED]


@pytest.fixture(scope="module", autouse=True)
def _peers() -> Iterator[None]:
    missing = [reason for peer in PEERS if (reason := peer.missing())]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(str(missing), pytrace=False)
    if missing:
        pytest.skip(str(missing))
    yield
    for peer in PEERS:
        peer.close()


def verdict(peer: Peer, bed: Bed, port: int) -> str:
    """What it says, in its own words; empty: accepted."""
    named = [Path(after) for word, after in zip(bed.words, bed.words[1:], strict=False) if word == "--root"]
    root = named[0] if named else Path(bed.environment["SSL_CERT_FILE"])
    try:
        said = peer.visit(root, bed.host, port)
    except Exception as trouble:  # Firefox has error pages without an error to be read
        return f"trouble: {trouble}"
    return "" if said.accepted else said.says or "refused"


@pytest.mark.parametrize("patient", JUDGED, ids=lambda each: each.name)
def test_what_doctor_refuses_is_refused(patient: Patient, tmp_path: Path) -> None:
    """By one of them at least; the one that starts fastest is asked first."""
    bed = Bed(tmp_path)
    with patient.breaks(bed) as port:
        assert any(verdict(peer, bed, port) for peer in PEERS), patient.code


@pytest.mark.parametrize("serve", HEALTHY, ids=lambda each: each.__name__)
def test_what_doctor_accepts_is_accepted(serve: Serve, tmp_path: Path) -> None:
    """By all of them but NSS's own client."""
    bed = Bed(tmp_path)
    with serve(bed) as port:
        assert [said for peer in ACCEPTING if (said := verdict(peer, bed, port))] == []
