"""A vendor, and a device of it that was adopted; tests that want another device make it of this one."""

from __future__ import annotations

from pathlib import Path

import pytest
from booting import Device, make_device

from dotlocal.testing import World


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture
def device(tmp_path: Path, world: World) -> Device:
    return make_device(tmp_path, world=world)
