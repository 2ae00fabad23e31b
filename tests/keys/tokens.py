"""Real places for keys, by real programs: swtpm, SoftHSM, systemd-creds; they go away, come back, and are replaced."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tools import package, program

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm.so", "/usr/lib/pkcs11/libsofthsm2.so")
PIN = "271828"
_SECONDS = 10


class PlainFile:
    """The default: nothing that can go away."""

    kind = "file"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}

    @property
    def settings(self) -> str:
        """The `[key]` table."""
        return ""

    def away(self) -> None:
        """Nobody answers any more."""

    def back(self) -> None:
        """As it was before."""

    def replaced(self) -> None:
        """In its stead there is another one of its kind, with the same name and the same PIN."""

    def close(self) -> None:
        """End what was started."""


class SealedFile(PlainFile):
    """A file that systemd-creds has sealed for this machine."""

    kind = "sealed"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        tried = subprocess.run([program("systemd-creds"), "encrypt", "-", "-"], input=b"x", capture_output=True)
        if tried.returncode:
            pytest.skip(f"systemd-creds may not seal here: {tried.stderr.decode().strip()}")

    @property
    def settings(self) -> str:
        return '[key]\nkind = "file"\nsealed = true\n'


class SoftwareTpm(PlainFile):
    """swtpm behind a Unix socket; what it keeps is in `folder/tpm`."""

    kind = "tpm"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.socket = folder / "tpm.socket"
        self._process: subprocess.Popen[bytes] | None = None
        self.back()

    @property
    def settings(self) -> str:
        return f'[key]\nkind = "tpm"\ndevice = "{self.socket}"\n'

    def back(self) -> None:
        state = self.folder / "tpm"
        state.mkdir(exist_ok=True)
        sockets = ["--server", f"type=unixio,path={self.socket}", "--ctrl", f"type=unixio,path={self.socket}.ctrl"]
        flags = ["--flags", "not-need-init,startup-clear"]
        self._process = subprocess.Popen(
            [program("swtpm"), "socket", "--tpm2", "--tpmstate", f"dir={state}", *sockets, *flags]
        )
        deadline = time.monotonic() + _SECONDS
        while not self.socket.exists() or not Path(f"{self.socket}.ctrl").exists():
            assert time.monotonic() < deadline, "swtpm does not start"
            time.sleep(0.01)

    def away(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        for path in (self.socket, Path(f"{self.socket}.ctrl")):
            path.unlink(missing_ok=True)

    def restart(self) -> None:
        """As after a reset: what was loaded is forgotten."""
        self.away()
        self.back()

    def replaced(self) -> None:
        self.away()
        shutil.rmtree(self.folder / "tpm")
        self.back()

    def close(self) -> None:
        self.away()


class SoftwareToken(PlainFile):
    """A SoftHSM token named press-07; it is away when its folder is."""

    kind = "pkcs11"

    def __init__(self, folder: Path) -> None:
        package("pkcs11")
        super().__init__(folder)
        self.tokens = folder / "tokens"
        self.pin_file = folder / "pin"
        self.pin_file.write_text(f"{PIN}\n")
        configuration = folder / "softhsm2.conf"
        configuration.write_text(f"directories.tokendir = {self.tokens}\n")
        self.environment = {"SOFTHSM2_CONF": str(configuration)}
        self._initialise()

    @property
    def module(self) -> str:
        return next(path for path in MODULES if os.path.exists(path))

    @property
    def settings(self) -> str:
        lines = f'module = "{self.module}"\ntoken = "press-07"\npin_file = "{self.pin_file}"\n'
        return f'[key]\nkind = "pkcs11"\n{lines}'

    def away(self) -> None:
        self.tokens.rename(self.folder / "tokens-away")
        self.tokens.mkdir()

    def back(self) -> None:
        self.tokens.rmdir()
        (self.folder / "tokens-away").rename(self.tokens)

    def replaced(self) -> None:
        shutil.rmtree(self.tokens)
        self._initialise()

    def _initialise(self) -> None:
        self.tokens.mkdir()
        named = ["--init-token", "--free", "--label", "press-07", "--so-pin", "31415926", "--pin", PIN]
        environment = {**os.environ, **self.environment}
        subprocess.run([program("softhsm2-util"), *named], check=True, capture_output=True, env=environment)


PLACES = (PlainFile, SealedFile, SoftwareTpm, SoftwareToken)
TOKENS = (SoftwareTpm, SoftwareToken)
