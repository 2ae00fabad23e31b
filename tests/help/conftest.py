"""The story is told once; its device boots for help pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from help_device import Device, Ports

from installed import Command
from told import tell


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Device:
    made = Device(tell(tmp_path_factory.mktemp("help"), dotlocal))
    made.configure()
    made.boot()
    return made


@pytest.fixture
def ports(device: Device) -> Iterator[Ports]:
    """A fresh set, served."""
    device.configure()
    device.boot()
    with device.served() as found:
        yield found
