"""The PROXY protocol's header: tells a back end whose connection it is. Pure; the specification is HAProxy's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # section 2.2
_VERSION_2_PROXY = 0x21
_TCP_OVER_IPV4, _TCP_OVER_IPV6 = 0x11, 0x21
_SERIAL, _FINGERPRINT = 0xE0, 0xE1  # from PP2_TYPE_MIN_CUSTOM on: section 2.2.8


def header(
    version: int, source: tuple[str, int], destination: tuple[str, int], serial: str = "", fingerprint: str = ""
) -> bytes:  # fmt: skip
    """The bytes to send before the client's own, in version 1 (text) or 2 (binary). IPv4 written as IPv6 is unwrapped.

    Both addresses are those of one accepted TCP connection, hence of one family. Version 2 also tells the serial number
    and the SHA-256 of the server certificate that the client is given, as extras of our own, which others pass over.
    """
    addresses = _unwrapped(source[0]), _unwrapped(destination[0])
    ports = source[1], destination[1]
    ipv4 = addresses[0].version == 4
    if version == 1:
        family = "TCP4" if ipv4 else "TCP6"
        return f"PROXY {family} {addresses[0]} {addresses[1]} {ports[0]} {ports[1]}\r\n".encode("ascii")
    body = b"".join(address.packed for address in addresses) + b"".join(port.to_bytes(2, "big") for port in ports)
    for kind, told in ((_SERIAL, serial), (_FINGERPRINT, fingerprint)):
        if told:
            body += bytes((kind,)) + len(told).to_bytes(2, "big") + told.encode("ascii")
    family_and_protocol = _TCP_OVER_IPV4 if ipv4 else _TCP_OVER_IPV6
    return _SIGNATURE + bytes((_VERSION_2_PROXY, family_and_protocol)) + len(body).to_bytes(2, "big") + body


def _unwrapped(host: str) -> IPv4Address | IPv6Address:
    address = ip_address(host.partition("%")[0])  # a zone means nothing to the reader of the header
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
