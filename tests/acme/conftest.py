"""One story, and one plant, for all that talk to ACME servers with the installed command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from plants import Device, device_in, plant_of

from installed import Command
from namespaces import Host
from told import Told, tell


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return tell(tmp_path_factory.mktemp("acme"), dotlocal)


@pytest.fixture(scope="session")
def plant() -> Iterator[Host]:
    with plant_of() as made:
        yield made


@pytest.fixture
def device(told: Told, plant: Host, tmp_path: Path) -> Device:
    """A copy of press-07, booted in the plant."""
    return device_in(plant, told, tmp_path)
