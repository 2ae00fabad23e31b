"""A device of the story with pages of its own: copied, booted, with a password, and served as it is installed."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from box import options_of

from dotlocal.device.owned.steps import Owned
from folders import Folders
from installed import Command, Done
from told import Told

NAME, ADDRESS = "press-07.local", "192.168.77.7"
PASSWORD = "correct horse battery"
PATIENCE = 20.0
SETTINGS = f"""
hostnames = ["{NAME}"]
addresses = ["{ADDRESS}"]
interfaces = ["none"]
suffixes = false
"""


@dataclass(frozen=True)
class PagesDevice(Folders):
    """Its folder, and the command that does everything."""

    path: Path
    command: Command
    root: Path  # of the vendor

    @classmethod
    def copy(cls, told: Told, folder: Path) -> PagesDevice:
        folder.mkdir()
        shutil.copytree(told.device("07") / "state", folder / "state")
        (folder / "device.toml").write_text(SETTINGS)
        made = cls(folder, told.command, told.root)
        made("device", "boot")
        made.set_password(PASSWORD)
        return made

    @property
    def places(self) -> list[str]:
        return [f"--state={self.state}", f"--run={self.run}", f"--config={self.config}"]

    @property
    def owned(self) -> Owned:
        return Owned(options_of(self.path))

    def __call__(self, *words: str) -> Done:
        return self.command.ok(*words, *self.places)

    def set_password(self, password: str) -> None:
        file = self.path / "password"
        file.write_text(f"{password}\n")
        self("device", "own", "password", f"--password-file={file}")

    @contextmanager
    def pages(self, *words: str) -> Iterator[int]:
        """`device own serve` on a port of this machine's own."""
        with self._started("own pages", "device", "own", "serve", "--listen=127.0.0.1:0", *self.places, *words) as port:
            yield port

    @contextmanager
    def served(self) -> Iterator[int]:
        """The pages, and `device serve` in front of them; yields the port of HTTPS."""
        with (
            self.pages("--proxy-protocol") as behind,
            self._started(
                "serving https", "device", "serve", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{behind}",
                "--proxy-protocol", "2", "--run", str(self.run),
            ) as port,
        ):  # fmt: skip
            yield port

    @contextmanager
    def _started(self, said: str, *words: str) -> Iterator[int]:
        server = self.command.start(*words)
        assert server.stderr
        told = ""
        try:
            while not (found := re.search(rf"{said} on \S+ port (\d+)", told)):
                line = server.stderr.readline().decode()
                assert line, told
                told += line
            yield int(found[1])
        finally:
            server.terminate()
            _, rest = server.communicate(timeout=PATIENCE)
            assert b"Traceback" not in rest, rest.decode()
            assert b"error" not in rest, rest.decode()

    def end_timers(self) -> None:
        """The shells that sleep until a probation is over."""
        listed = subprocess.run(["pgrep", "-f", f"dotlocal-probation.*{self.path}/"], capture_output=True, text=True)
        for number in listed.stdout.split():
            with contextlib.suppress(OSError):
                os.killpg(int(number), signal.SIGTERM)
