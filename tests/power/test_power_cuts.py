"""The plug is pulled between any two calls to the operating system: the device always comes back, with its key.

One life of a device is recorded call by call. Every prefix of it is then replayed on a disk that loses whatever was
not synced, in every way that it may; what is left is laid out, and the real commands go on from there.
"""

from __future__ import annotations

import io
import json
import os
import posix
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from booting import issue_record, reading, served, surroundings
from disk import Disk, Tree, fingerprint, lay_out, read_back
from recording import Recording

from dotlocal.core import keys as core_keys
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.request import parse_device
from dotlocal.core.verify import verify
from dotlocal.core.window import DAY
from dotlocal.device import adoption, boot, configuration, fallback, reset
from dotlocal.device.settings import Settings
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.time import Hint
from dotlocal.host import child, clock
from dotlocal.testing import World, parse_host
from dotlocal.wire.birth import BirthRecord

SERIAL = "SN0001"
FILES = {"privkey.pem", "fullchain.pem", "names.pem", "bundle.pem", "names-bundle.pem", "status.json"}
SETTINGS = 'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\n'


@dataclass
class Home:
    """The folders of one device below one folder, its settings elsewhere, and what its factory answers."""

    base: Path
    config: Path
    world: World
    records: dict[tuple[bytes, int], BirthRecord] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return State(str(self.base / "var" / "state"))

    @property
    def run(self) -> Run:
        return Run(str(self.base / "run"))

    def init(self) -> None:
        adoption.init(self.state, SERIAL, force=False)

    def init_anew(self) -> None:
        adoption.init(self.state, SERIAL, force=True)

    def adopt(self, number: int = 0) -> None:
        """Adopt the first birth record, or a renewed one; the factory gives the same answer each time."""
        request = self.state.text("request.pem").encode()
        key = (core_keys.spki_of(parse_device(request).public_key), number)
        if key not in self.records:
            self.records[key] = issue_record(self.world, request, SERIAL, years=20 + number)
        adoption.adopt(self.state, self.records[key].encode().encode(), now=None)

    def renew(self) -> None:
        self.adopt(1)

    def boot(self) -> None:
        options = boot.Options()
        options.state, options.run, options.config = self.state.path, self.run.path, str(self.config)
        boot.boot(options)

    def boot_on(self, day: int, around: Surroundings | None = None) -> None:
        """Boot with a clock that says so many days later, and surroundings of its own."""
        settings = Settings()
        moment = reading(self.world.now + day * DAY, boot_id=f"boot-{day}")
        boot.issue(
            self.state.key(), self.state.template(), settings, around or surroundings(), moment,
            state=self.state, run=self.run, findings=[],
        )  # fmt: skip

    def boot_nameless(self) -> None:
        self.boot_on(2, Surroundings("", []))

    def change_settings(self) -> None:
        self.config.write_text(SETTINGS + "days = 30\n")
        self.boot()

    def keep_keys(self) -> None:
        self.config.write_text(SETTINGS + "keep_while_unchanged = true\n")
        self.boot()

    def hand_over(self) -> None:
        """Boot, and hand over to a web server that isn't there: the lock, and the outcome in the set's status."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        table = f'[handover]\nserver = "command"\ncommand = ["true"]\nconnect = "127.0.0.1:{port}"\n'
        self.config.write_text(SETTINGS + table)
        self.boot()

    def fail_while_watching(self) -> None:
        """What `device watch` puts into the status when an issue fails."""
        refused = Refused("file-unreadable", "the template can't be read: input/output error")
        fallback.tell_failure(self.run, refused, "another medium")

    def take_hint(self) -> None:
        self.state.save_hint(Hint(self.world.now, 60, "boot-1", "browser"))

    def reset(self) -> None:
        reset.reset(self.state, self.run)

    def scrap(self) -> None:
        reset.scrap(self.state, self.run, SERIAL)


@dataclass(frozen=True)
class Step:
    """One command in the life of a device; `again` is what its owner does after a cut, before it has to boot."""

    name: str
    do: Callable[[Home], None]
    again: tuple[Callable[[Home], None], ...] = ()
    new_key: bool = False


LIFE = (
    Step("init", Home.init, (Home.init, Home.adopt), new_key=True),
    Step("adopt", Home.adopt, (Home.adopt,)),
    Step("first boot", Home.boot),
    Step("the next day", lambda home: home.boot_on(3)),
    Step("settings changed", Home.change_settings),
    Step("no name left", Home.boot_nameless),
    Step("renewal", Home.renew),
    Step("keep_while_unchanged", Home.keep_keys),
    Step("boot with the kept key", Home.boot),
    Step("handed over", Home.hand_over),
    Step("a failed issue while watching", Home.fail_while_watching),
    Step("time from a browser", Home.take_hint),
    Step("reset", Home.reset, (Home.reset,)),
    Step("init --force", Home.init_anew, (Home.init_anew, Home.adopt), new_key=True),
    Step("adopt for the new key", Home.adopt, (Home.adopt,)),
)
# the end, looked at by a test of its own
SCRAP = Step("scrap", Home.scrap)


@dataclass(frozen=True)
class Lived:
    """A recorded step: its calls, the settings and the device's key at its start."""

    step: Step
    calls: tuple[tuple[object, ...], ...]
    settings: str
    key: bytes | None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("power")
    (folder / "disk").mkdir()
    (folder / "device.toml").write_text(SETTINGS)
    return Home(folder / "disk", folder / "device.toml", World(now=clock.now() - DAY))


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


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child processes of a boot in this process, and a disk without a plug."""

    def in_process(module: str, *words: str) -> str:
        with redirect_stdout(io.StringIO()) as told:
            configuration.main(*words) if module.endswith("configuration") else adoption.heal(State(*words))
        return told.getvalue()

    monkeypatch.setattr(child, "answer", in_process)
    for module in (os, posix):
        monkeypatch.setattr(module, "fsync", lambda descriptor: None)


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


def check_no_torn_set(home: Home) -> None:
    """Whatever a web server finds in run/current is whole, or nothing is there."""
    if not home.run.has_current():
        return
    found = served(Path(home.run.path))
    assert {path.name for path in found.folder.iterdir()} >= FILES
    json.loads((found.folder / "status.json").read_text())
    private = (found.folder / "privkey.pem").read_text()
    assert (found.folder / "bundle.pem").read_text() == private + (found.folder / "fullchain.pem").read_text()
    assert (found.folder / "names-bundle.pem").read_text() == private + (found.folder / "names.pem").read_text()


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
