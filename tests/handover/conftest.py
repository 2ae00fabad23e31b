"""The story is told once, in a folder that web servers of another user can reach."""

from __future__ import annotations

import pytest
from handed_device import Device

from installed import Command
from told import Told, tell


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    folder = tmp_path_factory.mktemp("handover")
    for above in (folder, folder.parent, folder.parent.parent):
        above.chmod(above.stat().st_mode | 0o055)
    return tell(folder, dotlocal)


@pytest.fixture
def device(story: Told) -> Device:
    """With a fresh set, and nobody to hand it over to."""
    made = Device(story, story.device("07"))
    made.configure()
    made.boot()
    return made
