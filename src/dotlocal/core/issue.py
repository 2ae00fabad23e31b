"""Issuing off the device: prepare a template, lint a draft of every certificate, and only then sign.

Each step takes what the step before made, and nothing else makes it:
`prepare` → Prepared → `Prepared.lint` → Linted → `sign` → certificate.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from dotlocal.core import constraints as name_constraints
from dotlocal.core import der, keys
from dotlocal.core.chain import window_of
from dotlocal.core.errors import Refused
from dotlocal.core.findings import Finding
from dotlocal.core.keys import PublicKey, Signer
from dotlocal.core.lint import Expected, lint
from dotlocal.core.names import Address, HostName, unusable
from dotlocal.core.profiles import DEVICE_CA, FROM_ISSUER, FROM_POLICY, SLOT, Profile, Row
from dotlocal.core.subject import Subject
from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees
from dotlocal.core.template import EMPTY_NAME, Template, certificate
from dotlocal.core.window import Window

OIDS = {
    "basicConstraints": "2.5.29.19",
    "keyUsage": "2.5.29.15",
    "extKeyUsage": "2.5.29.37",
    "nameConstraints": name_constraints.OID,
    "subjectAltName": "2.5.29.17",
    "subjectKeyIdentifier": "2.5.29.14",
    "authorityKeyIdentifier": "2.5.29.35",
}
KEY_USAGE_BITS = {"digitalSignature": 0, "keyCertSign": 5, "cRLSign": 6}  # RFC 5280 4.2.1.3
PURPOSES = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2"}  # RFC 5280 4.2.1.12
_SAMPLE_SERIAL = 0x5A << 144  # as long as a random one
# The base point of P-256: the one public key whose private half everybody knows, so no sample can be of use.
_GENERATOR = ec.derive_private_key(1, ec.SECP256R1()).public_key()


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA as the certificates below it see it; `permitted` is what it *and* every CA above it permit."""

    subject: bytes
    serial: int
    public_key: PublicKey
    window: Window
    permitted: Subtrees
    self_signed: bool = False
    named_id: bytes = b""  # its subject key identifier, where a foreign CA made that in its own way

    @classmethod
    def of(cls, ca: x509.Certificate, *above: x509.Certificate) -> Issuer:
        """The issuer that a CA certificate is, below the CAs above it, the root included."""
        permitted = UNCONSTRAINED
        for each in (ca, *above):
            permitted = permitted.intersect(name_constraints.subtrees_of(each))
        return cls(ca.subject.public_bytes(), ca.serial_number, _public_key(ca), window_of(ca), permitted)

    @classmethod
    def root(cls, subject: Subject, public_key: PublicKey, window: Window, serial: int) -> Issuer:
        """The issuer of a root: itself."""
        return cls(subject.encode(), serial, public_key, window, UNCONSTRAINED, self_signed=True)

    @property
    def key_id(self) -> bytes:
        """The key identifier that certificates below it point to (RFC 5280 4.2.1.1)."""
        return self.named_id or keys.key_id_of(self.public_key)

    @property
    def algorithm(self) -> str:
        """How this issuer signs."""
        return keys.algorithm_for(keys.kind_of(self.public_key))


@dataclass(frozen=True, slots=True)
class Fields:
    """The five fields of one certificate."""

    serial: int
    window: Window
    subject: Subject | None
    public_key: PublicKey
    names: tuple[HostName, ...] = ()
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Linted:
    """Contents that passed lint and may be signed, once, by the issuer that they name. Only lint makes one."""

    tbs: bytes
    serial: int
    issuer: Issuer
    proof: InitVar[object]  # not kept, so that `dataclasses.replace` can't carry it over to other contents

    def __post_init__(self, proof: object) -> None:
        if proof is not _PROOF:
            raise TypeError("only Prepared.lint makes what may be signed")

    @property
    def digest(self) -> str:
        """SHA-256 of the contents in hex: what a ledger records before the key is used."""
        return sha256(self.tbs).hexdigest()


