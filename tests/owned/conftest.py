"""Devices of tests/device, and a customer with a CA of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "device"))

from box import Box, make_box
from customer import Customer

from dotlocal.testing import World


@pytest.fixture(scope="session")
def world() -> World:
    """A vendor whose devices were made a day ago."""
    return make_box.world()


@pytest.fixture(scope="session")
def customer() -> Customer:
    """A customer with a root and an intermediate CA."""
    return Customer()


@pytest.fixture
def box(tmp_path: Path, world: World) -> Box:
    """An adopted, booted device that answers to press-07.local and 192.168.77.7."""
    return make_box(tmp_path, world)
