"""A device that was adopted, and boots of it with a clock and surroundings of the test's choice."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dotlocal.core import pem
from dotlocal.core.authorities import Terms, device_ca
from dotlocal.core.chain import window_of
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.issue import Issuer, sign
from dotlocal.core.names import Address
from dotlocal.core.request import parse_device
from dotlocal.core.verify import verify
from dotlocal.core.window import DAY, Window
from dotlocal.device import adoption, boot
from dotlocal.device.settings import Settings
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.host import entropy, signers
from dotlocal.host.clock import Reading
from dotlocal.testing import MOMENT, World, parse_host
from dotlocal.wire.birth import BirthRecord

NOW = MOMENT + DAY  # the day after production


def reading(
    now: int = NOW, *, uptime: int = 30, boot_id: str = "boot-1", synchronised: bool = True,
    battery: int | None = None, image: int = 0,
) -> Reading:  # fmt: skip
    """A look at a clock: synchronised unless said otherwise."""
    return Reading(
        now=now, uptime=uptime, boot_id=boot_id, synchronised=synchronised, battery_clock=battery, image_date=image
    )


def surroundings(host_name: str = "press-07", *addresses: str) -> Surroundings:
    """A machine with this host name, and these addresses at eth0."""
    here = addresses or ("192.168.77.7",)
    return Surroundings(host_name, [("lo", Address.parse("127.0.0.1")), *(("eth0", Address.parse(a)) for a in here)])


@dataclass(frozen=True)
class Set:
    """What a run directory serves, read through one resolved folder."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    full: tuple[x509.Certificate, ...]
    names: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        return self.full[0]

    @property
    def window(self) -> Window:
        return window_of(self.leaf)


def served(run: Path) -> Set:
    """The current set, whose certificates are for its key or the test fails here."""
    folder = run / os.readlink(run / "current")
    key = load_pem_private_key((folder / "privkey.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    full, names = (
        tuple(pem.certificates((folder / name).read_bytes(), name)) for name in ("fullchain.pem", "names.pem")
    )
    assert full[0].public_key() == names[0].public_key() == key.public_key()
    return Set(folder, key, full, names)


@dataclass
class Device:
    """A device with its folders, and the world that it was made in."""

    path: Path
    world: World
    record: BirthRecord
    settings: Settings = field(default_factory=Settings)

    @property
    def state(self) -> State:
        return State(str(self.path / "state"))

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def window(self) -> Window:
        """The life of its device CA."""
        return window_of(self.record.device_ca)

    def boot(self, clock: Reading | None = None, around: Surroundings | None = None) -> dict[str, Any]:
        """Boot in this process, without a command or a configuration file."""
        self.run.mkdir(exist_ok=True)
        return boot.issue(
            self.state.key(), self.state.template(), self.settings, around or surroundings(), clock or reading(),
            state=self.state, run=Run(str(self.run)), findings=[],
        )  # fmt: skip

    def accepted(self, host: str, now: int = NOW) -> bool:
        """Whether a browser with the root and the right time accepts what is served, without naming a host first."""
        return not verify(served(self.run).full, self.record.root, parse_host(host), now)

    def accepted_by_name(self, host: str, now: int = NOW) -> bool:
        """The same for a browser that names the host first, and is sent names.pem."""
        return not verify(served(self.run).names, self.record.root, parse_host(host), now)


def make_device(
    path: Path, serial: str = "SN0001", *, world: World | None = None, years: int | None = None, station: bool = True
) -> Device:
    """Init, provision and adopt, at the world's date."""
    world = world or World()
    state = State(str(path / "state"))
    request = adoption.init(state, serial, force=False)
    record = issue_record(world, request.encode(), serial, years=years, station=station)
    adoption.adopt(state, record.encode().encode(), now=world.now)
    return Device(path, world, record)


def issue_record(
    world: World, request: bytes, serial: str, *, years: int | None = None, names: NamePolicy | None = None,
    station: bool = True,
) -> BirthRecord:  # fmt: skip
    """What the station of a world, or its root when there is no station, answers to a request."""
    above, key = ((world.factory, world.root), world.factory_key) if station else ((world.root,), world.root_key)
    linted = device_ca(
        parse_device(request), Issuer.of(*above), organisation="Acme Devices",
        constraints=(names or world.names).for_device(serial), terms=Terms(world.now, years),
        serial=entropy.serial_number(), throwaway=signers.throwaway(key.public_key),
    )  # fmt: skip
    return BirthRecord.of((sign(linted, key), *above))
