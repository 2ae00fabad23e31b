"""What `device install` writes is what the system's own tools take."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dotlocal.cli import install as cli
from dotlocal.core.errors import Refused
from dotlocal.device.install import KITS, install
from tools import program

UNITS = (
    "dotlocal-watch.service",
    "dotlocal-serve.service",
    "dotlocal-handover.service",
    "dotlocal-boot.service",
    "dotlocal-acme.service",
    "dotlocal-own.service",
    "dotlocal-own-front.service",
)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image's root with everything installed, for a command that exists here."""
    list(install(list(KITS), tmp_path, "/usr/bin/true", force=False))
    return tmp_path


def test_help_names_every_kit() -> None:
    """`device install --help` lists what there is to install, without importing it."""
    assert list(KITS) == [*cli._KITS]


@pytest.mark.parametrize("unit", UNITS)
def test_unit_is_hardened(image: Path, unit: str) -> None:
    """`systemd-analyze security --offline` finds an exposure of at most 2."""
    path = image / "usr/lib/systemd/system" / unit
    told = _systemd("security", "--offline=true", "--no-pager", str(path))
    level = re.search(r"exposure level for \S+: ([0-9.]+)", told)
    assert level, told
    assert float(level[1]) <= 2, told


def test_units_are_understood(image: Path, tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about them."""
    units = [str(image / "usr/lib/systemd/system" / unit) for unit in UNITS]
    assert not [line for line in _systemd("verify", *units).splitlines() if "dotlocal" in line]


@pytest.mark.parametrize("name", ["etc/init.d/dotlocal", "usr/lib/dhcpcd/dhcpcd-hooks/90-dotlocal"])
def test_scripts_are_shell(image: Path, name: str) -> None:
    """Every shell can parse them; the hooks that are executed have their bit."""
    assert subprocess.run(["sh", "-n", str(image / name)]).returncode == 0
    for path in image.rglob("50-dotlocal"):
        assert path.stat().st_mode & 0o111
        assert subprocess.run(["sh", "-n", str(path)]).returncode == 0


@pytest.mark.parametrize("daemon", ["start-stop-daemon", "busybox"])
def test_one_process_watches(tmp_path: Path, daemon: str) -> None:
    """The init script, started twice, restarted and stopped twice: one process, and then none. It asks no reload of
    nobody, and a pid file that outlived its process harms no stranger.
    """
    program(daemon)
    command, pid = tmp_path / "dotlocal", tmp_path / "pid"
    command.write_text(f"#!{sys.executable}\nimport signal, sys\nsys.argv[2] == 'watch' and signal.pause()\n")
    command.chmod(0o755)
    (script,) = install(["init"], tmp_path, str(command), force=False)
    script.write_text(script.read_text().replace("/run/dotlocal-watch.pid", str(pid)))
    (tmp_path / "bin").mkdir()
    if daemon == "busybox":
        (tmp_path / "bin/start-stop-daemon").symlink_to(str(shutil.which("busybox")))
    path = {"PATH": f"{tmp_path}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}

    def said(word: str) -> int:
        return subprocess.run([script, word], env=path, stdin=subprocess.DEVNULL).returncode

    def watching() -> list[int]:
        words = f"\0{command}\0device\0watch\0".encode()
        return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/cmdline") if words in _read(each)]

    def until(count: int) -> list[int]:
        deadline = time.monotonic() + 20
        while len(found := watching()) != count:
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        return found

    try:
        assert said("reload") == 7
        assert said("start") == 0
        first = until(1)
        assert said("start") == 0
        assert until(1) == first
        assert said("restart") == 0
        assert until(1) != first
        assert said("stop") == 0
        assert not watching()
        assert said("stop") == 0
        pid.write_text(f"{os.getpid()}\n")
        assert said("stop") == 0, "or this test has ended"
    finally:
        for each in watching():
            os.kill(each, signal.SIGKILL)


def test_a_process_that_does_not_end_is_not_forgotten(tmp_path: Path) -> None:
    """In a long hand-over, say: `stop` says so, `restart` starts no second one, and its number is kept for later."""
    pid, started = tmp_path / "pid", tmp_path / "started"
    (script,) = install(["init"], tmp_path, "/bin/false", force=False)
    script.write_text(script.read_text().replace("/run/dotlocal-watch.pid", str(pid)))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sleep").symlink_to("/bin/true")
    busy = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); open(sys.argv[1], 'w'); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", busy, started, "device", "watch", ""]) as process:
        try:
            pid.write_text(f"{process.pid}\n")
            while not started.exists():
                time.sleep(0.01)
            for word in ("stop", "restart"):
                path = {"PATH": f"{tmp_path}/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
                done = subprocess.run([script, word], env=path, capture_output=True, text=True)
                assert (done.returncode, done.stderr) == (1, f"dotlocal: process {process.pid} has not ended\n")
                assert pid.exists()
        finally:
            process.kill()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


def test_says_again_what_is_there(image: Path) -> None:
    """Installing twice changes nothing."""
    before = {path: path.read_bytes() for path in image.rglob("*") if path.is_file()}
    list(install(list(KITS), image, "/usr/bin/true", force=False))
    assert {path: path.read_bytes() for path in image.rglob("*") if path.is_file()} == before


def test_keeps_what_somebody_changed(image: Path) -> None:
    """A changed file is refused before anything is written, and replaced when forced."""
    unit = image / "usr/lib/systemd/system" / UNITS[0]
    unit.write_text("mine\n")
    with pytest.raises(Refused) as caught:
        list(install(["systemd"], image, "/usr/bin/false", force=False))
    assert caught.value.code == "file-exists"
    assert "/usr/bin/true" in (unit.parent / UNITS[1]).read_text()
    list(install(["systemd"], image, "/usr/bin/false", force=True))
    assert "/usr/bin/false" in unit.read_text()


@pytest.mark.parametrize("there", ["folder", "no text", "link to nothing", "fifo"])
def test_keeps_what_is_no_text(image: Path, there: str) -> None:
    """Whatever stands in a file's place is refused like a changed file."""
    unit = image / "usr/lib/systemd/system" / UNITS[0]
    unit.unlink()
    {
        "folder": unit.mkdir, "no text": lambda: unit.write_bytes(b"\xff"),
        "link to nothing": lambda: unit.symlink_to("/nowhere/at/all"), "fifo": lambda: os.mkfifo(unit),
    }[there]()  # fmt: skip
    with pytest.raises(Refused) as caught:
        list(install(["systemd"], image, "/usr/bin/true", force=False))
    assert caught.value.code == "file-exists"


@pytest.mark.parametrize("force", [False, True])
def test_stays_in_the_image(tmp_path: Path, force: bool) -> None:
    """An absolute link of the image's, as on its own root, would lead into the machine that builds it; another may."""
    image, machine = tmp_path / "image", tmp_path / "machine"
    (image / "etc/rc.d").mkdir(parents=True)
    machine.mkdir()
    (image / "etc/init.d").symlink_to(machine)
    with pytest.raises(Refused) as caught:
        list(install(["systemd", "init"], image, "/usr/bin/true", force=force))
    assert caught.value.code == "path-outside"
    assert not any(machine.iterdir())
    assert not (image / "usr").exists()
    (image / "etc/init.d").unlink()
    (image / "etc/init.d").symlink_to("rc.d")
    list(install(["init"], image, "/usr/bin/true", force=force))
    assert (image / "etc/rc.d/dotlocal").exists()


def _systemd(*words: str) -> str:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)
    return done.stdout + done.stderr
