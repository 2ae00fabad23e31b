"""A device that was really made and is served, and a computer that may or may not trust its root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from computer import Computer, computer
from installed import Command
from told import Told, retell


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    """The vendor's story, told once: a root, a station, two devices."""
    return retell(tmp_path_factory.mktemp("told"), dotlocal)


@pytest.fixture(scope="session")
def device(told: Told) -> Iterator[str]:
    """press-07, booted and served: HOST:PORT, as a person would name it."""
    with told.served("07") as port:
        yield f"press-07.local:{port}"


@pytest.fixture
def desk(tmp_path: Path, dotlocal: Command) -> Iterator[Computer]:
    """A computer whose stores have not heard of the root."""
    with computer(tmp_path, dotlocal) as made:
        yield made
