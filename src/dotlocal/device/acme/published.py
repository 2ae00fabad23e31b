"""Answers in the run directory, for `device serve`: readable by whoever may read run/current, and gone afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dotlocal.device.store import Run
from dotlocal.host import files


@contextmanager
def published(run: Run, folder: str, contents: Mapping[str, bytes]) -> Iterator[None]:
    """Files (name to contents) in a folder of the run directory, as long as the context lasts; refuses
    `file-unwritable`.
    """
    place = os.path.join(run.path, folder)
    group = _readers(run)
    try:
        files.folder(place, mode=0o700 if group is None else 0o750)
        if group is not None:
            os.chown(place, -1, group)
        for name, data in contents.items():
            files.write(os.path.join(place, name), data, mode=0o600 if group is None else 0o640, group=group)
        yield
    finally:
        for name in contents:
            files.remove(os.path.join(place, name))
        try:
            os.rmdir(place)
        except OSError:
            pass  # somebody else's challenge is still in it


def _readers(run: Run) -> int | None:
    try:
        current = os.stat(run.current)
    except OSError:
        return None
    return current.st_gid if current.st_mode & 0o040 else None
