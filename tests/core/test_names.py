"""Host names and addresses: parsed once, normalised, or refused with a reason (field notes T11 to T17)."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509 import verification
from hypothesis import example, given
from hypothesis import strategies as st

from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName, unusable
from dotlocal.testing import World
from strategies import addresses, quick


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("press-07.local", "press-07.local"),
        ("Press-07.LOCAL", "press-07.local"),
        ("press-07", "press-07"),
        ("münchen.local", "xn--mnchen-3ya.local"),
        ("MÜNCHEN.local", "xn--mnchen-3ya.local"),
        ("☃.local", "xn--n3h.local"),
        ("XN--MNCHEN-3YA.local", "xn--mnchen-3ya.local"),
        ("\u212a.local", "k.local"),  # the Kelvin sign is a k, says nameprep, and so says every browser
        ("press。local", "press.local"),  # the ideographic full stop separates labels too (RFC 3490 3.1)
        ("4711.local", "4711.local"),
        ("0x7f.local", "0x7f.local"),
        ("1.2.3.4.local", "1.2.3.4.local"),
        ("a.0xg1", "a.0xg1"),
        ("a" * 63 + ".local", "a" * 63 + ".local"),
        (".".join(["a" * 63] * 3 + ["b" * 61]), ".".join(["a" * 63] * 3 + ["b" * 61])),
    ],
)
def test_host_names_are_normalised_to_lower_case_a_labels(written: str, normalised: str) -> None:
    """T12: what a person writes becomes the one form that certificates hold (RFC 5890 2.3.2.1)."""
    assert HostName.parse(written).text == normalised


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("*.local", "wildcard"),
        ("press-*.local", "wildcard"),
        ("press_07.local", "underscore"),
        ("press-07.local.", "trailing-dot"),
        (".", "trailing-dot"),
        ("", "not-a-host-name"),
        (".local", "not-a-host-name"),
        ("a..local", "not-a-host-name"),
        ("-a.local", "not-a-host-name"),
        ("a-.local", "not-a-host-name"),
        ("a b.local", "not-a-host-name"),
        ("a\0.local", "not-a-host-name"),
        ("a/b", "not-a-host-name"),
        ("straße.local", "idn"),
        ("STRAẞE.local", "idn"),
        ("σελίδας.local", "idn"),
        ("a\u200db.local", "idn"),
        ("\ud800.local", "idn"),
        ("ü" * 80 + ".local", "idn"),
        ("a" * 64 + ".local", "name-too-long"),
        (".".join(["a" * 63] * 3 + ["b" * 62]), "name-too-long"),
        ("192.168.77.7", "address-as-name"),
        ("fd00::7", "address-as-name"),
        ("fe80::1%eth0", "address-as-name"),
        ("press-07.local:443", "address-as-name"),
    ],
)
def test_what_is_no_host_name_is_refused_with_its_reason(text: str, code: str) -> None:
    """T11, T12, T13: addresses, trailing dots, underscores, wildcards, labels that browsers disagree about."""
    with pytest.raises(Refused) as refused:
        HostName.parse(text)
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["1", "0x7f.1", "a.0x1f", "x.0x", "example.127", "１２３", "a.１"])
def test_names_that_end_in_a_number_are_addresses(text: str) -> None:
    """T11: browsers hand `0x7f.1` to their IPv4 parser (the URL standard's "ends in a number")."""
    with pytest.raises(Refused) as refused:
        HostName.parse(text)
    assert refused.value.code == "address-as-name"


@quick(100)
@given(st.text(st.characters(max_codepoint=0x3FF), max_size=30) | st.from_regex(r"[a-zA-Z0-9.\-ü]{1,70}"))
@example("a" * 300)
def test_parsing_is_a_projection(text: str) -> None:
    """Whatever is parsed parses to itself, is lower-case LDH, and nothing but Refused comes out."""
    try:
        name = HostName.parse(text).text
    except Refused:
        return
    assert HostName.parse(name).text == name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


@quick(40)
@given(st.from_regex(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,3}", fullmatch=True))
def test_an_independent_verifier_takes_every_host_name(text: str) -> None:
    """A name that parses is a name that `cryptography` lets itself be asked for."""
    try:
        name = HostName.parse(text)
    except Refused:
        return
    store = verification.Store([_ROOT])
    verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName(name.text))


_ROOT = World().root


def test_host_names_are_values() -> None:
    """Equal texts make equal names, and both can be read."""
    name = HostName.parse("Press-07.local")
    assert name == HostName("press-07.local") != HostName("press-08.local")
    assert name != "press-07.local"
    assert len({name, HostName("press-07.local")}) == 1
    assert (str(name), repr(name), name.kind) == ("press-07.local", "HostName(press-07.local)", "dns")


# ── addresses ──


@quick(150)
@given(addresses())
@example(Address(bytes(16)))
@example(Address(ipaddress.ip_address("1:0:0:2:0:0:0:3").packed))
@example(Address(ipaddress.ip_address("1:0:0:2:2:0:0:3").packed))
@example(Address(ipaddress.ip_address("1:0:2:3:4:5:6:7").packed))
@example(Address(ipaddress.ip_address("1:2:3:4:5:6::").packed))
def test_the_text_of_an_address_is_the_standard_librarys(address: Address) -> None:
    """RFC 5952: the longest run of zeros shortened, the first of equals, never a single group."""
    known = ipaddress.ip_address(address.packed)
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped:
        return  # later versions of ipaddress show a dotted quad in it
    assert address.text == str(known)
    assert Address.parse(address.text) == address


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fe80::1%eth0", "zone"),
        ("10.0.0.1%25lo", "zone"),
        ("press-07.local", "not-an-address"),
        ("10.0.0", "not-an-address"),
        ("10.0.0.010", "not-an-address"),
        ("10.0.0.1/8", "not-an-address"),
        ("[fd00::1]", "not-an-address"),
        ("", "not-an-address"),
        (" 10.0.0.1", "not-an-address"),
    ],
)
def test_what_is_no_address_is_refused(text: str, code: str) -> None:
    """T17: a zone means nothing to another machine, and browsers take none in URLs."""
    with pytest.raises(Refused) as refused:
        Address.parse(text)
    assert refused.value.code == code


