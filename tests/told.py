"""The story, told once with the installed command, for every test that wants a device that was really made."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installed import PROJECT, Command

STORY = PROJECT / "examples" / "story.sh"


@dataclass(frozen=True)
class Told:
    """A folder in which `examples/story.sh` was run."""

    folder: Path
    command: Command

    @property
    def root(self) -> Path:
        return self.folder / "root" / "root.pem"

    def device(self, number: str) -> Path:
        return self.folder / f"press-{number}"

    def boot_words(self, number: str) -> list[str]:
        """`device boot`, for one of the two devices."""
        device = self.device(number)
        places = ["--state", f"{device}/state", "--run", f"{device}/run", "--config", f"{device}/device.toml"]
        return ["device", "boot", *places]

    def boot(self, number: str) -> None:
        self.command.ok(*self.boot_words(number))

    @contextmanager
    def served(
        self, number: str, *words: str, listen: str = "127.0.0.1:0", before: tuple[str, ...] = ()
    ) -> Iterator[int]:
        """`device serve` in front of a folder, on a port of loopback; `before` as in `Command`."""
        www = self.device(number) / "www"
        www.mkdir(exist_ok=True)
        (www / "index.html").write_text(f"<p>press-{number}</p>")
        run = ["--run", f"{self.device(number)}/run"]
        served = ["device", "serve", "--listen", listen, "--folder", str(www), *run, *words]
        server = self.command.start(*served, before=before)
        try:
            yield _port(server)
        finally:
            server.terminate()
            server.wait(timeout=10)
            for pipe in (server.stdout, server.stderr):
                if pipe:
                    pipe.close()


def tell(folder: Path, command: Command, *, constrain_root: bool = True) -> Told:
    """Run the story; with an open root when told so, which the script itself has no word for."""
    script = STORY.read_text()
    if not constrain_root:
        opened = "sed -i 's/^constrain_root = true/constrain_root = false/' \"$dir/plan.toml\"\n"
        script = script.replace('dotlocal root create "$dir/plan.toml" --rehearse\n', opened)
    environment = command.env()
    environment["PATH"] = f"{command.path.parent}:{environment['PATH']}"
    done = subprocess.run(
        ["sh", "-c", script, "story.sh", str(folder)], env=environment, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    return Told(folder, command)


def retell(folder: Path, command: Command) -> Told:
    """The same, of a story that one test run tells once: a copy of it, whose devices have booted where they are now.

    For whoever doesn't mind that others have devices of the same root, with the same keys.
    """
    installations = command.path.parents[2]
    if command.environment or not (installations / "done").exists():
        return tell(folder, command)
    master = installations / "story"
    with (installations / "story.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (installations / "story.told").exists():
            shutil.rmtree(master, ignore_errors=True)
            tell(master, command)
            (installations / "story.told").touch()
    shutil.copytree(master, folder, symlinks=True, dirs_exist_ok=True)
    told = Told(folder, command)
    for number in ("07", "08"):
        told.boot(number)
    return told


def _port(server: subprocess.Popen[bytes]) -> int:
    told = b""
    while server.stderr and (line := server.stderr.readline()):
        told += line
        if found := re.search(rb"serving https on \S+ port (\d+)", line):
            return int(found[1])
    raise AssertionError(f"it does not serve: {told.decode()}")
