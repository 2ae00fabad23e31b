"""The story is told once; its device boots for help pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from help_device import Device, Ports

from installed import Command
from told import retell


@pytest.fixture(scope="session")
def device(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Device:
    made = Device(retell(tmp_path_factory.mktemp("help"), dotlocal))
    made.settle()
    return made


@pytest.fixture(scope="session")
def service(device: Device) -> Iterator[Ports]:
    """One service for all: it follows whatever set is current."""
    device.settle()
    with device.served() as found:
        yield found


@pytest.fixture
def ports(device: Device, service: Ports) -> Ports:
    """The service with a fresh set, whatever the test before has left."""
    device.configure()
    device.boot()
    return service
