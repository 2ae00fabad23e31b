"""The plug is pulled between any two calls to the operating system: the device always comes back, with its key.

One life of a device is recorded call by call. Every prefix of it is then replayed on a disk that loses whatever was
not synced, in every way that it may; what is left is laid out, and the real commands go on from there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from booting import served
from disk import Disk, Tree, fingerprint, lay_out, read_back
from life import LIFE, SCRAP, Home, Step, check_no_torn_set
from recording import Recording

from dotlocal.core.errors import Absent
from dotlocal.core.verify import verify
from dotlocal.host import clock
from dotlocal.testing import parse_host


@dataclass(frozen=True)
class Lived:
    """A recorded step: its calls, the settings and the device's key at its start."""

    step: Step
    calls: tuple[tuple[object, ...], ...]
    settings: str
    key: bytes | None


@pytest.fixture(scope="module")
def life(home: Home) -> list[Lived]:
    """The whole life, once; the model must end with what is really there."""
    recording = Recording(home.base)
    lived: list[Lived] = []
    for step in (*LIFE, SCRAP):
        before, settings = len(recording.ops), home.config.read_text()
        key = None if step.new_key else home.state.key().point
        with recording.running():
            step.do(home)
        lived.append(Lived(step, tuple(recording.ops[before:]), settings, key))
    disk = Disk()
    for op in recording.ops:
        disk.carry_out(op)
    assert disk.now() == read_back(home.base)
    return lived


def cuts(life: list[Lived], only: tuple[Step, ...]) -> Iterator[tuple[Lived, Tree]]:
    """What every cut leaves, each once per step; also with a run directory that is in memory, so lost."""
    disk = Disk()
    for lived in life:
        seen: set[bytes] = set()
        if lived.step not in only:
            for op in lived.calls:
                disk.carry_out(op)
            continue
        for op in (None, *lived.calls):
            if op:
                disk.carry_out(op)
            for tree in disk.cuts():
                in_memory = {name: held for name, held in tree.items() if not name.startswith("run")}
                for left in (tree, in_memory):
                    if (print_of := fingerprint(left)) not in seen:
                        seen.add(print_of)
                        yield lived, left


def check_accepted(home: Home) -> None:
    """A browser with the root accepts what is served, by name and by address."""
    found, root = served(Path(home.run.path)), home.world.root
    now = clock.now()
    told = json.loads((found.folder / "status.json").read_text())
    assert told["device_ca"]["serial"] == f"{found.full[1].serial_number:x}", "a template of another record"
    assert not verify(found.full, root, parse_host("press-07.local"), now)
    assert not verify(found.full, root, parse_host("192.168.77.7"), now)
    assert not verify(found.names, root, parse_host("press-07.local"), now)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: thousands of folders are made and removed."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


def test_the_device_always_comes_back(home: Home, life: list[Lived], memory: Path) -> None:
    """After every cut: no torn set, the same key, and the next boot is accepted; at least a thousand cuts."""
    distinct: set[bytes] = set()
    for number, (lived, tree) in enumerate(cuts(life, LIFE)):
        after = replace(home, base=memory / str(number))
        lay_out(tree, after.base)
        home.config.write_text(lived.settings) if home.config.read_text() != lived.settings else None
        try:
            check_no_torn_set(after)
            for command in lived.step.again:
                command(after)
            after.boot()
            check_accepted(after)
            assert lived.key in (None, after.state.key().point), "another key"
        except BaseException as error:
            error.add_note(f"cut {number}, in {lived.step.name!r}: {sorted(tree)}")
            raise
        shutil.rmtree(after.base)
        distinct.add(fingerprint(tree))
    sys.stdout.write(f"{len(distinct)} cuts\n")  # with -s
    assert len(distinct) >= 1000, f"only {len(distinct)} cuts"


def test_a_scrapped_key_is_gone(home: Home, life: list[Lived], memory: Path) -> None:
    """Cut anywhere and said again: no file holds the device CA's key, or any server's, and nothing of ours is left."""
    first = next(tree for lived, tree in cuts(life, (SCRAP,)))
    secrets = {
        line for _, _, held in first.values() if b"PRIVATE" in held for line in held.split(b"\n") if len(line) > 40
    }
    assert secrets
    for number, (_, tree) in enumerate(cuts(life, (SCRAP,))):
        after = replace(home, base=memory / str(number))
        lay_out(tree, after.base)
        with suppress(Absent):  # nothing was left
            after.scrap()
        left = read_back(after.base)
        held_still = [name for name, (_, _, held) in left.items() if any(secret in held for secret in secrets)]
        assert held_still == [], f"cut {number}: {sorted(tree)}"
        locks = {"run/lock", "run/handover"}
        assert {name for name in left if "/" in name} - {*locks, "var/state"} == set(), f"cut {number}"
        shutil.rmtree(after.base)


def test_leftovers_of_cuts_do_not_add_up(home: Home, life: list[Lived], memory: Path) -> None:
    """Temporaries of writers that are no more, keys among them: gone with the next thing that is written to stay."""
    disk = Disk()
    for op in (op for lived in life if lived.step is not SCRAP for op in lived.calls):
        disk.carry_out(op)
    after = replace(home, base=memory / "device")
    lay_out(disk.now(), after.base)
    gone = subprocess.Popen(["true"])
    gone.wait()
    state = Path(after.state.path)
    names = [f".device-ca.key.{gone.pid}.tmp", f".floor.{gone.pid}.tmp"]
    alive = f".settings.{os.getpid()}.tmp"
    for name in (*names, alive, "theirs.tmp"):
        (state / name).write_text("half")
    after.boot_on(40)
    assert {path.name for path in state.iterdir() if path.name.endswith(".tmp")} == {alive, "theirs.tmp"}
