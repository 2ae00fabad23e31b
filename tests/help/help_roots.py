"""A browser's own list of roots, changed while the browser is closed."""

from __future__ import annotations

import subprocess
from pathlib import Path

_NAME = "the vendor's root"


def import_root(root: Path, database: Path) -> None:
    database.mkdir(parents=True, exist_ok=True)
    if not (database / "cert9.db").exists():
        _certutil("-N", "-d", f"sql:{database}", "--empty-password")
    _certutil("-A", "-d", f"sql:{database}", "-n", _NAME, "-t", "C,,", "-i", str(root))


def remove_root(database: Path) -> None:
    _certutil("-D", "-d", f"sql:{database}", "-n", _NAME)


def _certutil(*words: str) -> None:
    subprocess.run(["certutil", *words], stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=20)
