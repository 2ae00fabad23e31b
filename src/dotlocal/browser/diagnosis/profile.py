"""What each browser demands of a certificate beyond RFC 5280: a table of rules, each with who refuses and where it says
so. Pure.

Measured on Chromium 156, Firefox ESR 153, NSS 3.87, OpenSSL 3.0 and 4.0, Python 3.13, Java 17, Go 1.27, BoringSSL and
wolfSSL, each property varied alone; Apple's are from its documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, SignatureAlgorithmOID

from dotlocal.browser.diagnosis.cause import Cause
from dotlocal.browser.path import Path
from dotlocal.core.chain import named, window_of
from dotlocal.core.window import DAY, rfc3339

_APPLE_SINCE = 1561939200  # 2019-07-01
_APPLE_DAYS = 825
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_NOT_IN_CHROMIUM = "secp521r1"  # fine in CAs; as a server's key BoringSSL's clients don't offer it
_SIGNATURES = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256, SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512, SignatureAlgorithmOID.RSA_WITH_SHA256,
    SignatureAlgorithmOID.RSA_WITH_SHA384, SignatureAlgorithmOID.RSA_WITH_SHA512, SignatureAlgorithmOID.RSASSA_PSS,
}  # fmt: skip
# what RFC 5280 4.2 knows: browsers refuse any other critical extension
_KNOWN = {
    ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.NAME_CONSTRAINTS, ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.CERTIFICATE_POLICIES, ExtensionOID.POLICY_CONSTRAINTS,
    ExtensionOID.POLICY_MAPPINGS, ExtensionOID.INHIBIT_ANY_POLICY, ExtensionOID.CRL_DISTRIBUTION_POINTS,
}  # fmt: skip

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)
Found = Iterator[tuple[x509.Certificate, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Which cause, who refuses, by what clause, and what yields each certificate that breaks it with what was seen."""

    code: str
    refuses: str
    cite: str
    broken: Callable[[Path], Found]


def causes(path: Path) -> Iterator[Cause]:
    """Every rule that the path breaks, with who refuses."""
    for rule in TABLE:
        for certificate, seen in rule.broken(path):
            yield Cause(rule.code, named(certificate), f"{named(certificate)}: {seen}; {rule.refuses} ({rule.cite})")


def _not_a_ca(path: Path) -> Found:
    for depth, certificate in enumerate(path.whole[1:], start=1):
        basic = _value(certificate, x509.BasicConstraints)
        if certificate == path.root and path.anchors and certificate.version is x509.Version.v1:
            continue  # trusted by hand, and older than the extension
        usage = _value(certificate, x509.KeyUsage)
        if basic is None or not basic.ca:
            yield certificate, "signed another certificate and is no CA"
        elif basic.path_length is not None and depth - 1 > basic.path_length:
            yield certificate, f"{depth - 1} CAs below it, where its path length is {basic.path_length}"
        elif usage is not None and not usage.key_cert_sign:
            yield certificate, "a CA whose key may not sign certificates"


def _ca_as_server(path: Path) -> Found:
    basic = _value(path.leaf, x509.BasicConstraints)
    if basic is not None and basic.ca:
        yield path.leaf, "a CA, used as a server certificate"


def _purpose(path: Path) -> Found:
    for certificate in path.certificates:
        purposes = _value(certificate, x509.ExtendedKeyUsage)
        if purposes is not None and ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
            yield certificate, "its extended key usage lacks serverAuth"


def _purpose_apple(path: Path) -> Found:
    late = window_of(path.leaf).not_before > _APPLE_SINCE
    if late and _value(path.leaf, x509.ExtendedKeyUsage) is None:
        yield path.leaf, "no extended key usage, where serverAuth is demanded"


def _lifetime(path: Path) -> Found:
    window = window_of(path.leaf)
    seconds = window.not_after - window.not_before
    if window.not_before > _APPLE_SINCE and seconds > _APPLE_DAYS * DAY + 3600:
        yield (
            path.leaf,
            f"valid for {seconds // DAY} days, until {rfc3339(window.not_after)}; {_APPLE_DAYS} are the most",
        )


def _serials(path: Path) -> Found:
    whole = path.whole
    for place, certificate in enumerate(whole):
        for other in whole[place + 1 :]:
            if (certificate.issuer, certificate.serial_number) == (other.issuer, other.serial_number):
                yield (
                    certificate,
                    f"has the serial number {certificate.serial_number:x} of {named(other)}, by one issuer",
                )


def _keys(path: Path) -> Found:
    for certificate in path.whole:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            if key.key_size < 2048:
                yield certificate, f"an RSA key of {key.key_size} bits"
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
            if certificate == path.leaf and key.curve.name == _NOT_IN_CHROMIUM:
                yield certificate, "a server's key of 521 bits, which Chromium does not offer to take"
        else:
            kind = key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__
            yield certificate, f"a key of the kind {kind.removesuffix('PublicKey')}"


