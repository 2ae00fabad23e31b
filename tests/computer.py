"""A customer's computer for one test: a home of its own, and private copies of everything that is the system's.

All of it is real: Debian's store and its hooks, Java, NSS, the browsers. What is written goes to a file system in
memory that is seen in one mount namespace alone, and is gone with it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from installed import Command, Done
from tools import lacking

_OVERLAID = ("/etc", "/usr/local/share/ca-certificates", "/var/lib/dpkg", "/var/lib/ca-certificates-java")
_MOUNTS = """
set -e
memory=$1; mount -t tmpfs private "$memory"; shift
for folder; do
    layer="$memory/$(echo "$folder" | tr / _)"
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay private -o "lowerdir=$folder,upperdir=$layer/upper,workdir=$layer/work" "$folder"
done
cp /etc/hosts "$memory/hosts"
echo "127.0.0.1 press-07.local" >> "$memory/hosts"
mount --bind "$memory/hosts" /etc/hosts
echo ready
exec sleep infinity
"""
PATIENCE = 120


@dataclass(frozen=True)
class Computer:
    """`inside` are words in front of a command that runs there."""

    home: Path
    dotlocal: Command
    inside: tuple[str, ...]

    def trust(self, *words: str | Path, **more: str) -> Done:
        """`dotlocal trust …` on this computer."""
        return self.dotlocal("trust", *words, before=self.inside, HOME=str(self.home), **more)

    def report(self, *words: str | Path, status: int = 0, **more: str) -> dict[str, Any]:
        """The same with --json: the report, after a look at the exit status."""
        done = self.trust(*words, "--json", **more)
        assert done.status == status, done
        report: dict[str, Any] = json.loads(done.out)
        return report

    def run(self, *words: str | Path) -> str:
        """Another program's output on this computer; it must end with 0."""
        command = [*self.inside, *map(str, words)]
        ran = subprocess.run(command, capture_output=True, text=True, env=self._environment(), timeout=PATIENCE)
        assert ran.returncode == 0, (ran, ran.stderr)
        return ran.stdout

    def shell(self, script: str) -> str:
        """A shell script's output on this computer."""
        return self.run("sh", "-euc", script)

    def firefox_profile(self, name: str) -> Path:
        """A profile that Firefox itself has made, where it makes them."""
        self.run("firefox-esr", "--headless", "-CreateProfile", name)
        (made,) = (path for path in self.home.rglob(f"*.{name}") if ".cache" not in path.parts)
        return made

    def listing(self) -> dict[str, Any]:
        """Everything in which a root could leave a trace: files by their bytes, databases by what they list."""
        return {
            "home": _tree(self.home),
            "databases": {
                str(path.parent): self.run("certutil", "-L", "-d", f"sql:{path.parent}")
                for path in sorted(self.home.rglob("cert9.db"))
            },
            "system": self.shell(
                "cd / && find etc/ssl etc/ca-certificates usr/local/share/ca-certificates -type l -printf '%p -> %l\\n'"
                " -o -type f ! -path '*/java/cacerts' -exec sha256sum {} + | sort"
            ),
            "java": self.run("keytool", "-list", "-cacerts", "-storepass", "changeit"),
        }  # fmt: skip

    def _environment(self) -> dict[str, str]:
        path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
        return {"PATH": path, "HOME": str(self.home), "LC_ALL": "C.UTF-8"}


def _tree(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        # databases are compared by what they list: NSS writes them anew; and no test is about caches
        if path.is_file() and path.suffix != ".db" and ".cache" not in path.parts:
            found[str(path.relative_to(folder))] = sha256(path.read_bytes()).hexdigest()
        elif path.is_dir() and ".cache" not in path.parts:
            found[str(path.relative_to(folder))] = "folder"
    return found


@contextmanager
def computer(folder: Path, dotlocal: Command, *, network: bool = False) -> Iterator[Computer]:
    """A computer for as long as the test needs it, with `network` on a network of its own that nobody else is on; skips
    where private mounts can't be had, and fails where CI promises them.
    """
    home = folder / "home"
    home.mkdir()
    memory = folder / "memory"
    memory.mkdir()
    if os.geteuid() != 0 or not shutil.which("nsenter"):
        lacking("private copies of the system's folders take root, and nsenter")
    folders = [each for each in _OVERLAID if os.path.isdir(each)]
    words = ["unshare", *(["-m", "-n"] if network else ["-m"]), "sh", "-c", _MOUNTS, "mounts", str(memory), *folders]
    held = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert held.stdout
        if held.stdout.readline() != b"ready\n":
            lacking(f"no private mounts: {held.communicate()[1].decode()}")
        spaces = [f"--mount=/proc/{held.pid}/ns/mnt", *([f"--net=/proc/{held.pid}/ns/net"] if network else [])]
        made = Computer(home, dotlocal, ("nsenter", *spaces, "--"))
        if network:
            made.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        held.kill()
        held.communicate()
