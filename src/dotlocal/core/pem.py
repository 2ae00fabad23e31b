"""Strict PEM (RFC 7468): bounded, one well-formed block after the other; text between blocks is skipped."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from cryptography import x509

from dotlocal.core.chain import window_of
from dotlocal.core.errors import Refused

MOST_OCTETS = 64 * 1024
CERTIFICATE = "CERTIFICATE"
REQUEST = "CERTIFICATE REQUEST"
_BLOCK = re.compile(rb"^-----BEGIN ([A-Z0-9 ]{1,40})-----[ \t]*\r?\n(.*?)^-----END ([A-Z0-9 ]{1,40})-----", re.S | re.M)
_BASE64 = re.compile(rb"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)")


def parse(data: bytes, what: str) -> list[tuple[str, bytes]]:
    """The blocks of a PEM text as (label, contents), in order. `what` names the text in errors.

    Refuses `pem-too-large`, `pem-empty` and `pem-corrupt`; headers inside blocks (RFC 1421) are not accepted.
    """
    if len(data) > MOST_OCTETS:
        raise Refused("pem-too-large", f"{what} has {len(data)} octets; at most {MOST_OCTETS} are read")
    blocks = list(_blocks(data, what))
    if data.count(b"-----BEGIN ") != len(blocks) or data.count(b"-----END ") != len(blocks):
        raise Refused("pem-corrupt", f"{what} has a PEM block that starts or ends in the wrong place")
    if not blocks:
        raise Refused("pem-empty", f"{what} holds no PEM block", hint="it should start with -----BEGIN …-----")
    return blocks


def certificates(data: bytes, what: str) -> list[x509.Certificate]:
    """The certificates of a PEM text that holds nothing else, in order."""
    return [certificate(contents, what) for contents in _only(CERTIFICATE, data, what)]


def certificate(contents: bytes, what: str) -> x509.Certificate:
    """One certificate from DER; refuses `certificate-unreadable`."""
    try:
        parsed = x509.load_der_x509_certificate(contents)
        # parsed when first asked for, so that a bad one would surprise somebody later
        parsed.extensions, parsed.subject, parsed.issuer, parsed.public_key(), window_of(parsed)
    except Exception as error:  # ValueError, UnsupportedAlgorithm, DuplicateExtension: whatever hostile DER brings up
        raise Refused("certificate-unreadable", f"{what} holds a certificate that can't be read: {error}") from None
    return parsed


def request(data: bytes, what: str) -> bytes:
    """The DER of the one certificate request in a PEM text; refuses `pem-count`, and PEM that is damaged."""
    contents = _only(REQUEST, data, what)
    if len(contents) != 1:
        raise Refused("pem-count", f"{what} holds {len(contents)} requests; one is expected")
    return contents[0]


def encode(label: str, contents: bytes) -> str:
    """One block, 64 characters a line."""
    text = binascii.b2a_base64(contents, newline=False).decode("ascii")
    lines = (text[start : start + 64] for start in range(0, len(text), 64))
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def _only(label: str, data: bytes, what: str) -> list[bytes]:
    blocks = parse(data, what)
    for found, _ in blocks:
        if found != label:
            hint = "private keys never travel; send the request" if "PRIVATE KEY" in found else ""
            raise Refused("pem-label", f"{what} holds a {found}, where a {label} is expected", hint=hint)
    return [contents for _, contents in blocks]


def _blocks(data: bytes, what: str) -> Iterator[tuple[str, bytes]]:
    for match in _BLOCK.finditer(data):
        begin, body, end = match.groups()
        text = b"".join(body.split())
        if begin != end or not _BASE64.fullmatch(text):
            raise Refused("pem-corrupt", f"{what} has a PEM block {begin.decode()} that is damaged")
        yield begin.decode(), binascii.a2b_base64(text)
