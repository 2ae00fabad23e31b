"""The proof of a hand-over: connect as a client would, and look at the certificate that comes.

Nothing is verified here, on purpose: what counts is *which* certificate is served, also when its clock is not ours.
"""

from __future__ import annotations

import socket
import ssl

SECONDS = 2.0
_SEQUENCE, _VERSION, _INTEGER = 0x30, 0xA0, 0x02


def served(connect: tuple[str, int], name: str | None, seconds: float = SECONDS) -> bytes:
    """The server certificate (DER) for a client that names this host, or none. Raises OSError, ssl.SSLError included.

    A fresh context each time: a resumed session would show the certificate that it began with.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(connect, timeout=seconds) as connection,
        context.wrap_socket(connection, server_hostname=name) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def listens(connect: tuple[str, int], seconds: float = SECONDS) -> bool:
    """Whether anybody accepts connections there; a host that doesn't answer in time counts as one that may."""
    try:
        socket.create_connection(connect, timeout=seconds).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    return True


def serial_of(certificate: bytes) -> str:
    """The serial number in lower-case hex, or nothing when that is no certificate (RFC 5280 4.1)."""
    try:
        start, _ = _inside(certificate, 0, _SEQUENCE)
        start, _ = _inside(certificate, start, _SEQUENCE)
        if certificate[start] == _VERSION:
            _, start = _inside(certificate, start, _VERSION)
        start, end = _inside(certificate, start, _INTEGER)
    except (IndexError, ValueError):
        return ""
    return f"{int.from_bytes(certificate[start:end], 'big'):x}"


def fingerprint_of(certificate: bytes) -> str:
    """Its SHA-256 in lower-case hex: what names one certificate, also where a CA repeats its serial numbers."""
    from hashlib import sha256  # for those who ask: a hand-over does without

    return sha256(certificate).hexdigest()


def _inside(der: bytes, at: int, tag: int) -> tuple[int, int]:
    if der[at] != tag:
        raise ValueError("another type")
    size, start = der[at + 1], at + 2
    if size > 0x80:
        start += size - 0x80
        size = int.from_bytes(der[at + 2 : start], "big")
    if start + size > len(der):
        raise ValueError("cut off")
    return start, start + size