def _signatures(path: Path) -> Found:
    for certificate in path.certificates:
        algorithm = certificate.signature_algorithm_oid
        if algorithm not in _SIGNATURES and not _name(algorithm).startswith("ed"):  # those are their issuer's key's
            yield certificate, f"signed by {_name(algorithm)}"


def _key_usage(path: Path) -> Found:
    usage = _value(path.leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        yield path.leaf, "its key usage lacks digitalSignature"


def _subject(path: Path) -> Found:
    extension = _extension(path.leaf, x509.SubjectAlternativeName)
    if extension is not None and not extension.critical and not list(path.leaf.subject):
        yield path.leaf, "an empty subject, beside alternative names that are not critical"


def _key_ids(path: Path) -> Found:
    for certificate, issuer in pairwise(path.whole):
        named_key, key = _value(certificate, x509.AuthorityKeyIdentifier), _value(issuer, x509.SubjectKeyIdentifier)
        if named_key and key and named_key.key_identifier not in (None, key.digest):
            yield certificate, f"its authority key identifier is not that of {named(issuer)}"


def _critical(path: Path) -> Found:
    for certificate in path.whole:
        for extension in certificate.extensions:
            if extension.critical and extension.oid not in _KNOWN:
                yield certificate, f"the critical extension {extension.oid.dotted_string}"


def _strict(path: Path) -> Found:
    if path.leaf != path.root and _extension(path.leaf, x509.AuthorityKeyIdentifier) is None:
        yield path.leaf, "no authority key identifier"
    for certificate in path.whole[1:]:
        basic = _extension(certificate, x509.BasicConstraints)
        if basic is not None and not basic.critical:
            yield certificate, "basic constraints that are not critical"
        if _extension(certificate, x509.KeyUsage) is None and certificate.version is x509.Version.v3:
            yield certificate, "a CA without key usage"


def _constraint_form(path: Path) -> Found:
    for certificate in path.whole[1:]:
        constraints = _value(certificate, x509.NameConstraints)
        for base in (
            (*(constraints.permitted_subtrees or ()), *(constraints.excluded_subtrees or ())) if constraints else ()
        ):
            if isinstance(base, x509.DirectoryName):
                yield certificate, "constraints on directory names, which Go, Deno and Firefox refuse or misread"
            elif isinstance(base, x509.DNSName) and base.value.startswith("."):
                yield certificate, f"the constraint {base.value} with a dot in front"


TABLE = (
    Rule("not-a-ca", "all refuse", "RFC 5280 6.1.4", _not_a_ca),
    Rule("ca-as-server", "Firefox refuses", "MOZILLA_PKIX_ERROR_CA_CERT_USED_AS_END_ENTITY", _ca_as_server),
    Rule("wrong-purpose", "all refuse", "RFC 5280 4.2.1.12", _purpose),
    Rule("purpose-missing", "Apple's systems refuse", "support.apple.com/103769", _purpose_apple),
    Rule("lifetime-too-long", "Apple's systems refuse", "support.apple.com/103769", _lifetime),
    Rule("serial-repeated", "Firefox refuses", "SEC_ERROR_REUSED_ISSUER_AND_SERIAL; RFC 5280 4.1.2.2", _serials),
    Rule("key-refused", "Chromium, Firefox or Safari refuse", "Baseline Requirements 6.1.5", _keys),
    Rule("signature-refused", "browsers refuse", "Baseline Requirements 7.1.3.2", _signatures),
    Rule("key-usage", "Chromium refuses", "ERR_SSL_KEY_USAGE_INCOMPATIBLE; RFC 5280 4.2.1.3", _key_usage),
    Rule("subject-alternative-not-critical", "Chromium and Java refuse", "RFC 5280 4.2.1.6", _subject),
    Rule("key-id-mismatch", "OpenSSL, GnuTLS and all on them refuse", "RFC 5280 4.2.1.1", _key_ids),
    Rule("critical-unknown", "all refuse", "RFC 5280 4.2", _critical),
    Rule("strict-verifiers", "Python from 3.13 on refuses", "VERIFY_X509_STRICT; RFC 5280 4.2.1", _strict),
    Rule("constraint-form", "some clients refuse", "RFC 5280 4.2.1.10", _constraint_form),
)  # fmt: skip


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> x509.Extension[_Kind] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _value(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    found = _extension(certificate, kind)
    return found.value if found else None


def _name(algorithm: x509.ObjectIdentifier) -> str:
    return algorithm._name.lower() if algorithm._name != "Unknown OID" else algorithm.dotted_string
