"""The birth record: what the factory gives back to a device. One PEM file: device CA, factory CA (if any), root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dotlocal.core import keys, pem
from dotlocal.core.chain import named, signed_by, window_of
from dotlocal.core.constraints import subtrees_of
from dotlocal.core.errors import Refused
from dotlocal.core.findings import Finding
from dotlocal.core.issue import Issuer
from dotlocal.core.lint import Expected, lint
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, ROOT_CA, Profile
from dotlocal.core.subtrees import UNCONSTRAINED
from dotlocal.core.window import rfc3339

_PROFILES: dict[int, tuple[Profile, ...]] = {2: (DEVICE_CA, ROOT_CA), 3: (DEVICE_CA, FACTORY_CA, ROOT_CA)}


@dataclass(frozen=True, slots=True)
class BirthRecord:
    """A device CA and the CAs above it, the root last; whoever holds one holds a chain that fits its profiles."""

    certificates: tuple[x509.Certificate, ...]

    @classmethod
    def parse(cls, data: bytes) -> BirthRecord:
        """Read and check one: number, order, signatures, profiles, dates within the parents'. No clock is asked.

        Refuses `birth-count`, `birth-order`, `birth-profile`, and what PEM and certificates are refused for.
        """
        return cls.of(pem.certificates(data, "the birth record"))

    @classmethod
    def of(cls, certificates: Sequence[x509.Certificate]) -> BirthRecord:
        """The same checks for certificates at hand."""
        record = tuple(certificates)
        if len(record) not in _PROFILES:
            raise Refused(
                "birth-count", f"a birth record holds two or three certificates; this one holds {len(record)}",
                hint="device CA, factory CA (if a station made it), root: ask the factory for the record again",
            )  # fmt: skip
        check_chain(record, _PROFILES[len(record)])
        return cls(record)

    @property
    def device_ca(self) -> x509.Certificate:
        """The device CA."""
        return self.certificates[0]

    @property
    def root(self) -> x509.Certificate:
        """The root."""
        return self.certificates[-1]

    @property
    def sent(self) -> tuple[x509.Certificate, ...]:
        """What a server sends after its own certificate: everything but the root."""
        return self.certificates[:-1]

    @property
    def serial_number(self) -> str:
        """The device's serial number."""
        return str(self.device_ca.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value)

    @property
    def issuer(self) -> Issuer:
        """The device CA as the issuer of server certificates."""
        return Issuer.of(*self.certificates)

    def encode(self) -> str:
        """The PEM file."""
        return "".join(pem.encode(pem.CERTIFICATE, each.public_bytes(Encoding.DER)) for each in self.certificates)

    def check_valid(self, instant: int) -> None:
        """Refuse `birth-expired` when one of the certificates has ended."""
        for each in self.certificates:
            if instant > (end := window_of(each).not_after):
                raise Refused("birth-expired", f"{named(each)} ended {rfc3339(end)}; it is {rfc3339(instant)}")


def check_chain(certificates: Sequence[x509.Certificate], profiles: Sequence[Profile]) -> None:
    """Refuse a chain (the root last) whose order, signatures or contents are not those of the profiles."""
    above = [*certificates[1:], certificates[-1]]
    for certificate, issuer in zip(certificates, above, strict=True):
        if not signed_by(certificate, issuer):
            raise Refused(
                "birth-order", f"{named(certificate)} was not signed by {named(issuer)}, which follows it",
                hint="the order is device CA, factory CA, root; none may be missing, and all are of one hierarchy",
            )  # fmt: skip
    findings: list[Finding] = []
    for depth, (certificate, profile) in enumerate(zip(certificates, profiles, strict=True)):
        own = subtrees_of(certificate)
        parent = Issuer.of(*certificates[depth + 1 :]) if certificates[depth + 1 :] else None
        findings += lint(certificate, profile, _expected(certificate, parent))
        if parent and own != UNCONSTRAINED and own.beyond(parent.permitted):
            raise Refused("policy-wider", f"{named(certificate)} permits names that the CAs above it do not")
    if findings:
        told = "; ".join(f"{finding.subject} certificate: {finding.message}" for finding in findings)
        raise Refused("birth-profile", f"the certificates are not what they must be: {told}")


def _expected(certificate: x509.Certificate, issuer: Issuer | None) -> Expected:
    above = issuer or Issuer.of(certificate)
    own = subtrees_of(certificate)
    return Expected(
        above.subject, keys.key_id_of(above.public_key), above.algorithm, above.window, above.permitted,
        None if own == UNCONSTRAINED else own,
    )  # fmt: skip
