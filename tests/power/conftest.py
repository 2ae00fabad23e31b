"""The devices of tests/device, for tests that pull their plug or break their disk."""

from __future__ import annotations

import io
import os
import posix
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from dotlocal.core.window import DAY
from dotlocal.device import adoption, configuration
from dotlocal.device.store import State
from dotlocal.host import child, clock
from dotlocal.testing import World

sys.path.append(str(Path(__file__).resolve().parents[1] / "device"))

from life import SETTINGS, Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("power")
    (folder / "disk").mkdir()
    (folder / "device.toml").write_text(SETTINGS)
    return Home(folder / "disk", folder / "device.toml", World(now=clock.now() - DAY))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child processes of a boot in this process, and a disk without a plug."""

    def in_process(module: str, *words: str) -> str:
        with redirect_stdout(io.StringIO()) as told:
            configuration.main(*words) if module.endswith("configuration") else adoption.heal(State(*words))
        return told.getvalue()

    monkeypatch.setattr(child, "answer", in_process)
    for module in (os, posix):
        monkeypatch.setattr(module, "fsync", lambda descriptor: None)
