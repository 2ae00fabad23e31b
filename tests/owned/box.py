"""A device in folders of its own, with a real device.toml, a clock that a test can move, and nobody who wakes it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from booting import issue_record
from cryptography import x509
from customer import ADDRESS, NOW

from dotlocal.core.names import Address
from dotlocal.core.window import DAY
from dotlocal.device import adoption, boot
from dotlocal.device.boot import Options
from dotlocal.device.owned.material import Upload
from dotlocal.device.owned.steps import Owned
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.host.clock import Reading
from dotlocal.testing import World
from dotlocal.wire.birth import BirthRecord


def options_of(path: Path) -> Options:
    """Those of the device in a folder, whose device.toml is asked for by name."""
    options = Options()
    options.state, options.run = str(path / "state"), str(path / "run")
    options.config, options.config_named = str(path / "device.toml"), True
    return options


@dataclass
class Box:
    """A device and its clock; `woken` is what was asked of the timer, `wakers` whether one can be started."""

    path: Path
    record: BirthRecord
    now: int = NOW
    uptime: int = 100
    boot_id: str = "boot-1"
    known: bool = True
    host_name: str = "press-07"
    addresses: tuple[str, ...] = (ADDRESS,)
    woken: list[int] = field(default_factory=list)
    wakers: bool = True

    @property
    def options(self) -> Options:
        return options_of(self.path)

    @property
    def state(self) -> State:
        return State(self.options.state)

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def owned(self) -> Owned:
        return Owned(
            self.options, read_clock=self.reading, look=self.around, boot=self.boot,
            wake=self._wake,
        )  # fmt: skip

    def _wake(self, _: Options, seconds: int) -> bool:
        self.woken.append(seconds)
        return self.wakers

    def reading(self) -> Reading:
        return Reading(
            now=self.now if self.known else 0, uptime=self.uptime, boot_id=self.boot_id, synchronised=self.known,
            battery_clock=None, image_date=0,
        )  # fmt: skip

    def around(self) -> Surroundings:
        return Surroundings(self.host_name, [("eth0", Address.parse(each)) for each in self.addresses])

    def boot(self, _: Options | None = None) -> dict[str, Any]:
        """What `device boot` does, with this clock and these surroundings."""
        self.run.mkdir(exist_ok=True)
        settings, findings = boot.read_settings(self.state, self.options)
        return boot.issue(
            self.state.key(), self.state.template(), settings, self.around(), self.reading(), state=self.state,
            run=Run(str(self.run)), findings=findings,
        )  # fmt: skip

    def restart(self) -> dict[str, Any]:
        """Off and on again."""
        self.boot_id, self.uptime = f"{self.boot_id}+", 20
        return self.boot()

    def passes(self, seconds: int) -> dict[str, Any]:
        """So much later, in the same boot, somebody looks."""
        self.now, self.uptime = self.now + seconds, self.uptime + seconds
        return self.boot()

    def take(self, *files: bytes, passphrase: bytes | None = None, **how: Any) -> dict[str, Any]:
        """Import files, as the command does."""
        uploads = [Upload(f"file {number}", each) for number, each in enumerate(files)]
        return self.owned.take(self.owned.examine(uploads, passphrase), **how)

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that is served."""
        return served_chain(self.run)[0]

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.run / "current" / "status.json").read_text())
        return told


def served_chain(run: Path) -> list[x509.Certificate]:
    """fullchain.pem of the current set."""
    return x509.load_pem_x509_certificates((run / "current" / "fullchain.pem").read_bytes())


def make_world() -> World:
    """A vendor whose devices were made a month ago."""
    return World(now=NOW - 30 * DAY)


def make_box(path: Path, world: World) -> Box:
    """An adopted and booted device."""
    (path / "device.toml").write_text("")
    state = State(str(path / "state"))
    request = adoption.init(state, "SN0001", force=False)
    record = issue_record(world, request.encode(), "SN0001")
    adoption.adopt(state, record.encode().encode(), now=world.now)
    box = Box(path, record)
    box.boot()
    return box
