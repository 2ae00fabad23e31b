"""A registry hive with nothing in it, for programs that only change one: base block, one bin, a root key, its security.

The layout is that of the "Windows registry file format specification" of msuhanov; hivex opens it.
"""

from __future__ import annotations

import struct

_NOWHERE = 0xFFFFFFFF
_PAGE = 4096


def empty_hive() -> bytes:
    """The whole file: two pages."""
    name = b"root"
    security_at = 0x20 + 88
    key = struct.pack(
        "<2sHQIIIIIIIIIIIIIIIHH", b"nk", 0x2C, 0, 0, _NOWHERE, 0, 0, _NOWHERE, _NOWHERE, 0, _NOWHERE, security_at,
        _NOWHERE, 0, 0, 0, 0, 0, len(name), 0,
    ) + name  # fmt: skip
    # a self-relative security descriptor that names nobody
    descriptor = struct.pack("<BBHIIII", 1, 0, 0x8000, 0, 0, 0, 0)
    security = struct.pack("<2sHIIII", b"sk", 0, security_at, security_at, 1, len(descriptor)) + descriptor
    cells = _cell(key, 88) + _cell(security, 48)
    free = _PAGE - 0x20 - len(cells)
    page = struct.pack("<4sIIQQI", b"hbin", 0, _PAGE, 0, 0, 0) + cells + struct.pack("<i", free) + bytes(free - 4)
    head = struct.pack("<4sIIQIIIIIII", b"regf", 1, 1, 0, 1, 5, 0, 1, 0x20, _PAGE, 1).ljust(508, b"\0")
    checksum = 0
    for (word,) in struct.iter_unpack("<I", head):
        checksum ^= word
    return (head + struct.pack("<I", checksum)).ljust(_PAGE, b"\0") + page


def _cell(contents: bytes, size: int) -> bytes:
    assert len(contents) + 4 <= size
    return struct.pack("<i", -size) + contents.ljust(size - 4, b"\0")
