"""Lint: is this certificate, as an independent parser reads it, what its profile promises?

One rule is one row: a code, the clause, and a function that yields what is wrong. The rules read a parsed certificate
and the profile table, and know nothing of how the assembler writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, SignatureAlgorithmOID

from dotlocal.core import constraints as name_constraints
from dotlocal.core import keys
from dotlocal.core.chain import window_of
from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.names import Address, HostName, unusable
from dotlocal.core.profiles import FROM_POLICY, SERVER, Profile, Row
from dotlocal.core.subject import is_host_name
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import Window

_ALGORITHMS = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256: "ecdsa-sha256",
    SignatureAlgorithmOID.ECDSA_WITH_SHA384: "ecdsa-sha384",
    SignatureAlgorithmOID.RSA_WITH_SHA256: "rsa-sha256",
}
_PURPOSES = {ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth", ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth"}
_USAGES = {
    "digital_signature": "digitalSignature", "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment", "data_encipherment": "dataEncipherment", "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign", "crl_sign": "cRLSign",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """What the issuer and the policy demand of a certificate, beside its profile."""

    issuer: bytes
    issuer_key_id: bytes
    algorithm: str
    window: Window
    permitted: Subtrees
    constraints: Subtrees | None


Rule = Callable[[x509.Certificate, Profile, Expected], Iterator[str]]


def lint(certificate: x509.Certificate, profile: Profile, expected: Expected) -> list[Finding]:
    """Every way in which the certificate departs from its profile; its signature is not looked at."""
    findings: list[Finding] = []
    for code, clause, rule in RULES:
        try:
            messages = list(rule(certificate, profile, expected))
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            messages = [f"can't be read: {error}"]
        except Refused as refused:
            messages = [refused.message]
        findings += [Finding(code, ERROR, profile.name, f"{message} ({clause})") for message in messages]
    return findings


def _version(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    if certificate.version is not x509.Version.v3:
        yield f"version {certificate.version.name}, not v3"


def _serial(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    serial = certificate.serial_number
    if not 1 << 64 <= serial < 1 << 159:
        yield f"serial number {serial:x}; random ones here have about 152 bits, and 65 to 159 are taken"


def _algorithm(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    found = _ALGORITHMS.get(certificate.signature_algorithm_oid, certificate.signature_algorithm_oid.dotted_string)
    if found != expected.algorithm:
        yield f"signed as {found}, where the issuer's key wants {expected.algorithm}"


def _issuer(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    if certificate.issuer.public_bytes() != expected.issuer:
        yield f"names {certificate.issuer.rfc4514_string()!r} as its issuer, to the byte it is another"


def _validity(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    window = window_of(certificate)
    if not expected.window.covers(window):
        yield f"valid {window}, beyond its issuer's {expected.window}"


def _subject(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    subject = certificate.subject
    kinds = [attribute.oid for attribute in subject]
    if profile is SERVER:
        if kinds:
            yield f"subject {subject.rfc4514_string()!r}, where it must be empty"
        return
    serial = [NameOID.SERIAL_NUMBER] if profile.name == "device" else []
    if kinds != [NameOID.ORGANIZATION_NAME, *serial, NameOID.COMMON_NAME]:
        yield f"subject {subject.rfc4514_string()!r} is not made of the profile's attributes"
    elif is_host_name(str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)):
        yield "the common name of a CA looks like a host name, and wolfSSL would take it for one"


def _key(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    kind = keys.kind_of(certificate.public_key())
    if kind not in profile.keys:
        yield f"key {kind}; the profile has {', '.join(profile.keys)}"


def _extensions(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    found = [(extension.oid._name, extension.critical) for extension in certificate.extensions]
    wanted = [(row.extension, row.critical) for row in profile.rows_with(expected.constraints)]
    if [(_PYCA_NAMES.get(name, name), critical) for name, critical in found] != wanted:
        yield f"extensions {found}, where the profile has {wanted} in this order"


def _basic_constraints(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    found = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    wanted = _row(profile, "basicConstraints").value
    if (found.ca, found.path_length) != (wanted != (), None if wanted == () else wanted):
        yield f"CA {found.ca} with path length {found.path_length}"


def _key_usage(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    found = {name for attribute, name in _USAGES.items() if getattr(usage, attribute)}
    if found != set(_texts(_row(profile, "keyUsage"))):
        yield f"key usage {' '.join(sorted(found))}"


def _purposes(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    row = profile.row("extKeyUsage")
    if row is None:
        return
    usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    found = tuple(_PURPOSES.get(usage, usage.dotted_string) for usage in usages)
    if found != row.value:
        yield f"extended key usage {' '.join(found)}"


def _constraints(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    if not any(row.value == FROM_POLICY for row in profile.rows_with(expected.constraints)):
        return
    found = name_constraints.subtrees_of(certificate)
    if found != expected.constraints:
        yield f"name constraints {found}, where the policy says {expected.constraints}"
    for base in name_constraints.complete(found)[0]:
        if HostName.parse(base).text != base:
            yield f"subtree {base!r} is not normalised"


def _alternative_names(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    if profile.row("subjectAltName") is None:
        return
    for entry in certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value:
        name: HostName | Address
        if isinstance(entry, x509.DNSName):
            name = HostName.parse(entry.value)
            if name.text != entry.value:
                yield f"{entry.value!r} is not normalised"
        elif isinstance(entry, x509.IPAddress) and hasattr(entry.value, "packed"):
            name = Address(entry.value.packed)
            if reason := unusable(name):
                yield f"{name} {reason[1]}"
        else:
            yield f"{entry} is no host name and no address"
            continue
        if not expected.permitted.permits(name):
            yield f"{name} is outside the chain's constraints, which would lose the whole certificate"


def _key_identifiers(certificate: x509.Certificate, profile: Profile, expected: Expected) -> Iterator[str]:
    key = certificate.public_key()
    keys.kind_of(key)
    ski = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    if ski.digest != keys.key_id_of(key):  # type: ignore[arg-type]  # kind_of refuses other keys
        yield f"subject key identifier {ski.digest.hex()} is not the key's"
    if profile.row("authorityKeyIdentifier"):
        aki = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        if aki.key_identifier != expected.issuer_key_id or aki.authority_cert_issuer is not None:
            yield "authority key identifier is not the issuer's key id alone"


RULES: tuple[tuple[str, str, Rule], ...] = (
    ("lint-version", "RFC 5280 4.1.2.1", _version),
    ("lint-serial", "RFC 5280 4.1.2.2, CA/B BR 7.1", _serial),
    ("lint-algorithm", "RFC 5280 4.1.2.3", _algorithm),
    ("lint-issuer", "RFC 5280 4.1.2.4", _issuer),
    ("lint-validity", "RFC 5280 4.1.2.5", _validity),
    ("lint-subject", "RFC 5280 4.1.2.6", _subject),
    ("lint-key", "RFC 5480 2.1.1", _key),
    ("lint-extensions", "RFC 5280 4.2", _extensions),
    ("lint-basic-constraints", "RFC 5280 4.2.1.9", _basic_constraints),
    ("lint-key-usage", "RFC 5280 4.2.1.3", _key_usage),
    ("lint-purpose", "RFC 5280 4.2.1.12", _purposes),
    ("lint-name-constraints", "RFC 5280 4.2.1.10", _constraints),
    ("lint-names", "RFC 5280 4.2.1.6", _alternative_names),
    ("lint-key-identifiers", "RFC 5280 4.2.1.1 and 4.2.1.2", _key_identifiers),
)

_PYCA_NAMES = {"extendedKeyUsage": "extKeyUsage"}


def _row(profile: Profile, extension: str) -> Row:
    row = profile.row(extension)
    if row is None:
        raise ValueError(f"profile {profile.name} has no {extension}")
    return row


def _texts(row: Row) -> tuple[str, ...]:
    return row.value if isinstance(row.value, tuple) else ()
