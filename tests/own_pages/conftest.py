"""The story is told once; its device has pages for its owner's certificate. And a customer's CA, by OpenSSL."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from installed import Command
from told import Told, tell

for folder in ("help", "owned", "acme", "device", "handover"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / folder))

if TYPE_CHECKING:
    from authorities import OpenSSL
    from pages_device import PagesDevice


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return tell(tmp_path_factory.mktemp("own-pages"), dotlocal)


@pytest.fixture(scope="session")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpenSSL:
    from authorities import openssl_ca

    return openssl_ca(tmp_path_factory.mktemp("customer") / "works")


@pytest.fixture
def device(told: Told, tmp_path: Path) -> Iterator[PagesDevice]:
    """A copy of press-07, booted, with a password."""
    from pages_device import PagesDevice

    made = PagesDevice.copy(told, tmp_path / "press")
    yield made
    made.end_timers()