_PROOF = object()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A profile below an issuer, its fixed extensions encoded and linted on a sample."""

    profile: Profile
    issuer: Issuer
    constraints: Subtrees | None
    template: Template

    def lint(self, fields: Fields, throwaway: Signer) -> Linted:
        """Fill in, let the throw-away key sign a draft of the very same contents, and judge that.

        `throwaway` must be of the issuer's kind. Refuses `lint` with every finding; nothing real was signed.
        """
        tbs = self.template.fill(
            serial=fields.serial,
            window=fields.window,
            subject=fields.subject.encode() if fields.subject else EMPTY_NAME,
            spki=keys.spki_of(fields.public_key),
            key_id=keys.key_id_of(fields.public_key),
            names=fields.names,
            addresses=fields.addresses,
        )
        draft = x509.load_der_x509_certificate(certificate(tbs, self.issuer.algorithm, throwaway.sign(tbs)))
        if findings := lint(draft, self.profile, self._expected()):
            raise lint_refusal(self.profile, findings)
        return Linted(tbs, fields.serial, self.issuer, _PROOF)

    def _expected(self) -> Expected:
        issuer = self.issuer
        return Expected(
            issuer.subject, issuer.key_id, issuer.algorithm, issuer.window, issuer.permitted,
            self.constraints,
        )  # fmt: skip


def prepare(profile: Profile, issuer: Issuer, *, throwaway: Signer, constraints: Subtrees | None = None) -> Prepared:
    """A template for certificates of a profile below an issuer, linted on a sample.

    Refuses constraints that lack a kind (`policy-kind-missing`) or are wider than the chain's (`policy-wider`).
    Without constraints only a profile whose row is optional, or that has none, can be prepared.
    """
    if constraints is not None and (wider := constraints.beyond(issuer.permitted)):
        raise Refused(
            "policy-wider", f"the name policy permits {', '.join(wider)}, which the CAs above it do not",
            hint="narrow the station's policy, or make a new root with a wider one", facts={"wider": wider},
        )  # fmt: skip
    template = Template(
        profile=profile.name,
        algorithm=issuer.algorithm,
        issuer=issuer.subject,
        issuer_key_id=issuer.key_id,
        issuer_serial=issuer.serial,
        issuer_window=issuer.window,
        permitted=issuer.permitted,
        extensions=tuple(_encode(row, issuer, constraints) for row in profile.rows_with(constraints)),
    )
    prepared = Prepared(profile, issuer, constraints, template)
    prepared.lint(_sample(profile, issuer), throwaway)
    return prepared


def sign(linted: Linted, signer: Signer) -> x509.Certificate:
    """Sign what passed lint. The signature is verified before the certificate is handed out (a faulty token, a
    mistaken key: `signature-fault`), and the signed contents are the linted ones, to the byte.
    """
    issuer = linted.issuer
    if keys.spki_of(signer.public_key) != keys.spki_of(issuer.public_key):
        raise Refused("wrong-key", "the signing key is not the issuer's: their public halves differ")
    signed = x509.load_der_x509_certificate(certificate(linted.tbs, issuer.algorithm, signer.sign(linted.tbs)))
    if signed.tbs_certificate_bytes != linted.tbs or not keys.verifies(
        issuer.public_key, signed.signature, linted.tbs, issuer.algorithm
    ):
        raise Refused("signature-fault", "the key made a signature that does not verify; the certificate was discarded")
    return signed


def lint_refusal(profile: Profile, findings: list[Finding]) -> Refused:
    """What lint found, as one refusal."""
    told = "; ".join(finding.message for finding in findings)
    return Refused("lint", f"this would be no valid {profile.title}: {told}", facts={"findings": findings})


def _public_key(ca: x509.Certificate) -> PublicKey:
    key = ca.public_key()
    keys.kind_of(key)
    return key  # type: ignore[return-value]  # kind_of refuses every other type


def _encode(row: Row, issuer: Issuer, constraints: Subtrees | None) -> bytes | str:
    if row.value == SLOT:
        return row.extension
    return der.extension(OIDS[row.extension], _value(row, issuer, constraints), critical=row.critical)


def _value(row: Row, issuer: Issuer, constraints: Subtrees | None) -> bytes:
    match row.extension, row.value:
        case "basicConstraints", ():
            return der.sequence()
        case "basicConstraints", None:
            return der.sequence(der.boolean_true())
        case "basicConstraints", int(length):
            return der.sequence(der.boolean_true(), der.integer(length))
        case "keyUsage", tuple(usages):
            return der.named_bits(tuple(KEY_USAGE_BITS[usage] for usage in usages))
        case "extKeyUsage", tuple(purposes):
            return der.sequence(*(der.oid(PURPOSES[purpose]) for purpose in purposes))
        case "nameConstraints", value if value == FROM_POLICY and constraints is not None:
            return name_constraints.encode(constraints)
        case "authorityKeyIdentifier", value if value == FROM_ISSUER:
            return der.sequence(der.implicit(0, issuer.key_id))
    raise ValueError(f"no encoding for {row}")


def _sample(profile: Profile, issuer: Issuer) -> Fields:
    names: tuple[HostName, ...] = ()
    addresses: tuple[Address, ...] = ()
    if profile.row("subjectAltName"):
        permitted = issuer.permitted
        names = tuple(HostName(base) for base in (permitted.dns or ("sample.local",))[:1])
        ranges = (Address(network) for network, _ in permitted.ip or ())
        addresses = tuple(address for address in ranges if not unusable(address))[:1]  # 0.0.0.0/32 means none
    subject = Subject("Sample", "sample CA", "SN0001" if profile is DEVICE_CA else None) if profile.is_ca else None
    key = issuer.public_key if issuer.self_signed else _GENERATOR
    return Fields(_SAMPLE_SERIAL, issuer.window, subject, key, names, addresses)
