"""Names: is the certificate for the host that was asked for, and may its CAs vouch for all that it names? Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

from dotlocal.browser.diagnosis.cause import Cause
from dotlocal.browser.path import Path
from dotlocal.core.chain import named
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import within_dns, within_ip

_SHOWN = 12
# suffixes of two labels under which nobody registers: a wildcard right below is as wide as `*.com`
_SUFFIXES = {"home.arpa"}


def causes(path: Path, host: HostName | Address) -> Iterator[Cause]:
    """Everything about the names of the server certificate, for one host that is asked for."""
    entries = alternative_names(path.leaf)
    yield from _match(path.leaf, host, entries)
    yield from _constraints(path, entries)
    for entry in entries:
        if isinstance(entry, x509.DNSName) and _is_address(entry.value):
            # a dNSName that is an address is malformed to mozilla::pkix (SEC_ERROR_BAD_DER), for the whole certificate
            yield Cause("address-as-dns-name", named(path.leaf), f"{entry.value} is written as a DNS name")


def alternative_names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """The subject alternative names; none without the extension."""
    try:
        return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def shown(entries: Iterable[x509.GeneralName]) -> list[str]:
    """What a server certificate answers to, in words; of names that no client asks for, their kind."""
    return [
        str(entry.value) if isinstance(entry, x509.DNSName | x509.IPAddress) else f"({type(entry).__name__})"
        for entry in entries
    ]


def _match(leaf: x509.Certificate, host: HostName | Address, entries: list[x509.GeneralName]) -> Iterator[Cause]:
    if any(_matches(entry, host) for entry in entries):
        return
    served = shown(entries)
    answered = ", ".join(served[:_SHOWN]) + (f" and {len(served) - _SHOWN} more" if served[_SHOWN:] else "")
    common = [str(each.value) for each in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if not any(isinstance(entry, x509.DNSName | x509.IPAddress) for entry in entries) and common:
        yield Cause(  # RFC 9525 2; Chromium since 58, Firefox since 101
            "name-in-subject-only", named(leaf), f"{common[0]} stands in the subject, and no browser looks there"
        )
    elif isinstance(host, HostName) and any(_too_wide(entry, host) for entry in entries):
        yield Cause("wildcard-too-wide", named(leaf), f"{host} was asked for; the certificate names {answered}")
    else:
        code = "wrong-name" if isinstance(host, HostName) else "wrong-address"
        told = f"{host} was asked for; the certificate names {answered or 'nobody'}"
        names = [entry.value for entry in entries if isinstance(entry, x509.DNSName) and "*" not in entry.value]
        yield Cause(code, named(leaf), told, _use_instead(names, code))


def _use_instead(names: list[str], code: str) -> str:
    if not names:
        return ""
    why = "renamed" if code == "wrong-name" else "given another address"
    return f"open https://{names[0]}, or restart the device if it has been {why}"


def _matches(entry: x509.GeneralName, host: HostName | Address) -> bool:
    if isinstance(entry, x509.IPAddress):
        return isinstance(host, Address) and getattr(entry.value, "packed", None) == host.packed
    if not isinstance(entry, x509.DNSName) or not isinstance(host, HostName):
        return False
    name = entry.value.lower()
    if not name.startswith("*."):
        return name == host.text
    return host.text.partition(".")[2] == name[2:] and not _too_wide(entry, host)  # RFC 9525 6.3


def _too_wide(entry: x509.GeneralName, host: HostName) -> bool:
    """A wildcard that would match, right below a suffix: browsers and OpenSSL refuse `*.local`."""
    if not isinstance(entry, x509.DNSName) or not entry.value.startswith("*."):
        return False
    suffix = entry.value[2:].lower()
    return host.text.partition(".")[2] == suffix and ("." not in suffix or suffix in _SUFFIXES)


def _constraints(path: Path, entries: list[x509.GeneralName]) -> Iterator[Cause]:
    """RFC 5280 4.2.1.10; one name outside loses the whole certificate."""
    for authority in path.whole[1:]:
        try:
            constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            continue
        outside = [str(entry.value) for entry in entries if _is_outside(entry, constraints)]
        if outside:
            yield Cause(
                "constraint-broken", named(authority),
                f"{named(authority)} may not vouch for {', '.join(outside[:_SHOWN])}, and so for nothing"
                " in this certificate",
                "leave it out of the device's settings, or give the device a certificate of your own CA",
            )  # fmt: skip


def _is_outside(entry: x509.GeneralName, constraints: x509.NameConstraints) -> bool:
    permitted = [base for base in constraints.permitted_subtrees or () if type(base) is type(entry)]
    excluded = [base for base in constraints.excluded_subtrees or () if type(base) is type(entry)]
    if not isinstance(entry, x509.DNSName | x509.IPAddress):
        return False
    return bool(permitted and not any(_within(entry, base) for base in permitted)) or any(
        _within(entry, base) for base in excluded
    )


def _within(entry: x509.GeneralName, base: x509.GeneralName) -> bool:
    if isinstance(entry, x509.DNSName) and isinstance(base, x509.DNSName):
        subtree = base.value.lower()
        name = entry.value.lower()
        return not subtree or (name.endswith(subtree) if subtree.startswith(".") else within_dns(name, subtree))
    packed, network = getattr(entry.value, "packed", None), base.value
    if packed is None or not isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network):
        return False
    return within_ip(packed, network.network_address.packed, network.netmask.packed)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
