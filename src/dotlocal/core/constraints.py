"""The name policy of a hierarchy, and the name constraints (RFC 5280 4.2.1.10) that it becomes."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509

from dotlocal.core import der
from dotlocal.core.errors import Refused
from dotlocal.core.names import HostName
from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees

OID = "2.5.29.30"
KINDS = ("dns", "ipv4", "ipv6")
_SERIAL = "{serial}"


@dataclass(frozen=True, slots=True)
class NamePolicy:
    """Which DNS subtrees and address ranges a hierarchy may ever name.

    A DNS entry may start with `{serial}.`: then a device may use only the names below its own serial number. At least
    one entry of each kind, always: a form without a subtree is open in every TLS stack. `0.0.0.0/32` and `::1/128`
    stand for "none".
    """

    dns: tuple[str, ...]
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]

    @classmethod
    def parse(cls, names: Mapping[str, object]) -> NamePolicy:
        """Read the `[names]` table of a plan; every mistake is refused by name."""
        unknown = sorted(set(names) - set(KINDS))
        if unknown:
            raise Refused("unknown-key", f"[names] has {', '.join(unknown)}; it knows {', '.join(KINDS)}")
        lists = {kind: _texts(kind, names.get(kind, [])) for kind in KINDS}
        missing = [kind for kind in KINDS if not lists[kind]]
        if missing:
            raise Refused(
                "policy-kind-missing",
                f"the name policy has no subtree of {' and '.join(missing)}, which would leave that kind open",
                hint='list at least one of each; ipv4 = ["0.0.0.0/32"] or ipv6 = ["::1/128"] means none',
            )
        for entry in lists["dns"]:
            _check_dns(entry)
        for kind, version in (("ipv4", 4), ("ipv6", 6)):
            for entry in lists[kind]:
                _network(entry, version)
        return cls(lists["dns"], lists["ipv4"], lists["ipv6"])

    def widest(self) -> Subtrees:
        """What any device of this policy may name: the root's own constraint. An entry with `{serial}` in its last
        label needs a root without constraints, and is refused here.
        """
        return self._subtrees(dict.fromkeys(_suffix(entry) for entry in self.dns))

    def for_device(self, serial: str) -> Subtrees:
        """What the device with this serial number may name. Serial numbers become lower-case labels."""
        entries = (entry.replace(_SERIAL, serial.lower()) for entry in self.dns)
        return self._subtrees({HostName.parse(entry).text: None for entry in entries})

    def with_host(self, host: str) -> NamePolicy:
        """The same with one more exact name, where `{serial}` may stand in it."""
        _check_dns(host)
        return NamePolicy((*self.dns, host), self.ipv4, self.ipv6)

    def as_dict(self) -> dict[str, list[str]]:
        """The `[names]` table."""
        return {"dns": list(self.dns), "ipv4": list(self.ipv4), "ipv6": list(self.ipv6)}

    def _subtrees(self, dns: Mapping[str, None]) -> Subtrees:
        networks = [_network(entry, 4) for entry in self.ipv4] + [_network(entry, 6) for entry in self.ipv6]
        return Subtrees(tuple(dns), tuple((n.network_address.packed, n.netmask.packed) for n in networks))


DEFAULT = NamePolicy(
    dns=("local", "home.arpa", "internal"),  # RFC 6762, RFC 8375, ICANN's reservation of 2024
    ipv4=("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),  # RFC 1918, RFC 3927
    ipv6=("fc00::/7", "fe80::/10"),  # RFC 4193, RFC 4291
)


def encode(subtrees: Subtrees) -> bytes:
    """NameConstraints in the one form that every stack reads: permitted, no leading dot, no other name type."""
    dns, ip = complete(subtrees)
    return der.sequence(
        der.explicit(
            0,
            b"".join(
                (
                    *(der.sequence(der.implicit(2, base.encode("ascii"))) for base in dns),
                    *(der.sequence(der.implicit(7, network + mask)) for network, mask in ip),
                )
            ),
        )
    )


def complete(subtrees: Subtrees) -> tuple[tuple[str, ...], tuple[tuple[bytes, bytes], ...]]:
    """The subtrees, which must name all three kinds; refuses `policy-kind-missing` otherwise."""
    sizes = {len(network) for network, _ in subtrees.ip or ()}
    if not subtrees.dns or subtrees.ip is None or sizes != {4, 16}:
        raise Refused("policy-kind-missing", f"constraints need DNS, IPv4 and IPv6 subtrees, not only {subtrees}")
    return subtrees.dns, subtrees.ip


def subtrees_of(certificate: x509.Certificate) -> Subtrees:
    """The permitted subtrees of a certificate; unconstrained when it has none. Excluded subtrees and other name types
    are not ours, and are refused as `foreign-constraint`.
    """
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return UNCONSTRAINED
    return subtrees_in(constraints)


def subtrees_in(constraints: x509.NameConstraints) -> Subtrees:
    """The permitted subtrees of an extension; refuses `foreign-constraint`."""
    permitted = constraints.permitted_subtrees or []
    dns = tuple(entry.value for entry in permitted if isinstance(entry, x509.DNSName))
    networks = [entry.value for entry in permitted if isinstance(entry, x509.IPAddress)]
    if constraints.excluded_subtrees or len(dns) + len(networks) != len(permitted):
        raise Refused("foreign-constraint", "name constraints other than permitted DNS names and address ranges")
    ranges = tuple(
        (network.network_address.packed, network.netmask.packed)
        for network in networks
        if isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
    )
    return Subtrees(dns or None, ranges or None)


def _texts(kind: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise Refused("wrong-type", f"names.{kind} must be a list of strings, not {value!r}")
    return tuple(value)


def _suffix(entry: str) -> str:
    if _SERIAL not in entry:
        return entry
    suffix = entry.rpartition(_SERIAL)[2].partition(".")[2]
    if not suffix:
        raise Refused(
            "policy-wider", f"{entry!r} is a name of one label, which no constrained root can permit beforehand",
            hint="set constrain_root = false, or put the serial number below a suffix: {serial}.local",
        )  # fmt: skip
    return suffix


def _check_dns(entry: str) -> None:
    if entry.startswith("."):
        raise Refused(
            "policy-dns", f"{entry!r} starts with a dot, which strict verifiers refuse",
            hint=f"write {entry[1:]!r}; names below it are permitted anyway",
        )  # fmt: skip
    sample = entry.replace(_SERIAL, "sn0001")
    if (normalised := HostName.parse(sample).text) != sample:
        raise Refused("policy-dns", f"{entry!r} must be written as {normalised.replace('sn0001', _SERIAL)!r}")


def _network(entry: str, version: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as error:
        loose = _loosely(entry)
        raise Refused(
            "address-range", f"{entry!r} is no address range: {error}",
            hint=f"{loose} is the range it lies in" if loose else "",
        ) from None  # fmt: skip
    if "%" in entry:
        raise Refused("address-range", f"{entry!r} has a zone identifier, which means nothing to another machine")
    if network.version != version:
        raise Refused("address-range", f"{entry!r} is IPv{network.version}, listed under ipv{version}")
    return network


def _loosely(entry: str) -> str:
    try:
        return str(ipaddress.ip_network(entry, strict=False))
    except ValueError:
        return ""
