"""rustls with webpki, as Deno brings it.

Deno and not uv, though uv is smaller: uv can only be led to 127.0.0.1 through a proxy, and there its HTTP client takes
`[fd00::7]`, brackets included, for the server's name, and never looks at the certificate.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .children import CLIENTS, LineClient, cache


class Rustls(LineClient):
    id = "rustls"

    def missing(self) -> str | None:
        return None if _deno() else "deno not found: install deno from PyPI"

    def command(self, scratch: Path) -> Sequence[str | Path]:
        allowed = ["--allow-net=127.0.0.1", "--allow-read"]
        return [_deno() or "deno", "run", "--no-config", "--no-remote", *allowed, CLIENTS / "deno.mjs"]


def _deno() -> str | None:
    """On the PATH, next to this Python, or where `scripts/install-peers` puts it."""
    places = [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent), str(cache() / "bin")]
    return shutil.which("deno", path=os.pathsep.join(places))
