"""Where a device of a test keeps what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Folders:
    """State, run directory and settings, side by side below `path`."""

    path: Path

    @property
    def state(self) -> Path:
        return self.path / "state"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def config(self) -> Path:
        return self.path / "device.toml"

    @property
    def status(self) -> dict[str, Any]:
        """What status.json says of the current set."""
        found: dict[str, Any] = json.loads((self.run / "current" / "status.json").read_text())
        return found
