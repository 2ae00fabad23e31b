"""Where a name is: what this computer's resolver says, as a browser would ask it, and what mDNS says, apart from it."""

from __future__ import annotations

import socket
import threading

from dotlocal.browser import mdns
from dotlocal.browser.dns_message import AAAA, A
from dotlocal.browser.observation import Endpoint, Resolution
from dotlocal.browser.target import Target
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address

MOST_ENDPOINTS = 4
_MDNS_SECONDS = 1.5
_SETTLE = 2  # answers that are enough: an address of each family
_NUMBERED = range(2, 6)  # press-07-2.local: what Avahi, Bonjour and others make of a name in conflict


def resolve(target: Target, *, seconds: float, at: Address | None = None) -> Resolution:
    """Ask both; `at` takes the place of every answer."""
    if at is not None:
        return Resolution(given=(Endpoint(at),))
    if isinstance(target.host, Address):
        return Resolution(given=(Endpoint(target.host),))
    name = target.host.text
    system = _by_system(name, target.port, seconds)
    if not target.asks_mdns:
        return Resolution(system=system)
    answered, asked = _by_mdns(name)
    renamed = _renamed(name) if asked and not answered and not system else ()
    return Resolution(system=system, mdns=answered, asked_mdns=asked, renamed=renamed)


def _by_system(name: str, port: int, seconds: float) -> tuple[Endpoint, ...]:
    found: list[Endpoint] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        for family, _, _, _, place in answers:
            packed = socket.inet_pton(family, str(place[0]).partition("%")[0])
            found.append(Endpoint(Address(packed), int(place[3]) if len(place) == 4 else 0))

    # a thread, because getaddrinfo knows no time limit; one that hangs ends with the process
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return tuple(dict.fromkeys(found))[:MOST_ENDPOINTS]


def _renamed(name: str) -> tuple[str, ...]:
    """Which names with a number mDNS answers, of those that a conflict makes of this one."""
    host, dot, suffix = name.partition(".")
    others = [f"{host}-{number}{dot}{suffix}" for number in _NUMBERED]
    try:
        heard = mdns.ask(*((other, A) for other in others), seconds=_MDNS_SECONDS, enough=len(others))
    except Refused:
        return ()
    return tuple(other for other in others if any(each.record.answers(other, A) for each in heard))


def _by_mdns(name: str) -> tuple[tuple[Endpoint, ...], bool]:
    """The addresses, and whether anybody could be asked at all."""
    try:
        heard = mdns.ask((name, A), (name, AAAA), seconds=_MDNS_SECONDS, enough=_SETTLE)
    except Refused:
        return (), False
    found = {}
    for each in heard:
        if each.record.octets and each.record.name.lower() == name:
            address = Address(each.record.octets)
            found[address] = Endpoint(address, each.scope if address.packed[:2] == b"\xfe\x80" else 0)
    return tuple(found.values())[:MOST_ENDPOINTS], True
