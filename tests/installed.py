"""The installed command: environments made from the built wheel, and calling what is in them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import cryptography

from tools import lacking

PROJECT = Path(__file__).resolve().parents[1]
PATIENCE = 60
_CODE = re.compile(r"^dotlocal: error: .*\(([a-z0-9-]+)\)$", re.M)


@dataclass(frozen=True)
class Done:
    """What a command did."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def code(self) -> str:
        """The code of the error that it ended with, or nothing."""
        found = _CODE.search(self.err)
        return found[1] if found else ""

    @property
    def hinted(self) -> bool:
        """Whether it said what to do next."""
        return "dotlocal: hint: " in self.err


@dataclass(frozen=True)
class Command:
    """A `dotlocal` that can be called with words; `python` is the interpreter that it runs on."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        return self.path.parent / "python"

    def __call__(self, *words: str | Path, stdin: str | bytes = b"", before: tuple[str, ...] = (), **more: str) -> Done:
        """Run it; `before` are words in front of the command, `more` are environment variables."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        command = [*before, str(self.path), *map(str, words)]
        ran = subprocess.run(command, input=given, capture_output=True, env=self.env(**more), timeout=PATIENCE)
        done = Done(tuple(command), ran.returncode, ran.stdout.decode(), ran.stderr.decode())
        assert "Traceback" not in done.err, done.err
        return done

    def ok(self, *words: str | Path, stdin: str | bytes = b"", **more: str) -> Done:
        """Run it; it must end with 0."""
        done = self(*words, stdin=stdin, **more)
        assert done.status == 0, done
        return done

    def start(self, *words: str | Path, before: tuple[str, ...] = (), **more: str) -> subprocess.Popen[bytes]:
        """Run it in the background, its output in pipes."""
        command = [*before, str(self.path), *map(str, words)]
        return subprocess.Popen(command, env=self.env(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def env(self, **more: str) -> dict[str, str]:
        """The environment that commands get: nothing of ours but the PATH."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", **self.environment, **more}


def build(folder: Path) -> Path:
    """The wheel, and the environments `full` and `bare` with it; one process builds, the others wait for it."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", str(folder), str(PROJECT))
            (wheel,) = folder.glob("*.whl")
            _environment(folder / "bare", wheel)
            # `--system-site-packages` would lend the packages of the interpreter below, not those of this environment
            site_packages = _environment(folder / "full", wheel)
            (site_packages / "dependencies.pth").write_text(f"{Path(cryptography.__file__).parents[1]}\n")
            (folder / "done").touch()
    return folder


def _environment(folder: Path, wheel: Path) -> Path:
    venv.create(folder, with_pip=False, symlinks=True)
    _pip("--python", str(folder / "bin" / "python"), "install", "--no-deps", "--no-index", str(wheel))
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return folder / "lib" / python / "site-packages"


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *words]
    subprocess.run(command, check=True, timeout=PATIENCE * 5)


def tree(folder: Path) -> dict[str, str]:
    """Every entry below a folder, with its mode and a hash of what it holds; locks apart, for they hold nothing."""
    if not folder.exists():
        return {}
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.name == "lock":
            continue
        if path.is_symlink():
            held = os.readlink(path)
        elif path.is_dir():
            held = "folder"
        else:
            held = sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = f"{path.lstat().st_mode:o} {held}"
    return found


def read_only(folder: Path) -> tuple[str, ...]:
    """Words in front of a command for which the folder is on a read-only file system; skips where none can be had."""
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    words = (*private_mounts(), "sh", "-c", script, str(folder))
    if subprocess.run([*words, "true"], capture_output=True).returncode:
        lacking("a read-only mount takes root, or a user namespace")
    return words


def private_mounts() -> tuple[str, ...]:
    """Words in front of a command that may mount what nobody else sees; skips where that is not permitted."""
    words = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")
    if not shutil.which("unshare") or subprocess.run([*words, "true"], capture_output=True).returncode:
        lacking("private mounts take root, or a user namespace")
    return words


def clock_at(folder: Path, instant: int) -> dict[str, str]:
    """Environment for a command whose system clock stands at an instant, in POSIX seconds."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(f"import time\ntime.time = lambda: {instant}.25\n")
    return {"PYTHONPATH": str(folder)}
