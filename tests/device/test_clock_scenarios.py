"""Lives of a device's clock, boot by boot: who is accepted when, by a browser that has the right time.

A clock that the system calls synchronised, or a battery clock that runs, is believed; where such a clock is wrong no
rule can help, and the stage says `fooled`. Everywhere else the device must be accepted, and always once the time is
right.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from booting import Device, make_device, reading, surroundings
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.device import boot
from dotlocal.device.store import Run, State
from dotlocal.device.time import Floor
from dotlocal.testing import MOMENT, World
from tools import program

HOUR = 3600
START = MOMENT + 30 * DAY  # the first boot at the customer's
IMAGE = MOMENT - 100 * DAY
FOOLED = True


@dataclass(frozen=True)
class Stage:
    """One boot: the true time, in days after the start, and what the clock says, in days off the truth.

    `says` is None for a clock in 1970; `battery` likewise in days off the truth. `fooled`: a clock that is believed,
    and wrong. `same`: no restart before, the watcher issues again.
    """

    at: float = 0
    says: float | None = None
    synchronised: bool = False
    battery: float | None = None
    fooled: bool = False
    same: bool = False
    uptime: int = 60


def ntp(at: float, off: float = 0, *, fooled: bool = False, same: bool = False) -> Stage:
    """A time server has answered."""
    return Stage(at, off, synchronised=True, fooled=fooled, same=same)


def alone(at: float, off: float | None = None, *, same: bool = False) -> Stage:
    """No time server, no battery: 1970, or what somebody lifted the clock to."""
    return Stage(at, off, same=same)


def battery(at: float, off: float = 0, *, fooled: bool = False) -> Stage:
    """A battery clock that the system has read."""
    return Stage(at, off, battery=off, fooled=fooled)


years = 365.25
LIVES = {
    "in 1970, then corrected": [alone(0), ntp(0, same=True)],
    "in 1970 at every boot": [alone(day) for day in (0, 1, 400, 3000)],
    "lifted to the image's date": [alone(0, -130), alone(1, -131), ntp(1)],
    "lifted to a file's date, years behind": [alone(3 * years, -3 * years), ntp(3 * years, same=True)],
    "lifted to a date after the floor, a year behind": [ntp(0), alone(2 * years, -years), ntp(2 * years)],
    "two days behind, nobody knows": [ntp(0), alone(10, -2), ntp(10, same=True)],
    "two days behind, by its battery": [ntp(0), battery(10, -2), ntp(10)],
    "two days behind, by a time server": [ntp(10, -2), ntp(10, same=True)],
    "half a day ahead, by its battery": [battery(10, 0.5), ntp(10)],
    "a battery clock in local time": [Stage(10, 0, battery=14 / 24), Stage(20, 0, battery=-14 / 24), ntp(20)],
    "ten years ahead, nobody knows": [ntp(0), alone(1, 10 * years), alone(2), ntp(2)],
    "ten years ahead, by its battery": [battery(0, 10 * years, fooled=FOOLED), battery(1), ntp(1)],
    "ten years ahead, by its battery, set by hand": [battery(0, 10 * years, fooled=FOOLED), battery(0), battery(9)],
    "one bad answer, ten years ahead": [ntp(0), ntp(1, 10 * years, fooled=FOOLED), ntp(1, same=True), ntp(2)],
    "one bad answer, then 1970": [ntp(0), ntp(1, 10 * years, fooled=FOOLED), alone(2), alone(900), ntp(900)],
    "one bad answer, then the battery": [ntp(1, 10 * years, fooled=FOOLED), battery(2), battery(50), ntp(50)],
    "one bad answer, in 2099": [ntp(0), ntp(1, 72 * years, fooled=FOOLED), alone(2), battery(3), ntp(3), alone(4)],
    "one bad answer, two years behind": [ntp(2 * years), ntp(3 * years, -2 * years, fooled=FOOLED), battery(3 * years)],
    "one bad answer, before the image": [ntp(0), ntp(1, -400), alone(2), ntp(2)],
    "one bad answer, in 1970": [Stage(0, None, synchronised=True), ntp(0, same=True)],
    "a shelf of three years": [ntp(0), alone(3 * years), ntp(3 * years, same=True)],
    "a shelf of three years, never met a clock": [alone(0), alone(3 * years), alone(6 * years)],
    "a shelf of three years, and a battery": [ntp(0), battery(3 * years), ntp(3 * years)],
    "a shelf of three years, battery empty": [ntp(0), Stage(3 * years, None, battery=-33 * years), ntp(3 * years)],
    "the time server leaves again": [ntp(0), alone(0.1, 0, same=True), alone(200, same=True), ntp(300)],
    "a time server that lies every other time": [
        ntp(day, 10 * years * (day % 2), fooled=day % 2 == 1) for day in range(6)
    ] + [alone(7), ntp(8)],
}  # fmt: skip


class ReadOnly(State):
    """A state on a file system that nobody can write to."""

    def file(self, name: str) -> str:
        return f"/proc/self/{name}" if name.startswith("kept") else super().file(name)

    def save_floor(self, floor: Floor) -> None:
        raise Refused("file-unwritable", f"{self.path} can't be written: read-only file system")


@dataclass
class Life:
    """A device with a state of its own kind, and the boots that it has seen."""

    device: Device
    state: State
    boots: int = 0
    started: float = 0
    findings: list[str] = field(default_factory=list)

    def live(self, stage: Stage) -> None:
        """Boot, or issue again, at a stage."""
        if not stage.same:
            self.boots += 1
            self.started = stage.at
        truth = START + int(stage.at * DAY)
        uptime = stage.uptime + int((stage.at - self.started) * DAY)
        clock = reading(
            uptime if stage.says is None else truth + int(stage.says * DAY), uptime=uptime,
            boot_id=f"boot-{self.boots}", synchronised=stage.synchronised, image=IMAGE,
            battery=None if stage.battery is None else truth + int(stage.battery * DAY),
        )  # fmt: skip
        self.device.run.mkdir(exist_ok=True)
        report = boot.issue(
            self.state.key(), self.state.template(), self.device.settings, surroundings(), clock,
            state=self.state, run=Run(str(self.device.run)), findings=[],
        )  # fmt: skip
        self.findings = [each["code"] for each in report["findings"] if each["severity"] == "error"]

    def openssl(self, at: float) -> str:
        """What OpenSSL says of both certificates at the true time; nothing when it accepts them."""
        root, moment = self.device.path / "root.pem", str(START + int(at * DAY))
        root.write_bytes(self.device.record.root.public_bytes(Encoding.PEM))
        verify = [program("openssl"), "verify", "-x509_strict", "-attime", moment, "-CAfile", str(root)]
        said = ""
        for chain in ("fullchain.pem", "names.pem"):
            path = str(self.device.run / "current" / chain)
            words = [*verify, "-verify_hostname", "press-07.local", "-untrusted", path, path]
            done = subprocess.run(words, capture_output=True, text=True)
            said += done.stdout + done.stderr if done.returncode else ""
        return said

    def accepted(self, at: float) -> bool:
        """By a browser with the right time, and by one whose clock runs an hour behind."""
        truth = START + int(at * DAY)
        return all(self.device.accepted("press-07.local", moment) for moment in (truth, truth - HOUR))


@pytest.fixture(params=["writable", "read-only", "keeping"])
def life(request: pytest.FixtureRequest, tmp_path: Path, world: World) -> Life:
    device = make_device(tmp_path, world=world)
    device.settings.keep_while_unchanged = request.param == "keeping"
    return Life(device, (ReadOnly if request.param == "read-only" else State)(device.state.path))


@pytest.mark.parametrize("name", LIVES)
def test_a_browser_with_the_right_time(life: Life, name: str) -> None:
    """At each stage accepted, unless a clock that must be believed is wrong; the key is the same for ever."""
    key = life.state.key().point
    for number, stage in enumerate(LIVES[name]):
        life.live(stage)
        assert life.accepted(stage.at) or stage.fooled, f"stage {number}: {stage}"
        assert life.state.key().point == key
        if not stage.fooled:
            assert set(life.findings) <= {"ca-expired"}, f"stage {number}: {stage}"


def test_every_fooled_stage_really_is(life: Life) -> None:
    """The table excuses nothing that the rules could have caught: a stage that says `fooled` is refused."""
    for name, stages in LIVES.items():
        for stage in (stage for stage in stages if stage.fooled):
            life.live(stage)
            assert not life.accepted(stage.at), name


def test_every_life_ends_accepted() -> None:
    """However it was fooled in between."""
    assert not [name for name, stages in LIVES.items() if stages[-1].fooled]


@pytest.mark.peer
@pytest.mark.parametrize("life", ["writable"], indirect=True)
@pytest.mark.parametrize("name", LIVES)
def test_openssl_at_the_right_time(life: Life, name: str) -> None:
    """OpenSSL, told the true time, is of the same opinion at each stage."""
    for number, stage in enumerate(LIVES[name]):
        life.live(stage)
        assert bool(life.openssl(stage.at)) == stage.fooled, f"stage {number}: {life.openssl(stage.at)}"


@pytest.mark.parametrize("name", LIVES)
def test_for_apple(life: Life, name: str) -> None:
    """`unknown_clock_days = 824`: no certificate is too long for Apple, and a right clock repairs all at once."""
    life.device.settings.unknown_clock_days = 824
    for stage in LIVES[name]:
        life.live(stage)
        if stage.synchronised and stage.says == 0:
            assert life.accepted(stage.at)
    life.live(ntp(10 * years))
    assert life.accepted(10 * years)


def test_the_days_of_a_device_ca_end(life: Life) -> None:
    """Past its end: the finding, HTTPS goes on, and a wrong clock that said so is forgotten with the right one."""
    life.live(ntp(0, 40 * years, fooled=FOOLED))
    assert life.findings == ["ca-expired"]
    life.live(ntp(0))
    assert (life.findings, life.accepted(0)) == ([], True)
    assert life.device.window.not_after - MOMENT > 24 * YEAR
