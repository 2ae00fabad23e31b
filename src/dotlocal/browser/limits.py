"""What a root's own name constraints say, whoever wrote them, and which kinds of names they leave open. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509

from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees

Range = tuple[bytes, bytes]
_OTHER = {
    x509.RFC822Name: "e-mail addresses", x509.UniformResourceIdentifier: "URIs", x509.DirectoryName: "directory names",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Name constraints (RFC 5280 4.2.1.10). `other` names the kinds of names in it that TLS does not use."""

    present: bool
    critical: bool
    permitted: Subtrees
    excluded: Subtrees
    other: tuple[str, ...]

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Limits:
        """Those of a certificate; all open when it has none."""
        try:
            extension = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        except x509.ExtensionNotFound:
            return cls(present=False, critical=False, permitted=UNCONSTRAINED, excluded=UNCONSTRAINED, other=())
        permitted, excluded = (list(each or ()) for each in _halves(extension.value))
        kinds = {_OTHER.get(type(entry), "other names") for entry in (*permitted, *excluded) if not _of_tls(entry)}
        return cls(
            present=True, critical=extension.critical, permitted=_subtrees(permitted), excluded=_subtrees(excluded),
            other=tuple(sorted(kinds)),
        )  # fmt: skip

    def ranges(self, octets: int) -> tuple[Range, ...]:
        """The permitted address ranges of one family, by the length of its addresses: 4 or 16."""
        return tuple(each for each in self.permitted.ip or () if len(each[0]) == octets)

    @property
    def open(self) -> tuple[str, ...]:
        """Which of `DNS`, `IPv4` and `IPv6` have no permitted subtree, and are not excluded as a whole."""
        kinds = []
        if self.permitted.dns is None and "" not in (self.excluded.dns or ()):
            kinds.append("DNS")
        for kind, octets in (("IPv4", 4), ("IPv6", 16)):
            # a family of its own: GnuTLS lets every IPv6 address through where only IPv4 has a subtree
            if not self.ranges(octets) and (bytes(octets), bytes(octets)) not in (self.excluded.ip or ()):
                kinds.append(kind)
        return tuple(kinds)


def _halves(constraints: x509.NameConstraints) -> Iterator[Sequence[x509.GeneralName] | None]:
    yield constraints.permitted_subtrees
    yield constraints.excluded_subtrees


def _of_tls(entry: x509.GeneralName) -> bool:
    return isinstance(entry, x509.DNSName | x509.IPAddress)


def _subtrees(entries: Sequence[x509.GeneralName]) -> Subtrees:
    # strict verifiers refuse `.local` and `local.`, others read them as `local`: the wider meaning is the one to judge
    dns = tuple(entry.value.lower().strip(".") for entry in entries if isinstance(entry, x509.DNSName))
    ranges = tuple(
        (entry.value.network_address.packed, entry.value.netmask.packed)
        for entry in entries
        if isinstance(entry, x509.IPAddress) and isinstance(entry.value, ipaddress.IPv4Network | ipaddress.IPv6Network)
    )
    return Subtrees(dns or None, ranges or None)
