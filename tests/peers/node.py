"""Node: OpenSSL's path checks, and a check of host names written in JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .children import CLIENTS, LineClient, lacking


class Node(LineClient):
    id = "node"

    def missing(self) -> str | None:
        return lacking("node", package="nodejs")

    def command(self, scratch: Path) -> Sequence[str | Path]:
        return ["node", CLIENTS / "node.mjs"]
