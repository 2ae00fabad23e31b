"""The PROXY protocol's header, version 2, as `device serve` writes it before each connection. Pure.

Besides the client's address it has extras of ours (types 0xE0 and 0xE1, from the range for such): the serial number and
the SHA-256 of the server certificate of the set that the connection was accepted with. A set has its own TLS contexts,
and a session ticket is worth something to its own context alone, so a resumed session has seen that very certificate.
"""

from __future__ import annotations

import ipaddress

from dotlocal.device.own_pages.link import FINGERPRINT, Link, plain

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # section 2.2
FIXED = 16  # octets before the addresses
MOST = 536  # section 2.2: what a receiver has to expect
_SERIAL, _FINGERPRINT = 0xE0, 0xE1
_ADDRESSES = {0x11: 4, 0x21: 16}


class Torn(Exception):
    """What is no such header."""


def whole(data: bytes | bytearray) -> int:
    """How many octets the header has; 0 while that can't be told yet."""
    if data[: len(SIGNATURE)] != SIGNATURE[: len(data)]:
        raise Torn("another protocol")
    if len(data) < FIXED:
        return 0
    size = FIXED + int.from_bytes(data[14:16], "big")
    if size > MOST:
        raise Torn("too long")
    return size


def parse(header: bytes) -> Link:
    """The connection that a whole header tells of. It came over TLS: who speaks this protocol here has ended it."""
    octets = _ADDRESSES.get(header[13])
    if header[12] != 0x21 or octets is None or len(header) < FIXED + 2 * octets + 4:
        raise Torn("no connection of a client's")
    client = ipaddress.ip_address(bytes(header[FIXED : FIXED + octets]))
    extras = _extras(header[FIXED + 2 * octets + 4 :])
    serial, fingerprint = (extras.get(kind, b"").decode("ascii", "replace") for kind in (_SERIAL, _FINGERPRINT))
    if serial.strip("0123456789abcdef"):
        raise Torn("a serial number that is none")
    if fingerprint and not FINGERPRINT.fullmatch(fingerprint):
        raise Torn("a SHA-256 that is none")
    return Link(str(client), True, plain(serial), fingerprint=fingerprint)


def _extras(rest: bytes) -> dict[int, bytes]:
    found = {}
    while rest:
        size = int.from_bytes(rest[1:3], "big")
        if len(rest) < 3 + size:
            raise Torn("an extra that is cut off")
        found[rest[0]] = rest[3 : 3 + size]
        rest = rest[3 + size :]
    return found
