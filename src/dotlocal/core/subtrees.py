# Boot path: no typing, dataclasses, enum, re, json or ipaddress at run time.
"""What a chain of CAs permits: DNS subtrees and address ranges, and the one decision which wanted names go in."""

from dotlocal.core.errors import Refused
from dotlocal.core.findings import LeftOut
from dotlocal.core.names import Address, HostName, unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    _Base = TypeVar("_Base")

# A hostile network can hand a machine any number of IPv6 prefixes; clients cap the size of a certificate message.
MOST_NAMES = 64


class Subtrees:
    """Permitted subtrees. `dns`: lower-case names without leading dot; `ip`: (network, mask) pairs of equal octets.

    `None` for a form means unconstrained, which is not the same as empty: empty permits nothing (RFC 5280 4.2.1.10).
    """

    __slots__ = ("dns", "ip")

    def __init__(self, dns: "tuple[str, ...] | None", ip: "tuple[tuple[bytes, bytes], ...] | None") -> None:
        self.dns = dns
        self.ip = ip

    def permits(self, wanted: "HostName | Address") -> bool:
        """Whether a leaf with this name passes every client that enforces the constraint."""
        if isinstance(wanted, HostName):
            return self.dns is None or any(within_dns(wanted.text, base) for base in self.dns)
        return self.ip is None or any(within_ip(wanted.packed, network, mask) for network, mask in self.ip)

    def intersect(self, other: "Subtrees") -> "Subtrees":
        """What both permit: subtrees are nested or disjoint, so of each pair the narrower one, or nothing."""
        return Subtrees(_intersect(self.dns, other.dns, within_dns), _intersect(self.ip, other.ip, range_within))

    def beyond(self, parent: "Subtrees") -> "list[str]":
        """The subtrees of this one that are wider than the parent's, as text; empty when it fits."""
        wider: list[str] = []
        if parent.dns is not None:
            bases = self.dns if self.dns is not None else ("",)
            wider += [base or "any DNS name" for base in bases if not any(within_dns(base, p) for p in parent.dns)]
        if parent.ip is not None:
            for family in (4, 16):
                ranges = [r for r in self.ip if len(r[0]) == family] if self.ip is not None else [(bytes(family),) * 2]
                wider += [
                    cidr(*r) for r in ranges if not _means_none(*r) and not any(range_within(r, p) for p in parent.ip)
                ]
        return wider

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subtrees) and (self.dns, self.ip) == (other.dns, other.ip)

    def __hash__(self) -> int:
        return hash((self.dns, self.ip))

    def __repr__(self) -> str:
        return f"Subtrees({self.dns}, {self.ip and tuple(cidr(*r) for r in self.ip)})"


UNCONSTRAINED = Subtrees(None, None)


def within_dns(name: str, base: str) -> bool:
    """RFC 5280 4.2.1.10: the base itself, and whatever adds labels to its left."""
    return name == base or name.endswith("." + base)


def within_ip(packed: bytes, network: bytes, mask: bytes) -> bool:
    """Whether the address lies in the range; families never mix."""
    return len(packed) == len(network) and all(a & m == n for a, n, m in zip(packed, network, mask, strict=True))


def range_within(inner: "tuple[bytes, bytes]", outer: "tuple[bytes, bytes]") -> bool:
    """Whether one address range lies within another."""
    return within_ip(inner[0], *outer) and all(i & o == o for i, o in zip(inner[1], outer[1], strict=True))


def _means_none(network: bytes, mask: bytes) -> bool:
    # 0.0.0.0/32, ::/128 and ::1/128 close a family that must not be left out (GnuTLS then permits all of it)
    return mask == b"\xff" * len(mask) and unusable(Address(network)) is not None


def cidr(network: bytes, mask: bytes) -> str:
    """A range as `10.0.0.0/8`."""
    return f"{Address(network).text}/{int.from_bytes(mask, 'big').bit_count()}"


class Sifted:
    """What a certificate may name, in the order wanted, and what was left out and why."""

    __slots__ = ("addresses", "left_out", "names")

    def __init__(self, names: "list[HostName]", addresses: "list[Address]", left_out: "list[LeftOut]") -> None:
        self.names = names
        self.addresses = addresses
        self.left_out = left_out


def sift(wanted: "list[str | HostName | Address]", permitted: Subtrees) -> Sifted:
    """Decide which wanted names the whole chain permits; text is parsed as a host name. Repeats are dropped silently.

    One name outside would lose the certificate as a whole in every client, so whatever is not kept is left out here.
    """
    sifted = Sifted([], [], [])
    seen: set[HostName | Address] = set()
    for item in wanted:
        try:
            name = HostName.parse(item) if isinstance(item, str) else item
        except Refused as refused:
            sifted.left_out.append(LeftOut(str(item), "dns", refused.code, refused.message))
            continue
        if name in seen:
            continue
        seen.add(name)
        reason = _refusal(name, permitted, len(sifted.names) + len(sifted.addresses))
        if reason:
            sifted.left_out.append(LeftOut(name.text, name.kind, *reason))
        elif isinstance(name, HostName):
            sifted.names.append(name)
        else:
            sifted.addresses.append(name)
    return sifted


def _refusal(name: "HostName | Address", permitted: Subtrees, so_far: int) -> "tuple[str, str] | None":
    if isinstance(name, HostName):
        if within_dns(name.text, "localhost"):
            return "loopback", "means the asking machine itself"
    elif reason := unusable(name):
        return reason
    if not permitted.permits(name):
        bounds = permitted.dns if isinstance(name, HostName) else [cidr(*r) for r in permitted.ip or ()]
        return "outside-constraints", "this device's CA may only name " + ", ".join(bounds or ("nothing of its kind",))
    if so_far >= MOST_NAMES:
        return "too-many-names", f"a certificate here names at most {MOST_NAMES}"
    return None


def _intersect(
    mine: "tuple[_Base, ...] | None", theirs: "tuple[_Base, ...] | None", within: "Callable[[_Base, _Base], bool]"
) -> "tuple[_Base, ...] | None":
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    kept = [m for m in mine if any(within(m, t) for t in theirs)]
    kept += [t for t in theirs if t not in kept and any(within(t, m) for m in mine)]
    return tuple(kept)
