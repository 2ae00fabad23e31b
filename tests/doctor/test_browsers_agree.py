"""Chromium, Firefox and OpenSSL judge the same devices: doctor has no alarm of its own, and misses none of theirs."""

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
from peers.openssl import OpenSSL
from peers.peer import Peer, Trouble

pytestmark = [pytest.mark.long, pytest.mark.peer, pytest.mark.xdist_group("doctor-browsers")]
PEERS: tuple[Peer, ...] = (Chromium(), Firefox(), OpenSSL())

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


def verdicts(bed: Bed, port: int) -> dict[str, str]:
    """What each of them says, in its own words; empty: accepted."""
    named = [Path(after) for word, after in zip(bed.words, bed.words[1:], strict=False) if word == "--root"]
    root = named[0] if named else Path(bed.environment["SSL_CERT_FILE"])
    said = {}
    for peer in PEERS:
        try:
            verdict = peer.visit(root, bed.host, port)
            said[peer.id] = "" if verdict.accepted else verdict.says or "refused"
        except Trouble as trouble:
            said[peer.id] = f"trouble: {trouble}"
    return said


@pytest.mark.parametrize("patient", JUDGED, ids=lambda each: each.name)
def test_what_doctor_refuses_is_refused(patient: Patient, tmp_path: Path) -> None:
    """By one of the three at least."""
    bed = Bed(tmp_path)
    with patient.breaks(bed) as port:
        said = verdicts(bed, port)
    assert any(said.values()), patient.code


@pytest.mark.parametrize("serve", HEALTHY, ids=lambda each: each.__name__)
def test_what_doctor_accepts_is_accepted(serve: Serve, tmp_path: Path) -> None:
    """By all of them."""
    bed = Bed(tmp_path)
    with serve(bed) as port:
        said = verdicts(bed, port)
    assert not any(said.values()), said
