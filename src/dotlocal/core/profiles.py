"""The certificate profiles, as tables: every extension that a certificate here has, and the clause or trap behind it.

Why each row is as it is was measured with 24 TLS stacks; docs/profiles.md is rendered from these rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Values that only issuing can know; the assembler puts them in.
FROM_POLICY = "the name policy"
FROM_ISSUER = "the issuer's key identifier"
SLOT = "filled in"


@dataclass(frozen=True, slots=True)
class Row:
    """One extension of a profile: whether it is critical, what it holds, the clause it follows, and why.

    The value of basicConstraints is the path length of a CA, None for a CA without one, `()` for no CA. An optional
    row is left out when there is no name policy to fill it.
    """

    extension: str
    critical: bool
    value: str | tuple[str, ...] | int | None
    cite: str
    why: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of certificate. Rows are in the order in which the extensions are encoded; there are no others."""

    name: str
    title: str
    keys: tuple[str, ...]
    subject: str
    lifetime: str
    rows: tuple[Row, ...]

    @property
    def is_ca(self) -> bool:
        """Whether certificates of this profile sign others."""
        return self.name != "server"

    def rows_with(self, constraints: object | None) -> tuple[Row, ...]:
        """The rows that a certificate with these constraints, or None, has."""
        return tuple(row for row in self.rows if not row.optional or constraints is not None)

    def row(self, extension: str) -> Row | None:
        """The row of an extension, or None when the profile has no such extension."""
        return next((row for row in self.rows if row.extension == extension), None)


_SKI = Row(
    "subjectKeyIdentifier", critical=False, value=SLOT, cite="RFC 5280 4.2.1.2, RFC 7093 2",
    why="by key hash, so that a CA can be renewed under its key",
)  # fmt: skip
_AKI = Row(
    "authorityKeyIdentifier", critical=False, value=FROM_ISSUER, cite="RFC 5280 4.2.1.1",
    why="key id alone: pyca and Python 3.13 want it; issuer and serial number would bind to one certificate",
)  # fmt: skip

ROOT_CA = Profile(
    name="root",
    title="Root CA",
    keys=("P-384", "P-256", "RSA-3072", "RSA-4096"),
    subject="O=vendor, CN=name in the plan; a new one with every new key",
    lifetime="25 years",
    rows=(
        Row("basicConstraints", critical=True, value=None, cite="RFC 5280 4.2.1.9",
            why="no path length, so that a tier can be added; not critical is refused by Python 3.13 and pyca"),
        Row("keyUsage", critical=True, value=("keyCertSign", "cRLSign"), cite="RFC 5280 4.2.1.3",
            why="without it Python 3.13, pyca and wolfSSL refuse"),
        Row("nameConstraints", critical=True, value=FROM_POLICY, cite="RFC 5280 4.2.1.10",
            why="the widest that the vendor will ever use, for the customer's sake; `constrain_root` leaves it out",
            optional=True),
        _SKI,
    ),
)  # fmt: skip

FACTORY_CA = Profile(
    name="factory",
    title="Factory CA",
    keys=("P-256", "P-384"),
    subject="O=vendor, CN=vendor Factory CA (station)",
    lifetime="within the root's, as long as its devices must live",
    rows=(
        Row("basicConstraints", critical=True, value=1, cite="RFC 5280 4.2.1.9",
            why="device CAs below it, and nothing below those"),
        Row("keyUsage", critical=True, value=("keyCertSign", "cRLSign"), cite="RFC 5280 4.2.1.3",
            why="signs device CAs and their revocation list"),
        _SKI,
        _AKI,
    ),
)  # fmt: skip

DEVICE_CA = Profile(
    name="device",
    title="Device CA",
    keys=("P-256",),
    subject="O=vendor, serialNumber=device, CN=device CA SERIAL KKKKKKKK",
    lifetime="production to its parent's end",
    rows=(
        Row("basicConstraints", critical=True, value=0, cite="RFC 5280 4.2.1.9",
            why="a device can't make another CA"),
        Row("keyUsage", critical=True, value=("keyCertSign",), cite="RFC 5280 4.2.1.3",
            why="signs certificates and nothing else"),
        Row("extKeyUsage", critical=False, value=("serverAuth", "clientAuth"), cite="RFC 5280 4.2.1.12",
            why="closes e-mail and code signing, the forms without a subtree; OpenSSL and Go want serverAuth in it"),
        Row("nameConstraints", critical=True, value=FROM_POLICY, cite="RFC 5280 4.2.1.10",
            why="a form without a subtree is open everywhere: DNS, IPv4 and IPv6, always; critical, so that clients "
                "without constraints refuse rather than trust a stolen key"),
        _SKI,
        _AKI,
    ),
)  # fmt: skip

SERVER = Profile(
    name="server",
    title="Server certificate",
    keys=("P-256",),
    subject="empty",
    lifetime="90 days, at most 824, within the device CA",
    rows=(
        Row("basicConstraints", critical=True, value=(), cite="RFC 5280 4.2.1.9", why="no CA"),
        Row("keyUsage", critical=True, value=("digitalSignature",), cite="RFC 5280 4.2.1.3, RFC 8446 4.4.2.2",
            why="all that an ECDSA key does in TLS 1.2 and 1.3"),
        Row("extKeyUsage", critical=False, value=("serverAuth",), cite="RFC 5280 4.2.1.12",
            why="Apple demands it of private roots too"),
        Row("subjectAltName", critical=True, value=SLOT, cite="RFC 5280 4.2.1.6",
            why="the subject is empty: GnuTLS, Java and OpenSSL hold a common name to the DNS subtrees"),
        _SKI,
        _AKI,
    ),
)  # fmt: skip

PROFILES = (ROOT_CA, FACTORY_CA, DEVICE_CA, SERVER)


def markdown() -> Iterator[str]:
    """The lines of docs/profiles.md's generated part."""
    for profile in PROFILES:
        yield from (f"## {profile.title}", "")
        yield f"Key {', '.join(profile.keys)}. Subject: {profile.subject}. Lifetime: {profile.lifetime}."
        yield from ("", "| extension | critical | value | follows | why |", "|---|---|---|---|---|")
        for row in profile.rows:
            critical = "yes" if row.critical else "no"
            yield f"| {row.extension} | {critical} | {_shown(row)} | {row.cite} | {row.why} |"
        yield ""


def _shown(row: Row) -> str:
    if row.extension == "basicConstraints":
        length = "no path length" if row.value is None else f"path length {row.value}"
        return "not a CA" if row.value == () else f"CA, {length}"
    return " ".join(row.value) if isinstance(row.value, tuple) else str(row.value)
