"""The devices of tests/device, for tests that pull their plug."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "device"))
