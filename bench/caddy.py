"""Caddy with a certificate of its internal CA, for the same name as the device's."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from stopwatch import Started

from device import NAME

_CONFIG = """\
{{
	admin off
	persist_config off
	skip_install_trust
	auto_https disable_redirects
}}
https://{name}:{port} {{
	tls internal
	respond ok
}}
"""


def program() -> str | None:
    """The binary, beside this Python or on the PATH."""
    beside = Path(sys.executable).with_name("caddy")
    return str(beside) if beside.exists() else shutil.which("caddy")


@dataclass(frozen=True)
class Caddy:
    """A home folder, in which its CA stays from run to run, as the device's does."""

    binary: str
    home: Path

    @property
    def root(self) -> Path:
        """What clients trust; made at the first start."""
        return self.home / "caddy/pki/authorities/local/root.crt"

    def forget_certificate(self) -> None:
        """The server certificate of the run before: a boot makes a new one, too."""
        shutil.rmtree(self.home / "caddy/certificates", ignore_errors=True)

    def start(self, port: int) -> Started:
        """`caddy run`, on a port of loopback."""
        self.home.mkdir(exist_ok=True)
        config = self.home / "Caddyfile"
        config.write_text(_CONFIG.format(name=NAME, port=port))
        home = str(self.home)
        environment = {**os.environ, "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
        return Started([self.binary, "run", "--adapter", "caddyfile", "--config", str(config)], environment)
