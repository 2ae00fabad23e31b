# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""Reading a ClientHello (RFC 8446 4.1.2, RFC 6066 3, RFC 7301 3.1) before TLS does: its SNI, and its ALPN. Pure.

Bounded, and never a judge: whatever is not understood goes on to the TLS library, which says what is wrong with it.
"""

from __future__ import annotations

MOST_OCTETS = 16 * 1024  # post-quantum hellos have less than 2 KiB; browsers split them over records at times
_HANDSHAKE, _CLIENT_HELLO = 22, 1
_SERVER_NAME, _ALPN = 0, 16
_HOST_NAME = 0
_RECORD_HEAD, _MESSAGE_HEAD = 5, 4
_MOST_RECORD = 16384  # RFC 8446 5.1
_MOST_RECORDS = 64  # it is read from its start at each packet, which thousands of tiny records would make dear
_MOST_EXTENSIONS = 128


class Incomplete(Exception):
    """More octets are needed to tell."""


class NotOne(Exception):
    """This is no ClientHello, or none that is read here."""


class Hello:
    """The host name in SNI, as it was sent, and the protocols of ALPN in their order."""

    __slots__ = ("protocols", "server_name")

    def __init__(self, server_name: bytes, protocols: tuple[bytes, ...]) -> None:
        self.server_name = server_name
        self.protocols = protocols


def parse(data: bytes) -> Hello:
    """The hello at the start of a TLS stream. Raises Incomplete and NotOne, nothing else, in linear time."""
    message = _message(data)
    reader = _Reader(message)
    reader.skip(2 + 32)  # legacy_version, random
    reader.vector(1)  # legacy_session_id
    reader.vector(2)  # cipher_suites
    reader.vector(1)  # legacy_compression_methods
    server_name = b""
    protocols: tuple[bytes, ...] = ()
    extensions = reader.vector(2) if reader.left else _Reader(b"")
    for _ in range(_MOST_EXTENSIONS):
        if not extensions.left:
            return Hello(server_name, protocols)
        kind, body = extensions.number(2), extensions.vector(2)
        if kind == _SERVER_NAME:
            server_name = _host_name(body.vector(2))
        elif kind == _ALPN:
            protocols = _protocols(body.vector(2))
    raise NotOne


def _message(data: bytes) -> bytes:
    """The handshake message, out of as many records as it takes (RFC 8446 5.1)."""
    message = b""
    offset = 0
    for _ in range(_MOST_RECORDS):
        head = data[offset : offset + _RECORD_HEAD]
        if head[:1] not in (b"", bytes((_HANDSHAKE,))) or head[1:2] not in (b"", b"\x03"):
            raise NotOne
        if len(head) < _RECORD_HEAD:
            raise Incomplete
        size = int.from_bytes(head[3:5], "big")
        if not 0 < size <= _MOST_RECORD or offset + _RECORD_HEAD + size > MOST_OCTETS:
            raise NotOne
        offset += _RECORD_HEAD
        message += data[offset : offset + size]
        if message[0:1] not in (b"", bytes((_CLIENT_HELLO,))):
            raise NotOne
        if len(message) >= _MESSAGE_HEAD:
            whole = _MESSAGE_HEAD + int.from_bytes(message[1:_MESSAGE_HEAD], "big")
            if whole > MOST_OCTETS:
                raise NotOne
            if len(message) >= whole:
                return message[_MESSAGE_HEAD:whole]
        if len(data) < offset + size:
            raise Incomplete
        offset += size
    raise NotOne


def _host_name(names: _Reader) -> bytes:
    while names.left:
        kind, name = names.number(1), names.vector(2)
        if kind == _HOST_NAME:
            return name.rest()
    return b""


def _protocols(listed: _Reader) -> tuple[bytes, ...]:
    found = []
    while listed.left:
        found.append(listed.vector(1).rest())
    return tuple(found)


class _Reader:
    """Octets, taken from the front; what runs over the end is no hello."""

    __slots__ = ("_data", "_offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._offset

    def skip(self, size: int) -> None:
        self._take(size)

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def vector(self, size: int) -> _Reader:
        return _Reader(self._take(self.number(size)))

    def rest(self) -> bytes:
        return self._take(self.left)

    def _take(self, size: int) -> bytes:
        if size > self.left:
            raise NotOne
        taken = self._data[self._offset : self._offset + size]
        self._offset += size
        return taken
