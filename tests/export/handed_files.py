"""Finding one's way in an export."""

from __future__ import annotations

from pathlib import Path


def only(folder: Path, pattern: str) -> Path:
    """The one file that fits."""
    (found,) = folder.rglob(pattern)
    return found
