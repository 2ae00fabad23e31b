"""What form an upload has, told from its octets without parsing what is in them. Pure."""

from __future__ import annotations

import binascii

# what the first octets tell of files that are something else altogether, whatever is in them
_CONTAINERS = (
    (b"PK\x03\x04", "a zip archive"), (b"\x1f\x8b", "a gzip archive"), (b"Rar!", "a rar archive"),
    (b"7z\xbc\xaf", "a 7z archive"), (b"%PDF", "a PDF document"), (b"\x7fELF", "a program"),
    (b"\xfe\xed\xfe\xed", "a Java key store"), (b"\xce\xce\xce\xce", "a Java key store"),
)  # fmt: skip
_TEXTS = ((b"<", "a web page"), (b"ssh-", "an SSH key"), (b"PuTTY-", "a PuTTY key"))


def unwrapped(contents: bytes) -> bytes:
    """The octets of a text that Windows wrote, as UTF-16 or with a mark in front; all else as it is."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if contents.startswith(mark):
            return contents.decode(encoding, "replace").encode()
    return contents


def foreign(data: bytes) -> str:
    """What people call it if it is something else altogether; nothing for what may be a certificate or a key."""
    return next((told for head, told in _CONTAINERS if data.startswith(head)), "")


def foreign_text(data: bytes) -> str:
    """The same for texts that have neither PEM nor base64 in them."""
    return next((told for head, told in _TEXTS if data.lstrip().startswith(head)), "")


def from_base64(data: bytes) -> bytes:
    """The DER of base64 without a frame, as some CAs' pages hand it out; nothing where it isn't that."""
    text = b"".join(data.split())
    try:
        decoded = binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        return b""
    return decoded if decoded[:1] == b"\x30" else b""


def without_remarks(der: bytes) -> bytes:
    """The first structure alone: OpenSSL's trusted certificates have remarks after the certificate itself."""
    if len(der) < 2 or der[1] <= 0x80:
        return der
    start = 2 + der[1] - 0x80
    return der[: start + int.from_bytes(der[2:start], "big")]


def shape(der: bytes) -> str:
    """How the outer SEQUENCE begins: `s` a sequence, `o` an object identifier, `i` an integer, small ones by value."""
    told, at = "", 0
    for _ in range(2):
        if der[at : at + 1] != b"\x30" or len(der) < at + 4:
            break
        at += 2 + (der[at + 1] - 0x80 if der[at + 1] > 0x80 else 0)
        tag = der[at : at + 1]
        told += {b"\x30": "s", b"\x06": "o", b"\x02": "i"}.get(tag, "?")
        if tag == b"\x02" and der[at + 1 : at + 2] == b"\x01":
            told += "".join(str(each) for each in der[at + 2 : at + 3])
    return told
