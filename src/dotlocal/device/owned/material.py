"""What somebody uploaded, as values: keys, certificates and requests, in whatever order they came."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from dotlocal.core.findings import Finding
from dotlocal.core.names import Address
from dotlocal.core.window import Window
from dotlocal.device.owned.fit import Answers


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key: its PKCS#8 DER, the SubjectPublicKeyInfo that goes with it, and `kind` as in `RSA-2048`."""

    pkcs8: bytes = field(repr=False)
    spki: bytes
    kind: str


@dataclass(frozen=True, slots=True)
class Upload:
    """One file, or one field of a form: its name, for messages, and its contents."""

    name: str
    contents: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Material:
    """All that was read from the uploads, and what was found while reading."""

    keys: tuple[PrivateKey, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    requests: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the judge goes by: what the device answers to, what time it is (`known` tells whether that is certain), the
    key that waits for an answer, CA certificates of earlier imports, names that the customer asked for, and `here`, the
    certificates that the device has, in use or put aside.
    """

    answers: Answers
    now: int
    known: bool
    waiting: PrivateKey | None = None
    pool: tuple[x509.Certificate, ...] = ()
    claimed: tuple[str, ...] = ()
    here: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What may be installed, when no finding is an error: the key, the chain as it is sent, the root if it is known."""

    key: PrivateKey | None
    chain: tuple[x509.Certificate, ...]
    anchor: x509.Certificate | None
    window: Window | None
    names: tuple[str, ...]
    addresses: tuple[Address, ...]
    claimed: tuple[str, ...]
    findings: tuple[Finding, ...]