@pytest.mark.parametrize("size", [0, 3, 5, 15, 17])
def test_addresses_have_4_or_16_octets(size: int) -> None:
    """A value that exists is valid."""
    with pytest.raises(ValueError, match="4 or 16"):
        Address(bytes(size))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.0.9", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.251", "multicast"),
        ("239.255.255.250", "multicast"),
        ("255.255.255.255", "multicast"),
        ("ff02::fb", "multicast"),
        ("::ffff:192.168.77.7", "mapped-address"),
    ],
)
def test_addresses_that_name_no_other_machine_are_unusable(text: str, code: str) -> None:
    """Each for its own reason: oneself, nobody, everybody, and IPv4 in disguise."""
    reason = unusable(Address.parse(text))
    assert reason is not None
    assert reason[0] == code


@pytest.mark.parametrize("text", ["10.0.0.1", "126.255.255.255", "128.0.0.1", "240.0.0.1", "fe80::1", "fd00::", "::2"])
def test_addresses_of_machines_are_usable(text: str) -> None:
    """Whether the constraints permit them is another question."""
    assert unusable(Address.parse(text)) is None


def test_addresses_are_values() -> None:
    """Equal octets make equal addresses; the two families never mix."""
    address = Address.parse("10.0.0.1")
    assert address == Address(b"\x0a\x00\x00\x01") != Address(b"\x0a\x00\x00\x02")
    assert Address(bytes(4)) != Address(bytes(16))
    assert address != "10.0.0.1"
    assert len({address, Address.parse("10.0.0.1")}) == 1
    assert (str(address), repr(address), address.kind) == ("10.0.0.1", "Address(10.0.0.1)", "ip")
