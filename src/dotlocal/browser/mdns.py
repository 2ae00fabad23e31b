"""Asking by mDNS: one-shot queries from a port of our own, on every interface (RFC 6762 5.1).

Nothing is installed, and nothing stays: responders answer such a query to the one who asked. Why not zeroconf or
Avahi: ADR 0016.
"""

from __future__ import annotations

import select
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from time import monotonic

from dotlocal.browser.dns_message import Malformed, Record, answers, question
from dotlocal.core.errors import Absent

_GROUP_4, _GROUP_6, _PORT = "224.0.0.251", "ff02::fb", 5353
_REPEAT_SECONDS = 0.5  # one packet may get lost, and wireless networks lose multicast first
_SETTLE_SECONDS = 0.4  # what else one device has to say comes in a moment, not later
_MOST_OCTETS, _MOST_MESSAGES = 9000, 512  # RFC 6762 17
_MOST_RECORDS = 4096  # 64 devices tell some hundreds; each is compared with each question


@dataclass(frozen=True, slots=True)
class Heard:
    """A record, and the interface that it came in on (0: unknown)."""

    record: Record
    scope: int


def ask(*asked: tuple[str, int], seconds: float, enough: int | None = None) -> list[Heard]:
    """What comes back within some seconds. With `enough` earlier: at once when so many answers to the questions
    themselves are there, and a moment after the first.

    Refuses `no-multicast` where no interface takes the question.
    """
    query = question(*asked)
    found: dict[tuple[Record, int], Heard] = {}
    with ExitStack() as closing:
        sockets = {closing.enter_context(made): index for made, index in _sockets()}
        deadline, repeat, messages = monotonic() + seconds, 0.0, 0
        while (left := deadline - monotonic()) > 0 and messages < _MOST_MESSAGES and len(found) < _MOST_RECORDS:
            if monotonic() >= repeat:
                if not [made for made in sockets if _send(made, query)]:
                    raise Absent("no-multicast", "no interface of this computer takes a question by mDNS")
                repeat = monotonic() + _REPEAT_SECONDS
            ready, _, _ = select.select(list(sockets), [], [], min(left, max(0.0, repeat - monotonic())))
            for made in ready:
                messages += 1
                for heard in _receive(made, sockets[made]):
                    found.setdefault((heard.record, heard.scope), heard)
            direct = [each for each in found.values() if any(each.record.answers(*one) for one in asked)]
            if enough is not None and direct:
                if len(direct) >= enough:
                    break
                deadline = min(deadline, monotonic() + _SETTLE_SECONDS)
    return list(found.values())


def _sockets() -> Iterator[tuple[socket.socket, int]]:
    """One per interface and family: a multicast goes out on the interface that its socket names."""
    for index, _ in _interfaces():
        with suppress(OSError):
            yield _socket_4(index), index
        with suppress(OSError):
            yield _socket_6(index), index


def _interfaces() -> list[tuple[int, str]]:
    try:
        return socket.if_nameindex()[:32]
    except OSError:
        return [(0, "")]


def _socket_4(index: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        if index and sys.platform == "linux":  # struct ip_mreqn: other systems take the default interface
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", b"", b"", index))
    except OSError:
        made.close()
        raise
    return made


def _socket_6(index: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    except OSError:
        made.close()
        raise
    return made


def _send(made: socket.socket, query: bytes) -> bool:
    group = _GROUP_4 if made.family == socket.AF_INET else _GROUP_6
    try:
        made.sendto(query, (group, _PORT))
    except OSError:
        return False
    return True


def _receive(made: socket.socket, index: int) -> list[Heard]:
    try:
        return [Heard(record, index) for record in answers(made.recv(_MOST_OCTETS))]
    except (OSError, Malformed):
        return []
