"""Devices of tests/device, the disk of tests/power, and a customer with a CA of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

for folder in ("device", "power"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / folder))

if TYPE_CHECKING:
    from box import Box
    from customer import Customer

    from dotlocal.testing import World


@pytest.fixture(scope="session")
def world() -> World:
    """A vendor whose devices were made a month ago."""
    from box import make_world

    return make_world()


@pytest.fixture(scope="session")
def customer() -> Customer:
    """A customer with a root and an intermediate CA."""
    from customer import Customer

    return Customer()


@pytest.fixture
def box(tmp_path: Path, world: World) -> Box:
    """An adopted, booted device that answers to press-07.local and 192.168.77.7."""
    from box import make_box

    return make_box(tmp_path, world)
