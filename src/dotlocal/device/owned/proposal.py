"""What a customer's CA is asked to permit: the device's own names, and the ranges that its addresses lie in. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from cryptography import x509

from dotlocal.core.constraints import DEFAULT, subtrees_in
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees, cidr, within_ip
from dotlocal.device.owned.fit import Answers

_NO_NAMES = "none.invalid"  # RFC 6761 6.4
_NONE = {4: ipaddress.ip_network("0.0.0.0/32"), 6: ipaddress.ip_network("::1/128")}
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def propose(within: Sequence[str], answers: Answers) -> Subtrees:
    """Constraints of all three kinds. `within` are DNS suffixes and address ranges of the customer's; a kind that is
    not among them is what the device answers to: its names, and the private range around each address.

    Refuses `address-range`, and names by their own codes.
    """
    names: list[str] = []
    networks: list[_Network] = []
    for text in within:
        if (network := _range(text)) is not None:
            networks.append(network)
        else:
            names.append(HostName.parse(text.removeprefix(".")).text)
    names = names or answers.names or [_NO_NAMES]
    for version in (4, 6):
        if not any(each.version == version for each in networks):
            networks += list(_around(answers.addresses, version)) or [_NONE[version]]
    ranges = [(each.network_address.packed, each.netmask.packed) for each in dict.fromkeys(networks)]
    return Subtrees(tuple(dict.fromkeys(names)), tuple(ranges))


def asked(request: bytes) -> Subtrees:
    """The constraints that a request of ours proposes."""
    found = x509.load_der_x509_csr(request).extensions.get_extension_for_class(x509.NameConstraints).value
    return subtrees_in(found)


def openssl_section(wanted: Subtrees) -> str:
    """The same as a section for OpenSSL's `-extfile`, for CAs that take nothing from a request."""
    permitted = [f"permitted;DNS.{number} = {base}" for number, base in enumerate(wanted.dns or (), 1)]
    for number, (network, mask) in enumerate(wanted.ip or (), 1):
        permitted.append(f"permitted;IP.{number} = {Address(network).text}/{Address(mask).text}")
    lines = [
        "[device_ca]",
        "basicConstraints = critical, CA:TRUE, pathlen:0",
        "keyUsage = critical, keyCertSign",
        "extendedKeyUsage = serverAuth",
        "nameConstraints = critical, @device_names",
        "subjectKeyIdentifier = hash",
        "authorityKeyIdentifier = keyid",
        "",
        "[device_names]",
        *permitted,
    ]
    return "\n".join((*lines, ""))


def spoken(wanted: Subtrees) -> list[str]:
    """The subtrees as a person reads them."""
    return [*(wanted.dns or ()), *(cidr(*each) for each in wanted.ip or ())]


def _range(text: str) -> _Network | None:
    if "/" not in text:
        try:
            return ipaddress.ip_network(Address.parse(text).text)
        except Refused:
            return None
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise Refused("address-range", f"{text!r} is no address range: {error}", hint="mind the host bits") from None


def _around(addresses: Sequence[Address], version: int) -> Iterator[_Network]:
    """The default policy's range that an address lies in, or the address alone."""
    known = [ipaddress.ip_network(each) for each in (*DEFAULT.ipv4, *DEFAULT.ipv6)]
    for address in addresses:
        own = ipaddress.ip_network(address.text)
        if own.version == version:
            around = [
                each for each in known if within_ip(address.packed, each.network_address.packed, each.netmask.packed)
            ]
            yield around[0] if around else own
