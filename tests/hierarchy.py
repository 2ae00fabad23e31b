"""Roots and stations in folders, made by the real ceremony at a date of the test's choice, and requests of devices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type

from dotlocal.core.errors import Refused
from dotlocal.factory import station
from dotlocal.factory.station import Station
from dotlocal.host import signers
from dotlocal.host.signers import KeySigner
from dotlocal.root import ceremony
from dotlocal.root.authority import RootAuthority
from dotlocal.root.plan import Plan
from dotlocal.testing import MOMENT, request_pem

PASSPHRASE = b"correct horse battery"
PLAN = {"organisation": "Acme Devices", "name": "Acme Devices Root G1"}


def quiet(message: str) -> None:
    """Talk that nobody listens to."""


def plan(**changes: object) -> bytes:
    """A plan as TOML; a value of None leaves its key out."""
    values = {key: value for key, value in (PLAN | changes).items() if value is not None}
    names = values.pop("names", None)
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    if isinstance(names, dict):
        lines += ["[names]", *(f"{key} = {json.dumps(value)}" for key, value in names.items())]
    elif names is not None:
        lines.append(f"names = {json.dumps(names)}")
    return "\n".join(lines).encode()


def make_root(path: Path, *, now: int = MOMENT, **changes: object) -> ceremony.Home:
    """A root in a folder."""
    home = ceremony.Home(path)
    ceremony.create(Plan.parse(plan(**changes)), home, PASSPHRASE, now=now, say=quiet)
    return home


def open_root(home: ceremony.Home) -> RootAuthority:
    """The root at work."""
    return RootAuthority.open(home, PASSPHRASE)


def make_station(
    path: Path, root: ceremony.Home, *, now: int = MOMENT, years: int | None = None, name: str = "line 1"
) -> station.Home:
    """A station in a folder, accepted by the root."""
    home = station.Home(path)
    request = station.init(home, name, kind="P-256", passphrase=None)
    answer = open_root(root).sign_factory(request.encode(), years=years, now=now)
    station.accept(home, answer.encode(), root_fingerprint=None, passphrase=None, now=now)
    return home


def open_station(home: station.Home, *, now: int = MOMENT) -> Station:
    """The station at work, its clock standing still."""
    return Station.open(home, passphrase=None, clock=lambda: now)


def device_request(serial: str = "SN0001", signer: KeySigner | None = None) -> bytes:
    """A device's request, of a new key unless one is given."""
    return request_pem(signer or signers.generate("P-256"), serial).encode()


def station_request(name: str = "line 1", kind: str = "P-256") -> bytes:
    """A station's request, of a new key."""
    return custom_request([(x509.NameOID.COMMON_NAME, name)], signers.generate(kind).private_key)


def custom_request(
    subject: Sequence[tuple[x509.ObjectIdentifier, str]],
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    *extensions: x509.ExtensionType,
) -> bytes:
    """A request with whatever subject, key and extensions."""
    # UTF8String, for what no PrintableString can hold
    name = x509.Name([x509.NameAttribute(oid, value, _ASN1Type.UTF8String) for oid, value in subject])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    signed = builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM)


class Witness:
    """A signer that looks around when it is asked to sign, and may die of what it sees."""

    def __init__(self, signer: KeySigner, look: object) -> None:
        self._signer = signer
        self._look = look
        self.public_key = signer.public_key
        self.algorithm = signer.algorithm

    def sign(self, message: bytes) -> bytes:
        """Look, then sign."""
        self._look()  # type: ignore[operator]
        return self._signer.sign(message)


class Died(Exception):
    """The process ended here, as far as the test is concerned."""


def code(refused: Refused) -> str:
    """What tests assert of a refusal."""
    return refused.code
