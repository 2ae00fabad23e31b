"""Devices that announce themselves on this network: DNS-SD over mDNS, the service `_https._tcp` (RFC 6763)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dotlocal.browser import mdns
from dotlocal.browser.dns_message import AAAA, PTR, SRV, A, Record, labels
from dotlocal.browser.mdns import Heard
from dotlocal.browser.target import Target
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName

SERVICE = "_https._tcp.local"
_FIRST_SECONDS, _NEXT_SECONDS = 2.5, 1.0
_QUESTIONS = 16  # so many fit into a packet
MOST_DEVICES = 64  # anybody on the network can announce any number


class Ask(Protocol):
    """`mdns.ask`, or a network that is told to a test."""

    def __call__(self, *asked: tuple[str, int], seconds: float, enough: int | None = None) -> list[Heard]:
        """What comes back for these names and kinds."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A device as it announces itself: nothing of this is proven."""

    label: str
    target: Target
    addresses: tuple[Address, ...]


def announced(ask: Ask = mdns.ask) -> tuple[Announced, ...]:
    """Everybody who answers within some seconds, in the order of their names; refuses `no-multicast`."""
    heard = ask((SERVICE, PTR), seconds=_FIRST_SECONDS)
    instances = sorted({each.record.target for each in heard if each.record.answers(SERVICE, PTR)})[:MOST_DEVICES]
    heard += _untold(ask, heard, [(name, (SRV,)) for name in instances])
    hosts = sorted({record.target for name in instances for record in _of(heard, name, SRV)})[:MOST_DEVICES]
    heard += _untold(ask, heard, [(host, (A, AAAA)) for host in hosts])
    found = [
        Announced((labels(name) or [name])[0], target, _addresses(heard, record.target))
        for name in instances
        for record in _of(heard, name, SRV)
        if (target := _target(record)) is not None
    ]
    return tuple(dict.fromkeys(found))[:MOST_DEVICES]


def _untold(ask: Ask, heard: Sequence[Heard], wanted: Sequence[tuple[str, tuple[int, ...]]]) -> list[Heard]:
    """What responders did not tell of their own accord: asked for, where no record of any of the kinds is there."""
    asked = [
        (name, kind) for name, kinds in wanted if not any(_of(heard, name, kind) for kind in kinds) for kind in kinds
    ]
    found: list[Heard] = []
    for start in range(0, len(asked), _QUESTIONS):
        some = asked[start : start + _QUESTIONS]
        found += ask(*some, seconds=_NEXT_SECONDS, enough=len(some))
    return found


def _of(heard: Sequence[Heard], name: str, kind: int) -> list[Record]:
    return list(dict.fromkeys(each.record for each in heard if each.record.answers(name, kind)))


def _addresses(heard: Sequence[Heard], host: str) -> tuple[Address, ...]:
    """IPv4 first; link-local IPv6 needs an interface, and comes last."""
    found = [Address(record.octets) for kind in (A, AAAA) for record in _of(heard, host, kind)]
    return tuple(sorted(found, key=lambda address: address.packed[:2] == b"\xfe\x80"))


def _target(record: Record) -> Target | None:
    try:
        return Target(HostName.parse(record.target), record.port) if record.port else None
    except Refused:
        return None
