"""What several folders of tests need: the command as it is installed, with its dependencies and without any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installed import Command, build


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the environments `full` and `bare`, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    return build(shared / "installations")


@pytest.fixture(scope="session")
def dotlocal(request: pytest.FixtureRequest) -> Command:
    """The installed command; `DOTLOCAL_COMMAND` names another one to be tested."""
    if named := os.environ.get("DOTLOCAL_COMMAND"):
        return Command(Path(named))
    installations: Path = request.getfixturevalue("installations")
    return Command(installations / "full" / "bin" / "dotlocal")


@pytest.fixture(scope="session")
def bare(installations: Path) -> Command:
    """The installed command in an environment that has nothing but the wheel."""
    return Command(installations / "bare" / "bin" / "dotlocal")
