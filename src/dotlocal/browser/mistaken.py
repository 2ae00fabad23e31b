"""What people hand over instead of a root certificate, told apart by its first octets and its PEM labels. Pure."""

from __future__ import annotations

import re

from cryptography.hazmat.primitives.serialization import load_der_private_key

from dotlocal.core import pem
from dotlocal.core.errors import Refused

_OID_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # RFC 5652 5.1
_OID_DATA = bytes.fromhex("06092a864886f70d010701")  # RFC 7292 4: what a PFX starts with
_OPENING = 40  # octets in which they stand, behind the lengths of three headers
_WEB_PAGE = re.compile(rb"<(!doctype html|html|head|body|!--|\?xml)", re.I)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def refuse_what_is_something_else(data: bytes) -> bytes:
    """The data as it came, or as ASCII when an editor saved it as another text; refuses what is no certificate."""
    if not data.strip(b"\0\t\r\n "):
        raise Refused("anchor-empty", "the file is empty", hint="get it anew, from the device or from its maker")
    if len(data) > pem.MOST_OCTETS:
        raise Refused(
            "anchor-too-large", f"the file has {len(data)} octets; a root certificate has a few thousand",
            hint="give the maker's root, one certificate",
        )  # fmt: skip
    text = _plain(data)
    if b"PRIVATE KEY-----" in text:
        _refuse_key()
    if _WEB_PAGE.match(text.lstrip()):
        raise Refused(
            "anchor-web-page", "the file is a web page, saved under the name of a certificate",
            hint="the download went wrong: open the address in a browser, and read what the page says",
        )  # fmt: skip
    if b"-----BEGIN " not in text:
        _refuse_other_der(text)
    return text


def refuse_other_blocks(labels: list[str]) -> None:
    """Refuse PEM in which anything but certificates stands, by what it is."""
    for label in labels:
        if label in ("PKCS7", "CMS"):
            _refuse_pkcs7()
        if label.endswith("CERTIFICATE REQUEST"):
            raise Refused(
                "anchor-request", "the file is a certificate request: a question to a CA, not its certificate",
                hint="ask the maker for the root certificate",
            )  # fmt: skip
        if label != pem.CERTIFICATE:
            raise Refused(
                "anchor-not-a-certificate", f"the file holds a {label}, not a CERTIFICATE",
                hint="ask the maker for the root certificate, as PEM or DER",
            )  # fmt: skip


def _plain(data: bytes) -> bytes:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace").encode("ascii", "replace")
    return data


def _refuse_other_der(data: bytes) -> None:
    if _OID_SIGNED_DATA in data[:_OPENING]:
        _refuse_pkcs7()
    if _OID_DATA in data[:_OPENING]:
        raise Refused(
            "anchor-pkcs12", "the file is PKCS#12 (.p12, .pfx), which is made to carry private keys",
            hint="nothing was imported. If you were given it as the root, tell the maker: a root's key never travels",
        )  # fmt: skip
    if not data.startswith(b"\x30"):
        raise Refused(
            "anchor-not-a-certificate", "the file is no certificate, neither PEM nor DER",
            hint="a PEM file starts with -----BEGIN CERTIFICATE-----",
        )  # fmt: skip
    try:
        load_der_private_key(data, None)
    except TypeError:  # an encrypted one, and no password
        _refuse_key()
    except Exception:  # whatever hostile DER brings up: it is no key, and may be a certificate
        return
    _refuse_key()


def _refuse_key() -> None:
    raise Refused(
        "anchor-private-key", "THIS FILE HOLDS A PRIVATE KEY. Keep it secret: never import it, send it or copy it",
        hint="whoever has it can pose as what it belongs to. If it reached you as the root, tell the maker at once",
    )  # fmt: skip


def _refuse_pkcs7() -> None:
    raise Refused(
        "anchor-pkcs7", "the file is a PKCS#7 bundle (.p7b, .p7c), not one certificate",
        hint="ask for the root alone, or take it out: openssl pkcs7 -print_certs -in FILE (-inform DER)",
    )  # fmt: skip
