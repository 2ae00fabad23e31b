"""The whole story in memory, at a fixed date, for tests of products and of dotlocal itself.

    world = World()
    device = world.device("SN0001")
    leaf, key = world.serve(device, "press-07.local", "192.168.77.7")

Nothing touches a disk; keys are new each time; everything is issued by the same code as the real thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from dotlocal.core import authorities, pkcs10
from dotlocal.core import keys as core_keys
from dotlocal.core.authorities import Terms
from dotlocal.core.constraints import DEFAULT, NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Fields, Issuer, prepare, sign
from dotlocal.core.names import Address, HostName
from dotlocal.core.profiles import SERVER
from dotlocal.core.request import Request
from dotlocal.core.subject import Subject
from dotlocal.core.window import DAY, Window
from dotlocal.host import entropy, signers
from dotlocal.host.keys import write_pem
from dotlocal.host.signers import KeySigner
from dotlocal.wire.birth import BirthRecord

# 2026-11-23T12:00:00Z: the moment that everything here is made at, unless another is given
MOMENT = 1795435200


@dataclass(frozen=True, slots=True)
class Device:
    """A device of the world: its CA's key, and its birth record."""

    signer: KeySigner
    record: BirthRecord

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """What its server sends after the server certificate."""
        return self.record.sent


@dataclass(slots=True)
class World:
    """A vendor: a root and one station. `now` in POSIX seconds."""

    now: int = MOMENT
    years: int = 25
    constrain_root: bool = True
    names: NamePolicy = DEFAULT
    root_key: KeySigner = field(default_factory=lambda: signers.generate("P-384"))
    factory_key: KeySigner = field(default_factory=lambda: signers.generate("P-256"))
    root: x509.Certificate = field(init=False)
    factory: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        subject = Subject("Acme Devices", "Acme Devices Root G1")
        linted = authorities.root_ca(
            subject, self.root_key.public_key, now=self.now, years=self.years,
            constraints=self.names.widest() if self.constrain_root else None, serial=entropy.serial_number(),
            throwaway=signers.throwaway(self.root_key.public_key),
        )  # fmt: skip
        self.root = sign(linted, self.root_key)
        linted = authorities.factory_ca(
            Request(self.factory_key.public_key, "line 1"), Issuer.of(self.root), organisation="Acme Devices",
            terms=Terms(self.now), serial=entropy.serial_number(),
            throwaway=signers.throwaway(self.root_key.public_key),
        )  # fmt: skip
        self.factory = sign(linted, self.root_key)

    def device(self, serial: str, *, hostname: str = "", years: int | None = None) -> Device:
        """Make a device, as the station does."""
        signer = signers.generate("P-256")
        names = self.names.with_host(hostname) if hostname else self.names
        linted = authorities.device_ca(
            Request(signer.public_key, serial), Issuer.of(self.factory, self.root), organisation="Acme Devices",
            constraints=names.for_device(serial), terms=Terms(self.now, years), serial=entropy.serial_number(),
            throwaway=signers.throwaway(self.factory_key.public_key),
        )  # fmt: skip
        return Device(signer, BirthRecord.of((sign(linted, self.factory_key), self.factory, self.root)))

    def serve(self, device: Device, *hosts: str, window: Window | None = None) -> tuple[x509.Certificate, KeySigner]:
        """A server certificate for host names and addresses, and its key."""
        key = signers.generate("P-256")
        throwaway = signers.throwaway(device.signer.public_key)
        parsed = [parse_host(host) for host in hosts]
        ca = device.record.issuer.window
        linted = prepare(SERVER, device.record.issuer, throwaway=throwaway).lint(
            Fields(
                serial=entropy.serial_number(),
                window=window or Window(self.now - DAY, min(self.now + 89 * DAY, ca.not_after)),
                subject=None,
                public_key=key.public_key,
                names=tuple(host for host in parsed if isinstance(host, HostName)),
                addresses=tuple(host for host in parsed if isinstance(host, Address)),
            ),
            throwaway,
        )
        return sign(linted, device.signer), key


def request_pem(signer: KeySigner, serial: str) -> str:
    """A device's certificate request, as `dotlocal device init` writes it."""
    signed = pkcs10.contents(pkcs10.device_name(serial), core_keys.spki_of(signer.public_key))
    request = pkcs10.request(signed, signer.algorithm, signer.sign(signed))
    return write_pem("CERTIFICATE REQUEST", request)


def parse_host(text: str) -> HostName | Address:
    """A host name or an address, whichever it is."""
    try:
        return Address.parse(text)
    except Refused:
        return HostName.parse(text)
