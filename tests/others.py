"""Users other than root, on a machine where they can reach what a test needs.

Pytest's folders are closed to others, and root's Python may be. So commands run in mounts of their own, in which open
folders take the place of closed ones; nothing is changed for anybody else.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import cryptography
import pytest

from installed import Command, private_mounts
from tools import program

WATCHER, TLS, NAMELESS = 62007, 62100, 62008  # no system has them; the last one has no entry in passwd either
_HOLD = "/mnt"


class Others:
    """Words in front of a command: `root` for root, `user(uid)` for another one. `folder` is open to all of them."""

    def __init__(self, folder: Path, command: Command) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can become somebody else")
        program("setpriv")
        self._folder = folder
        folder.chmod(0o755)
        needed = [folder, command.path.parents[1], Path(sys.base_prefix), Path(cryptography.__file__).parents[1]]
        script = ["set -e", f"mount -t tmpfs -o mode=755 tmpfs {_HOLD}"]
        for number, path in enumerate(needed):
            script.append(f"mkdir {_HOLD}/{number}; mount --bind {path} {_HOLD}/{number}")
        script += [f"mount -t tmpfs -o mode=755 tmpfs {path}" for path in sorted({*map(_closed, needed)} - {None})]
        for number, path in enumerate(needed):
            script.append(f"mkdir -p {path}; mount --bind {_HOLD}/{number} {path}")
        for name, line in (
            ("passwd", f"watcher:x:{WATCHER}:{WATCHER}::/:/bin/false\n"),
            ("group", f"watcher:x:{WATCHER}:\ntls:x:{TLS}:watcher\nothers:x:{TLS + 1}:\n"),
        ):
            (folder / name).write_text(Path("/etc", name).read_text() + line)
            script.append(f"mount --bind {folder}/{name} /etc/{name}")
        self.root = (*private_mounts(), "sh", "-c", "; ".join([*script, f"umount {_HOLD}/*", 'exec "$@"']), "sh")

    def user(self, uid: int) -> tuple[str, ...]:
        """A user, with the groups of WATCHER or with none."""
        groups = f"--groups={TLS}" if uid == WATCHER else "--clear-groups"
        return (*self.root, "setpriv", f"--reuid={uid}", f"--regid={uid}", groups)


def give(uid: int, *folders: Path) -> None:
    """Folders, with all that is in them, to a user."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)


def owners(folder: Path) -> set[int]:
    """Whom a folder and all that is in it belong to."""
    return {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}


def _closed(path: Path) -> Path | None:
    """The uppermost folder above it that others can't pass."""
    return next((above for above in reversed(path.parents) if not above.stat().st_mode & 1), None)
