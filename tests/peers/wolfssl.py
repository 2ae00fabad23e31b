"""wolfSSL, through ctypes, in a process of its own."""

from __future__ import annotations

import ctypes.util
import sys
from collections.abc import Sequence
from pathlib import Path

from .children import CLIENTS, LineClient


class WolfSSL(LineClient):
    id = "wolfssl"

    def missing(self) -> str | None:
        return None if ctypes.util.find_library("wolfssl") else "libwolfssl not found: install libwolfssl35"

    def command(self, scratch: Path) -> Sequence[str | Path]:
        return [sys.executable, "-I", CLIENTS / "wolfssl.py", ctypes.util.find_library("wolfssl") or ""]
