"""What the peers are asked: a host, and the chain that a server presents for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from .chains import DEVICE_WINDOW, PAST_WINDOW, Chain, World, authority, leaf, subject


@dataclass(frozen=True, slots=True)
class Case:
    """One question to every peer, and the rule that decides it."""

    id: str
    host: str
    chain: Callable[[World], Chain]
    cite: str
    guard_alone: bool = False
    """Nothing but the guards of the device CA stops this: without them each peer must accept it."""


NAME = "press-07.local"
IPV4 = "192.168.77.7"
IPV6 = "fd00::7"


def names_only(world: World) -> Chain:
    return leaf(world.device, NAME)


def names_and_addresses(world: World) -> Chain:
    return leaf(world.device, NAME, IPV4, IPV6)


def _for(*names: str | x509.GeneralName, common_name: str | None = None) -> Callable[[World], Chain]:
    """A leaf straight from the device CA."""
    return lambda world: leaf(world.device, *names, common_name=common_name)


def _by_sub_ca(name: str) -> Callable[[World], Chain]:
    """A leaf from a CA that the device CA has made, itself without constraints."""

    def chain(world: World) -> Chain:
        below = authority(subject("Sub CA 1"), world.device, window=DEVICE_WINDOW, serves=True)
        return leaf(below, name)

    return chain


def _expired(world: World) -> Chain:
    return leaf(world.device, NAME, window=PAST_WINDOW)


def _by_self_signed_impostor(world: World) -> Chain:
    """A CA of the thief's own, with the device CA's subject and key id, signed by itself."""
    fake = authority(
        world.device.certificate.subject,
        None,
        window=DEVICE_WINDOW,
        key=ec.generate_private_key(ec.SECP256R1()),
        claimed_key_id=world.device.key_id,
        serves=True,
    )
    return leaf(replace(fake, sent=(fake.certificate,)), NAME)


def _by_impostor_below_factory(world: World) -> Chain:
    """The same, but naming the factory CA as its issuer, whose certificate is sent along."""
    key = ec.generate_private_key(ec.SECP256R1())
    fake = authority(
        world.device.certificate.subject,
        replace(world.factory, key=key),
        window=DEVICE_WINDOW,
        key=key,
        claimed_key_id=world.device.key_id,
        path_length=0,
        serves=True,
    )
    return leaf(fake, NAME)


def _by_another_key(world: World) -> Chain:
    """A leaf that names the real device CA as its issuer, with its certificate, but signed by another key."""
    return leaf(replace(world.device, key=ec.generate_private_key(ec.SECP256R1())), NAME)


CONSTRAINTS = "RFC 5280 4.2.1.10"
NAME_MATCH = "RFC 9525 6.3"
ADDRESS_MATCH = "RFC 9525 6.4"
NO_CN = "RFC 9525 2: the Common Name must not identify a service"
PATH = "RFC 5280 6.1.3"

ACCEPTED = (
    Case("name", NAME, names_only, CONSTRAINTS),
    Case("name-beside-addresses", NAME, names_and_addresses, CONSTRAINTS),
    Case("ipv4", IPV4, names_and_addresses, CONSTRAINTS),
    Case("ipv6", IPV6, names_and_addresses, CONSTRAINTS),
)

# A device serves two certificates for one key, and chooses by SNI.
BY_SNI = (
    Case("sni", NAME, names_and_addresses, "RFC 6066 3"),
    Case("no-sni-ipv4", IPV4, names_and_addresses, "RFC 6066 3: literal addresses are not permitted"),
    Case("no-sni-ipv6", IPV6, names_and_addresses, "RFC 6066 3: literal addresses are not permitted"),
)

# What a thief of press-07's device CA can do under the default name policy. SECURITY.md says so too.
NOT_STOPPED = (
    Case("sibling-name", "press-08.local", _for("press-08.local"), CONSTRAINTS),
    Case("other-suffix", "router.home.arpa", _for("router.home.arpa"), CONSTRAINTS),
    Case("routers-address", "192.168.0.1", _for("192.168.0.1"), CONSTRAINTS),
    Case("ten-address", "10.1.2.3", _for("10.1.2.3"), CONSTRAINTS),
    Case("link-local-address", "fe80::1", _for("fe80::1"), CONSTRAINTS),
)

MISUSE = (
    Case("public-name", "www.example.com", _for("www.example.com"), CONSTRAINTS, guard_alone=True),
    Case("public-name-beside-own", "www.example.com", _for(NAME, "www.example.com"), CONSTRAINTS, guard_alone=True),
    Case("public-wildcard", "www.example.com", _for("*.example.com"), CONSTRAINTS, guard_alone=True),
    Case("local-wildcard", "press-08.local", _for("*.local"), "RFC 9525 7.1: a wildcard below a suffix"),
    Case("public-ipv4", "8.8.8.8", _for("8.8.8.8"), CONSTRAINTS, guard_alone=True),
    Case("public-ipv6", "2001:4860:4860::8888", _for("2001:4860:4860::8888"), CONSTRAINTS, guard_alone=True),
    Case("mapped-ipv6", "::ffff:8.8.8.8", _for("::ffff:8.8.8.8"), CONSTRAINTS, guard_alone=True),
    Case("mapped-ipv6-for-ipv4", "8.8.8.8", _for("::ffff:8.8.8.8"), CONSTRAINTS),
    Case("ip-as-name", "8.8.8.8", _for(x509.DNSName("8.8.8.8")), ADDRESS_MATCH),
    Case("public-cn", "www.example.com", _for(common_name="www.example.com"), NO_CN),
    Case("public-cn-beside-san", "www.example.com", _for(NAME, common_name="www.example.com"), NO_CN),
    Case("public-cn-beside-address", "www.example.com", _for(IPV4, common_name="www.example.com"), NO_CN),
    Case(
        "public-cn-beside-mail",
        "www.example.com",
        _for(x509.RFC822Name("press@example.com"), common_name="www.example.com"),
        NO_CN,
    ),
    Case("wildcard-cn", "www.example.com", _for(common_name="*.example.com"), NO_CN),
    Case("local-cn", NAME, _for(common_name=NAME), NO_CN),
    Case("sub-ca-public-name", "www.example.com", _by_sub_ca("www.example.com"), CONSTRAINTS, guard_alone=True),
    Case("sub-ca-local-name", NAME, _by_sub_ca(NAME), "RFC 5280 4.2.1.9", guard_alone=True),
    Case("impostor-self-signed", NAME, _by_self_signed_impostor, PATH),
    Case("impostor-below-factory", NAME, _by_impostor_below_factory, PATH),
    Case("another-key", NAME, _by_another_key, PATH),
    Case("expired", NAME, _expired, PATH),
    Case("another-name", "press-08.local", names_only, NAME_MATCH),
    Case("another-address", "192.168.77.8", names_and_addresses, ADDRESS_MATCH),
)

# The device CA below these is unguarded: the root alone has to stop them.
ROOT_ALONE = (
    Case("root-alone-public-name", "www.example.com", _for("www.example.com"), CONSTRAINTS),
    Case("root-alone-public-ipv4", "8.8.8.8", _for("8.8.8.8"), CONSTRAINTS),
    Case("root-alone-public-ipv6", "2001:4860:4860::8888", _for("2001:4860:4860::8888"), CONSTRAINTS),
)

STRANGER = (Case("stranger", NAME, names_only, PATH),)

# Serial names: the device CA may name `sn0007.local` and what is below it, and no whole suffix.
OWN_SERIAL = (
    Case("own-serial", "sn0007.local", _for("sn0007.local"), CONSTRAINTS),
    Case("below-own-serial", "kitchen.sn0007.local", _for("kitchen.sn0007.local"), CONSTRAINTS),
    Case("own-serial-address", "192.168.0.1", _for("sn0007.local", "192.168.0.1"), CONSTRAINTS),
)
OTHER_SERIAL = (
    Case("sibling-serial", "sn0008.local", _for("sn0008.local"), CONSTRAINTS),
    Case("longer-serial", "xsn0007.local", _for("xsn0007.local"), CONSTRAINTS),
    Case("free-name", NAME, _for(NAME), CONSTRAINTS),
)

GOOD = (*ACCEPTED, *BY_SNI, *NOT_STOPPED, *OWN_SERIAL)
BAD = (*MISUSE, *ROOT_ALONE, *STRANGER, *OTHER_SERIAL)
