"""Certificate requests (PKCS#10, RFC 2986): what is taken from one, and what makes it refused."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from dotlocal.core import keys, pem
from dotlocal.core.errors import Refused
from dotlocal.core.keys import PublicKey
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, Profile
from dotlocal.core.subject import check_device_serial, check_station


@dataclass(frozen=True, slots=True)
class Request:
    """A public key whose owner has proved to hold the private half, and the name that it goes by.

    `identity` is a device's serial number (from subject serialNumber) or a station's name (from the common name).
    """

    public_key: PublicKey
    identity: str


def parse_device(data: bytes) -> Request:
    """A device's request, PEM. Only the public key and subject serialNumber are taken from it."""
    parsed = _checked(data, DEVICE_CA)
    serial = _one(parsed, NameOID.SERIAL_NUMBER, "serialNumber", "device", "make it with `dotlocal device init`")
    return Request(_key(parsed), check_device_serial(serial))


def parse_factory(data: bytes) -> Request:
    """A station's request, PEM. A device's request is refused: it must never become a factory CA by mistake."""
    parsed = _checked(data, FACTORY_CA)
    if parsed.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER):
        raise Refused(
            "request-of-device", "the request names a device's serial number; a station's has a common name alone",
            hint="to sign a device CA with the root itself, say so: `dotlocal root sign --device`",
        )  # fmt: skip
    station = _one(parsed, NameOID.COMMON_NAME, "common name", "station", "make it with `dotlocal factory init`")
    return Request(_key(parsed), check_station(station))


def _checked(data: bytes, profile: Profile) -> x509.CertificateSigningRequest:
    contents = pem.request(data, "the request")
    try:
        parsed = x509.load_der_x509_csr(contents)
        extensions = [extension.oid for extension in parsed.extensions]
        parsed.subject  # noqa: B018  parsed when first asked for, so that a bad one would surprise somebody later
    except Exception as error:  # ValueError, UnsupportedAlgorithm, DuplicateExtension: whatever hostile DER brings up
        raise Refused("request-unreadable", f"the request can't be read: {error}") from None
    kind = keys.kind_of(_key(parsed))
    if kind not in profile.keys:
        raise Refused("key-kind", f"the request's key is {kind}; a {profile.title} has {' or '.join(profile.keys)}")
    if not parsed.is_signature_valid:
        raise Refused("request-signature", "the request's signature does not fit its own key")
    if extensions:
        asked = ", ".join(oid._name for oid in extensions)
        raise Refused(
            "request-extension", f"the request asks for {asked}; extensions come from the profile alone",
            hint="make the request without extensions",
        )  # fmt: skip
    return parsed


def _key(parsed: x509.CertificateSigningRequest) -> PublicKey:
    try:
        key = parsed.public_key()
    except Exception as error:  # UnsupportedAlgorithm for unknown curves, ValueError for points that are on none
        raise Refused("key-kind", f"the request's key can't be used: {error}") from None
    keys.kind_of(key)
    return key  # type: ignore[return-value]  # kind_of refuses every other type


def _one(parsed: x509.CertificateSigningRequest, oid: x509.ObjectIdentifier, title: str, whose: str, hint: str) -> str:
    values = parsed.subject.get_attributes_for_oid(oid)
    if len(values) != 1 or not isinstance(values[0].value, str):
        raise Refused("request-identity", f"a {whose}'s request has one {title}; this one has {len(values)}", hint=hint)
    return values[0].value
