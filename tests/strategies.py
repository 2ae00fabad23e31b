"""What hypothesis makes for these tests: names, addresses, ranges, subtrees, windows, damaged files.

`quick` bounds a property for every run and always tries the same examples; `deep` is for the long lane.
"""

from __future__ import annotations

import string

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import Window

Y1950, Y2050, Y10000 = -631152000, 2524608000, 253402300800


def quick(examples: int) -> settings:
    """So many examples, the same ones each time."""
    unbothered = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    return settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=unbothered
    )


def deep(examples: int = 5000) -> settings:
    """Many examples, new ones each time."""
    return settings(quick(examples), derandomize=False)


_LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,6}[a-z0-9])?", fullmatch=True)


def host_names(*suffixes: str) -> st.SearchStrategy[HostName]:
    """Host names below one of the suffixes, or the suffix itself."""
    below = st.lists(_LABELS, max_size=2)
    return st.builds(lambda labels, suffix: HostName(".".join((*labels, suffix))), below, st.sampled_from(suffixes))


def addresses() -> st.SearchStrategy[Address]:
    """Any IPv4 or IPv6 address."""
    return st.builds(lambda ip: Address(ip.packed), st.ip_addresses())


def addresses_within(network: str) -> st.SearchStrategy[Address]:
    """Addresses of a range."""
    return st.builds(lambda ip: Address(ip.packed), st.ip_addresses(network=network))


# Small pools, so that what is drawn meets: names below, beside and above one another, ranges that nest.
_BASES = st.sampled_from(
    ("local", "a.local", "b.a.local", "b.local", "xlocal", "internal", "a.internal", "home.arpa", "arpa", "sn0001")
)
_IPV4 = st.builds(
    lambda octets, length: _range(bytes(octets), length),
    st.lists(st.sampled_from((0, 10, 128, 192)), min_size=4, max_size=4),
    st.sampled_from((0, 1, 8, 9, 16, 24, 32)),
)
_IPV6 = st.builds(
    lambda octets, length: _range(bytes(octets) + bytes(12), length),
    st.lists(st.sampled_from((0, 0xFC, 0xFD, 0xFE, 0x80)), min_size=4, max_size=4),
    st.sampled_from((0, 7, 8, 10, 32, 64, 128)),
)


def _range(packed: bytes, length: int) -> tuple[bytes, bytes]:
    size = len(packed)
    mask = ((1 << 8 * size) - (1 << 8 * size - length)).to_bytes(size, "big")
    return bytes(a & m for a, m in zip(packed, mask, strict=True)), mask


def pool_names() -> st.SearchStrategy[HostName]:
    """Names that often lie in `subtrees()`."""
    return st.builds(lambda labels, base: HostName(".".join((*labels, base))), st.lists(_LABELS, max_size=1), _BASES)


def pool_addresses() -> st.SearchStrategy[Address]:
    """Addresses that often lie in `subtrees()`."""
    return st.builds(lambda packed: Address(packed[0]), st.one_of(_IPV4, _IPV6))


def subtrees() -> st.SearchStrategy[Subtrees]:
    """Subtrees where either form may be unconstrained, empty, or several bases."""
    return st.builds(
        Subtrees,
        st.none() | st.lists(_BASES, max_size=4, unique=True).map(tuple),
        st.none() | st.lists(st.one_of(_IPV4, _IPV6), max_size=4, unique=True).map(tuple),
    )


def complete_subtrees() -> st.SearchStrategy[Subtrees]:
    """Subtrees of all three kinds, as constraints must be."""
    return st.builds(
        lambda dns, ipv4, ipv6: Subtrees(tuple(dns), (*ipv4, *ipv6)),
        st.lists(_BASES, min_size=1, max_size=5, unique=True),
        st.lists(_IPV4, min_size=1, max_size=4, unique=True),
        st.lists(_IPV6, min_size=1, max_size=3, unique=True),
    )


def instants(least: int = Y1950, most: int = Y10000 - 1) -> st.SearchStrategy[int]:
    """Moments on both sides of 2050, and the edges themselves."""
    edges = [edge for edge in (Y1950, 0, Y2050 - 1, Y2050, Y10000 - 1) if least <= edge <= most]
    return st.one_of(st.integers(least, most), st.sampled_from([least, most, *edges]))


def windows(least: int = Y1950, most: int = Y10000 - 1) -> st.SearchStrategy[Window]:
    """Validity windows between two moments."""
    return st.builds(lambda ends: Window(min(ends), max(ends)), st.tuples(instants(least, most), instants(least, most)))


def serials() -> st.SearchStrategy[int]:
    """Serial numbers of 1 to 20 octets, those with a set top bit among them (DER then adds an octet)."""
    return st.one_of(st.integers(1, (1 << 159) - 1), st.sampled_from((1, 127, 128, 255, 256, 1 << 151, (1 << 159) - 1)))


def subject_texts() -> st.SearchStrategy[str]:
    """Texts for a subject, with a space so that none looks like a host name."""
    letters = st.text(st.characters(categories=("L", "N", "P")), min_size=1, max_size=7)
    return st.builds(lambda first, last: f"{first} {last}", letters, letters)


def device_serials() -> st.SearchStrategy[str]:
    """Serial numbers of devices."""
    rest = st.text(string.ascii_letters + string.digits + ".-", max_size=31)
    return st.builds(lambda first, last: first + last, st.sampled_from(string.ascii_letters + string.digits), rest)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """What is left of a file after a few octets were changed, cut out, doubled or put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        length = draw(st.integers(0, 8))
        match draw(st.sampled_from(("change", "cut", "insert", "double", "truncate"))):
            case "change":
                data[at : at + 1] = bytes((draw(st.integers(0, 255)),))
            case "cut":
                del data[at : at + length]
            case "insert":
                data[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "double":
                data[at:at] = data[at : at + length]
            case "truncate":
                del data[at:]
    return bytes(data)
