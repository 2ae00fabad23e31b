"""The device that is measured: press-07 of examples/story.sh, and the installed commands for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
NAME = "press-07.local"


@dataclass(frozen=True)
class Device:
    """Folders and commands of a device that was really made."""

    folder: Path  # of the story

    @property
    def root(self) -> Path:
        """What clients trust."""
        return self.folder / "root" / "root.pem"

    @property
    def places(self) -> list[str]:
        """Where the device keeps things, as options."""
        at = self.folder / "press-07"
        return ["--state", f"{at}/state", "--run", f"{at}/run", "--config", f"{at}/device.toml"]

    @property
    def boot(self) -> list[str]:
        """The installed command."""
        return [str(_installed()), "device", "boot", "--quiet", *self.places]

    @property
    def bare_boot(self) -> list[str]:
        """The same as our unit starts it, without Python's site."""
        return [*_bare(), "boot", "--quiet", *self.places]

    @property
    def watch(self) -> list[str]:
        """As our unit starts it."""
        return [*_bare(), "watch", *self.places]

    def forget_boot(self) -> None:
        """As after a power cut: nothing is left of run/."""
        shutil.rmtree(self.folder / "press-07" / "run", ignore_errors=True)

    def serve(self, port: int) -> list[str]:
        """As our unit starts it, in front of a back end that nobody asks."""
        return [*_bare(), "serve", *_listen(port), "--wait", "9", "--run", f"{self.folder}/press-07/run"]

    def serve_and_boot(self, port: int) -> list[str]:
        """The same in one command, which boots beside."""
        return [*_bare(), "serve", "--boot", *_listen(port), *self.places]


@contextmanager
def made() -> Iterator[Device]:
    """On a tmpfs, where there is one, since that is what /run is."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="dotlocal-bench-", dir=shared) as folder:
        environment = {**os.environ, "PATH": f"{_installed().parent}:{os.environ['PATH']}"}
        story = [str(HERE / "examples" / "story.sh"), f"{folder}/story"]
        subprocess.run(story, env=environment, check=True, capture_output=True)
        yield Device(Path(folder) / "story")


def _listen(port: int) -> list[str]:
    return ["--listen", f"127.0.0.1:{port}", "--to", "127.0.0.1:9"]


def _installed() -> Path:
    return Path(sys.executable).parent / "dotlocal"


@cache
def _bare() -> tuple[str, ...]:
    asked = [sys.executable, "-c", "from dotlocal.device.install import bare; print(bare())"]
    return tuple(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split())
