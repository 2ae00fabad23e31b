"""Which names and addresses belong to nobody but the network at hand, and which to the public Internet. Pure tables.

Names go by an allow-list: what is reserved for local use is local, one label of anything else is a public suffix, today
or after the next round of new ones, and longer names are somebody's own domain, unless a list of public suffixes says
that anybody may register below them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

from dotlocal.core.public_suffix import by_rule
from dotlocal.core.subtrees import range_within, within_dns

LOCAL = "local"
OWN = "own"  # a domain that somebody owns, or a name that nothing reserves: a person must say that it is all right
PUBLIC = "public"

SuffixList = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Reserved:
    """A name, or a range of addresses, that the public Internet will never have, and who says so."""

    text: str
    cite: str


NAMES = (
    Reserved("local", "RFC 6762 3"),
    Reserved("home.arpa", "RFC 8375"),
    Reserved("internal", "ICANN Board, 29 July 2024"),
    Reserved("test", "RFC 6761 6.2"),
    Reserved("localhost", "RFC 6761 6.3"),
    Reserved("invalid", "RFC 6761 6.4"),
    Reserved("alt", "RFC 9476"),
    Reserved("home", "ICANN Board, 4 February 2018"),
    Reserved("corp", "ICANN Board, 4 February 2018"),
    Reserved("mail", "ICANN Board, 4 February 2018"),
)
# in use on many networks and reserved by nobody: RFC 6762, appendix G
USUAL = ("intranet", "lan", "private")

RANGES = (
    Reserved("10.0.0.0/8", "RFC 1918"),
    Reserved("172.16.0.0/12", "RFC 1918"),
    Reserved("192.168.0.0/16", "RFC 1918"),
    Reserved("169.254.0.0/16", "RFC 3927"),
    Reserved("100.64.0.0/10", "RFC 6598"),
    Reserved("127.0.0.0/8", "RFC 1122 3.2.1.3"),
    Reserved("0.0.0.0/32", "RFC 1122 3.2.1.3"),
    Reserved("192.0.2.0/24", "RFC 5737"),
    Reserved("198.51.100.0/24", "RFC 5737"),
    Reserved("203.0.113.0/24", "RFC 5737"),
    Reserved("fc00::/7", "RFC 4193"),
    Reserved("fe80::/10", "RFC 4291 2.5.6"),
    Reserved("::1/128", "RFC 4291 2.5.3"),
    Reserved("::/128", "RFC 4291 2.5.2"),
    Reserved("2001:db8::/32", "RFC 3849"),
)
_PRIVATE = tuple((net.network_address.packed, net.netmask.packed) for net in (ip_network(row.text) for row in RANGES))


def name_is(base: str, suffixes: SuffixList = by_rule) -> str:
    """`local`, `own` or `public`, for a DNS subtree in lower case."""
    if any(within_dns(base, row.text) for row in NAMES):
        return LOCAL
    if any(within_dns(base, usual) for usual in USUAL):
        return OWN
    return PUBLIC if "." not in base or suffixes(base) else OWN


def range_is_private(network: bytes, mask: bytes) -> bool:
    """Whether no address of the range is on the public Internet."""
    return any(range_within((network, mask), outer) for outer in _PRIVATE)
