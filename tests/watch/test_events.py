"""Files that a watching device follows, whatever becomes of the folders that they are in (inotify(7))."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dotlocal.device.watch.events import File


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "timesync" / "synchronized"


@pytest.fixture
def file(path: Path) -> Iterator[File]:
    path.parent.mkdir(parents=True)
    file = File(str(path), "clock")
    yield file
    os.close(file.fileno())


def test_the_file_itself_and_no_other(path: Path, file: File) -> None:
    """Written, replaced and removed: each is heard once; its neighbours are not."""
    for change in (path.touch, lambda: os.replace(_new(path), path), path.unlink):
        change()
        assert file.heard()
        assert not file.heard()
    _new(path).unlink()
    assert not file.heard()


@pytest.mark.parametrize("step", [True, False])
def test_a_folder_that_comes_later(path: Path, step: bool) -> None:
    """The way to it is made, folder by folder or at one go: nothing of that is the file, and then it is there."""
    file = File(str(path), "clock")
    for folder in (path.parent.parent, path.parent):
        folder.mkdir()
        assert not (step and file.heard())
    path.touch()
    assert file.heard()
    path.write_text("again")
    assert file.heard()
    os.close(file.fileno())


@pytest.mark.parametrize("above", [0, 1])
def test_a_service_that_is_restarted(path: Path, file: File, above: int) -> None:
    """Its folder goes when it ends, and another one comes: what appears in that one is heard of."""
    path.touch()
    assert file.heard()
    shutil.rmtree(path.parents[above])
    assert file.heard()  # it is gone
    path.parent.mkdir(parents=True)
    assert not file.heard()
    path.touch()
    assert file.heard()


def test_a_folder_that_is_replaced(path: Path, file: File) -> None:
    """Another folder is moved in its place, with the file in it; the old one is nobody's business any more."""
    other, old = path.parents[1] / "new", path.parents[1] / "old"
    other.mkdir()
    (other / path.name).touch()
    path.parent.rename(old)
    other.rename(path.parent)
    assert file.heard()
    (old / path.name).write_text("again")
    assert not file.heard()
    path.write_text("again")
    assert file.heard()


def test_more_changes_than_the_kernel_counts(path: Path, file: File) -> None:
    """Its queue overflows, and with it the news of the file is lost: then it may have changed."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(most // 2 + 1):
        _new(path).unlink()
    path.touch()
    assert file.heard()
    assert not file.heard()
    path.write_text("again")
    assert file.heard()


def _new(path: Path) -> Path:
    new = path.with_name("new")
    new.touch()
    return new
