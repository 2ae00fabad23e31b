"""What the kernel lists, and what may be the matter with that (rtnetlink(7))."""

from __future__ import annotations

from collections.abc import Iterator
from struct import pack

from dotlocal.core.names import Address
from dotlocal.device import surroundings

ENTRY, DONE, ERROR = 20, 3, 2
MULTI, INTERRUPTED = 0x2, 0x10
LOCAL, PEER, FLAGS = 2, 1, 8
TENTATIVE = 0x40


def message(kind: int, body: bytes = bytes(4), flags: int = MULTI) -> bytes:
    return pack("=LHHLL", 16 + len(body), kind, flags, 1, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    return pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def entry(text: str, *more: bytes, kind: int = LOCAL, index: int = 2, flags: int = MULTI) -> bytes:
    packed = Address.parse(text).packed
    body = pack("=BBBBL", 2 if len(packed) == 4 else 10, 24, 0, 0, index) + attribute(kind, packed) + b"".join(more)
    return message(ENTRY, body, flags)


class Kernel:
    """Answers each request by the next of its dumps, part by part."""

    def __init__(self, *dumps: tuple[bytes, ...]) -> None:
        self._dumps = iter(dumps)
        self._parts: Iterator[bytes] = iter(())
        self.asked = 0

    def send(self, data: bytes, /) -> int:
        assert next(self._parts, None) is None, "asked again before the answer was over"
        self._parts = iter(next(self._dumps))
        self.asked += 1
        return len(data)

    def recv(self, most: int, /) -> bytes:
        part = next(self._parts)
        assert len(part) <= most
        return part


def listed(kernel: Kernel) -> list[str]:
    return [Address(packed).text for _, _, packed in surroundings.dumped(kernel)]


def test_a_list_that_changed_while_it_was_read_is_read_again() -> None:
    """Another address has gone between two parts, and the kernel's count of those before leads past 10.0.0.2."""
    torn = (entry("10.0.0.1"), entry("10.0.0.3", flags=MULTI | INTERRUPTED), message(DONE))
    late = (entry("10.0.0.1"), message(DONE, flags=MULTI | INTERRUPTED))
    whole = (entry("10.0.0.1") + entry("10.0.0.2"), entry("10.0.0.3") + message(DONE))
    kernel = Kernel(torn, late, whole)
    assert listed(kernel) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    assert kernel.asked == 3


def test_a_list_that_never_stands_still_is_taken_as_it_is() -> None:
    """Whoever changes it all the time gets no endless loop out of a boot."""
    kernel = Kernel(*[(entry("10.0.0.1", flags=INTERRUPTED), message(DONE))] * 100)
    assert listed(kernel) == ["10.0.0.1"]
    assert 1 < kernel.asked < 20


def test_of_a_point_to_point_link_this_end_is_named() -> None:
    """IFA_ADDRESS is the other end's there, before or after IFA_LOCAL; IPv6 without a peer has no IFA_LOCAL."""
    peer = attribute(PEER, Address.parse("10.0.0.9").packed)
    mine = attribute(LOCAL, Address.parse("10.0.0.1").packed)
    parts = (entry("10.0.0.1", peer), entry("10.0.0.9", mine, kind=PEER), entry("fd00::1", kind=PEER), message(DONE))
    assert listed(Kernel(parts)) == ["10.0.0.1", "10.0.0.1", "fd00::1"]


def test_flags_that_are_longer_than_an_octet() -> None:
    """IFA_FLAGS takes the place of the octet in the header."""
    ((flags, index, _),) = surroundings.dumped(
        Kernel((entry("fd00::1", attribute(FLAGS, pack("=L", 0x800 | TENTATIVE)), index=77), message(DONE)))
    )
    assert (flags, index) == (0x800 | TENTATIVE, 77)


def test_thousands_of_addresses() -> None:
    """In as many parts as it takes, one message right behind the other, and an error is an end."""
    wanted = [f"10.{n >> 8}.{n & 255}.1" for n in range(3000)]
    parts = [b"".join(map(entry, wanted[i : i + 500])) for i in range(0, 3000, 500)]
    assert listed(Kernel((*parts, message(DONE)))) == wanted
    assert listed(Kernel((*parts[:1], message(ERROR, bytes(20))))) == wanted[:500]
