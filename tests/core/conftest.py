"""One vendor and one device for every test that changes neither."""

from __future__ import annotations

import pytest

from dotlocal.testing import Device, World


@pytest.fixture(scope="session")
def world() -> World:
    """A vendor: constrained root, one station."""
    return World()


@pytest.fixture(scope="session")
def press(world: World) -> Device:
    """The device SN0007 of that vendor."""
    return world.device("SN0007")
