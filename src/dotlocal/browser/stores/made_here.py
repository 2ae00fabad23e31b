"""Databases that were made here: a mark beside them, so that removing the root removes them as well."""

from __future__ import annotations

import os
from collections.abc import Sequence

from dotlocal.core.errors import Refused
from dotlocal.host import files

MARK = "made-by-dotlocal"
_MOST = 64


def folders(path: str) -> list[str]:
    """Make a folder and those above it; which ones were missing, the innermost first."""
    missing = []
    each = path
    while not os.path.isdir(each):
        missing.append(each)
        each = os.path.dirname(each)
    files.folder(path, mode=0o700)
    return missing


def mark(folder: str, made: Sequence[str]) -> None:
    """Write down that the database in the folder was made here, and which folders with it."""
    files.write(os.path.join(folder, MARK), "\n".join(made).encode(), mode=0o600)


def marked(folder: str) -> list[str] | None:
    """The folders that were made along with the database; None when it is somebody else's."""
    try:
        lines = files.read(os.path.join(folder, MARK), most=_MOST << 12).decode(errors="replace").split("\n")
    except Refused:
        return None
    # what stands there is a hint: only folders above the database are ever removed, and only empty ones
    return [line for line in lines[:_MOST] if line and (folder + "/").startswith(line + "/")]


def unmark(folder: str) -> None:
    """Forget that the database was made here."""
    files.remove(os.path.join(folder, MARK))


def remove(folder: str, names: Sequence[str], made: Sequence[str]) -> None:
    """Remove the files, the mark, and the folders that were made and are empty."""
    for name in (*names, MARK):
        for suffix in ("", "-journal", "-wal", "-shm"):
            files.remove(os.path.join(folder, name + suffix))
    for each in sorted(made, key=len, reverse=True):
        try:
            os.rmdir(each)
        except OSError:
            return
