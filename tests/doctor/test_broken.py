"""Devices that were broken on purpose: doctor names the cause first, and the right person to act."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from patients import PATIENTS, Bed, Patient

from installed import Command, Done

PATIENCE = 12.0  # seconds for a whole diagnosis, whatever the device does
EVERY = pytest.mark.parametrize("patient", PATIENTS, ids=lambda each: each.name)


def ask(dotlocal: Command, bed: Bed, port: int, *words: str) -> Done:
    """`dotlocal doctor`, at what the bed's host is, on loopback."""
    host = f"[{bed.host}]" if ":" in bed.host else bed.host
    place = ["--address", "127.0.0.1", "--timeout", "2"]
    return dotlocal("doctor", f"{host}:{port}", *place, *bed.words, *words, **bed.environment)


@EVERY
def test_the_cause_is_named_first(patient: Patient, dotlocal: Command, tmp_path: Path) -> None:
    """Its code, its actor, the exit status; in time."""
    bed = Bed(tmp_path)
    with patient.breaks(bed) as port:
        started = time.monotonic()
        done = ask(dotlocal, bed, port, "--json")
    assert time.monotonic() - started < PATIENCE
    report = json.loads(done.out)
    assert report["findings"], report
    first = report["findings"][0]
    assert (first["code"], first["who"]) == (patient.code, patient.who), report["findings"]
    assert done.status == patient.status
    assert report["accepted"] is not bool(patient.status)
    assert first["hint"]
