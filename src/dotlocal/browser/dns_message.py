"""DNS messages, as little of them as asking by mDNS takes (RFC 1035 4, RFC 6762 18). Pure, bounded, trusts nobody."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

A, PTR, AAAA, SRV = 1, 12, 28, 33
_INTERNET = 1
_ANSWER = 0x8000
_MOST_RECORDS, _MOST_LABELS, _MOST_NAME = 256, 64, 255
_HEADER = struct.Struct("!6H")


class Malformed(ValueError):
    """No DNS message, or none that can be followed."""


@dataclass(frozen=True, slots=True)
class Record:
    """One answer. A and AAAA have `octets`, PTR has a `target`, SRV a target and a `port`."""

    name: str
    kind: int
    octets: bytes = b""
    target: str = ""
    port: int = 0

    def answers(self, name: str, kind: int) -> bool:
        """Whether it is of this kind, and about this name."""
        return self.kind == kind and self.name.lower() == name.lower()


def question(*asked: tuple[str, int]) -> bytes:
    """A query for names and kinds, its number 0 (RFC 6762 18.1). A name may have spaces and dots of its own: dots are
    written as `\\.`.
    """
    parts = [_HEADER.pack(0, 0, len(asked), 0, 0, 0)]
    for name, kind in asked:
        parts += [_encoded(name), struct.pack("!2H", kind, _INTERNET)]
    return b"".join(parts)


def answers(message: bytes) -> list[Record]:
    """The records of an answer, in all its sections, of the kinds above; raises Malformed."""
    try:
        _, flags, questions, *counts = _HEADER.unpack_from(message)
        if not flags & _ANSWER:
            return []
        at = _HEADER.size
        for _ in range(min(questions, _MOST_RECORDS)):
            at = _name(message, at)[1] + 4
        return list(_records(message, at, min(sum(counts), _MOST_RECORDS)))
    except (struct.error, IndexError) as error:
        raise Malformed(f"cut off: {error}") from None


def labels(name: str) -> list[str]:
    """The labels of a name in which dots within labels are escaped."""
    found, label, escaped = [], "", False
    for character in name:
        if escaped or character not in ".\\":
            label, escaped = label + character, False
        elif character == "\\":
            escaped = True
        else:
            found.append(label)
            label = ""
    return [*found, label] if label else found


def _encoded(name: str) -> bytes:
    octets = b""
    for label in labels(name):
        encoded = label.encode()
        if not 0 < len(encoded) < 64:
            raise Malformed(f"a label of {len(encoded)} octets")
        octets += bytes([len(encoded)]) + encoded
    return octets + b"\0"


def _records(message: bytes, at: int, count: int) -> Iterator[Record]:
    for _ in range(count):
        name, at = _name(message, at)
        kind, _, _, size = struct.unpack_from("!2HLH", message, at)
        at += 10
        if at + size > len(message):
            raise Malformed("a record beyond the end")
        record = _record(message, at, size, name, kind)
        at += size
        if record is not None:
            yield record


def _record(message: bytes, at: int, size: int, name: str, kind: int) -> Record | None:
    data = message[at : at + size]
    if (kind, size) in ((A, 4), (AAAA, 16)):
        return Record(name, kind, octets=data)
    if kind == PTR:
        return Record(name, kind, target=_name(message, at)[0])
    if kind == SRV and size > 6:
        return Record(name, kind, target=_name(message, at + 6)[0], port=int.from_bytes(data[4:6], "big"))
    return None


def _name(message: bytes, at: int) -> tuple[str, int]:
    """The name at an offset, dots within its labels escaped, and where what follows it starts."""
    found: list[str] = []
    end, octets = 0, 0
    for _ in range(_MOST_LABELS):
        size = message[at]
        if size >= 0xC0:
            end = end or at + 2
            target = (size & 0x3F) << 8 | message[at + 1]
            if target >= at:
                raise Malformed("a pointer forwards")  # followed, it could go round for ever
            at = target
            continue
        if size > 63 or at + 1 + size > len(message):
            raise Malformed("a label beyond the end")
        if not size:
            return ".".join(found), end or at + 1
        octets += size + 1
        if octets > _MOST_NAME:
            raise Malformed("a name without end")
        label = message[at + 1 : at + 1 + size].decode("utf-8", "replace")
        found.append(label.replace("\\", "\\\\").replace(".", "\\."))
        at += 1 + size
    raise Malformed("a name of too many labels")
