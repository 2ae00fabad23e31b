"""A maker's certificates around the real clock, right or wrong in one thing: what the patients serve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

import forge
from dotlocal.core.constraints import DEFAULT, NamePolicy
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.host.signers import KeySigner
from dotlocal.testing import parse_host

NOW = int(time.time())
HOST = "press-07.local"
ADDRESS = "192.168.77.7"
CA_WINDOW = Window(NOW - 40 * DAY, NOW + 20 * YEAR)
LEAF_WINDOW = Window(NOW - DAY, NOW + 89 * DAY)


@dataclass(frozen=True)
class Authority:
    """A CA of the maker's, and its key."""

    certificate: x509.Certificate
    key: KeySigner


@dataclass(frozen=True)
class Chain:
    """What is served: the certificates in their order, and the key of the first."""

    certificates: tuple[x509.Certificate, ...]
    key: object

    def pem(self) -> bytes:
        """Key and certificates in one file."""
        key = self.key.private_bytes(  # type: ignore[attr-defined]
            Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key + b"".join(each.public_bytes(Encoding.PEM) for each in self.certificates)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.pem())
        return path

    def but(self, *certificates: x509.Certificate) -> Chain:
        return Chain(certificates, self.key)


@dataclass(frozen=True)
class Maker:
    """Root, factory CA and device CA. Serial numbers are random: Firefox remembers every one that it has seen."""

    organisation: str = "Acme Devices"
    generation: int = 1
    number: int = 1
    constrain_root: bool = True
    names: NamePolicy = DEFAULT

    @property
    def root(self) -> Authority:
        """The same certificate whenever it is asked for, so that a browser that has imported it can be kept."""
        return _root(self.organisation, self.generation, self.number, self.constrain_root, self.names)

    @property
    def factory(self) -> Authority:
        return _factory(self.organisation, self.root)

    def device_draft(self, above: Authority | None = None) -> forge.Draft:
        above = above or self.factory
        key = forge.key("P-256", 10 * self.number + 2)
        subject = forge.name(self.organisation, "SN0007", "device CA SN0007 0A1B2C3D")
        constraints = self.names.for_device("SN0007")
        return forge.device(
            subject, key.public_key, CA_WINDOW, above.certificate.subject, above.key.public_key, constraints
        ).but(serial=x509.random_serial_number())

    def device(self, above: Authority | None = None, draft: forge.Draft | None = None) -> Authority:
        above = above or self.factory
        draft = draft or self.device_draft(above)
        return Authority(draft.signed(above.key), forge.key("P-256", 10 * self.number + 2))

    def draft(self, *hosts: str, window: Window = LEAF_WINDOW, key: KeySigner | None = None) -> forge.Draft:
        device = self.device().certificate
        key = key or forge.key(number=9)
        return forge.server_below(device, window, *map(parse_host, hosts or (HOST,)), public_key=key.public_key).but(
            serial=x509.random_serial_number()
        )

    def chain(
        self, draft: forge.Draft | None = None, *, device: Authority | None = None, above: Sequence[Authority] = (),
        key: KeySigner | None = None,
    ) -> Chain:  # fmt: skip
        """The server certificate of a draft, the device CA, and the factory CA."""
        device = device or self.device()
        leaf = (draft or self.draft()).signed(device.key)
        cas = [each.certificate for each in (above or (self.factory,))]
        return Chain((leaf, device.certificate, *cas), (key or forge.key(number=9)).private_key)


@cache
def _root(organisation: str, generation: int, number: int, constrained: bool, names: NamePolicy) -> Authority:
    key = forge.key("P-384", 10 * number)
    subject = forge.name(organisation, "", f"{organisation} Root G{generation}")
    permitted = names.widest() if constrained else None
    return Authority(forge.root(subject, key.public_key, CA_WINDOW, permitted).but(serial=77).signed(key), key)


@cache
def _factory(organisation: str, root: Authority) -> Authority:
    key = forge.key("P-256", 11)
    subject = forge.name(organisation, "", f"{organisation} Factory CA (line 1)")
    draft = forge.factory(subject, key.public_key, CA_WINDOW, root.certificate.subject, root.key.public_key)
    return Authority(draft.but(serial=78).signed(root.key), key)


def write_root(path: Path, root: x509.Certificate) -> Path:
    path.write_bytes(root.public_bytes(Encoding.PEM))
    return path
