"""This machine with folders of its own: what is installed in it, nobody else sees, and it is gone at the end."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tools import lacking

PATIENCE = 120
_MOUNTS = """
mount -t tmpfs none "$0"
for folder; do
    upper=$0$folder
    mkdir -p "$upper/up" "$upper/work"
    chmod --reference="$folder" "$upper/up"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$upper/up,workdir=$upper/work" "$folder"
done
echo ready
read -r _
"""


@dataclass(frozen=True)
class Machine:
    """A mount namespace, kept by a shell of ours."""

    keeper: int

    def inside(self, *words: str) -> list[str]:
        """A command, as one that runs in this machine."""
        return ["nsenter", f"--mount=/proc/{self.keeper}/ns/mnt", "--wd=/", *words]

    def run(self, *words: str | os.PathLike[str], check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, in a bare environment; its output is text."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root", **more}
        done = subprocess.run(
            self.inside(*map(str, words)), capture_output=True, text=True, env=environment, timeout=PATIENCE
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done


@contextmanager
def machine(*folders: str) -> Iterator[Machine]:
    """One whose folders hold what this machine's hold, and whose changes are its own."""
    with tempfile.TemporaryDirectory(prefix="machine-") as scratch:
        words = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _MOUNTS, scratch, *folders]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(words, text=True, **pipes) as keeper:
            assert keeper.stdout
            assert keeper.stderr
            if keeper.stdout.readline() != "ready\n":
                lacking(f"mount namespaces with overlays need root: {keeper.stderr.read()}")
            try:
                yield Machine(keeper.pid)
            finally:
                keeper.kill()
