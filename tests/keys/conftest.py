"""Devices whose keys live in a plain file, a sealed one, a TPM, and a PKCS#11 token."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "device"))

from keyed import Keyed
from tokens import SoftwareToken, SoftwareTpm

from installed import Command


@pytest.fixture
def device(request: pytest.FixtureRequest, tmp_path: Path, dotlocal: Command) -> Iterator[Keyed]:
    """A device that was made, with its key in the place that the test is parametrised with."""
    place = request.param(tmp_path)
    yield Keyed(tmp_path, dotlocal, place).made()
    place.close()


@pytest.fixture
def tpm(tmp_path: Path) -> Iterator[SoftwareTpm]:
    tpm = SoftwareTpm(tmp_path)
    yield tpm
    tpm.close()


@pytest.fixture
def token(tmp_path: Path) -> SoftwareToken:
    return SoftwareToken(tmp_path)
