"""What a chain permits, and the one decision which wanted names go into a certificate."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.x509 import verification
from hypothesis import example, given
from hypothesis import strategies as st

import forge
from dotlocal.core import constraints
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import MOST_NAMES, UNCONSTRAINED, Subtrees, cidr, range_within, sift, within_dns, within_ip
from dotlocal.core.window import DAY, Window
from dotlocal.testing import MOMENT
from strategies import complete_subtrees, pool_addresses, pool_names, quick, subtrees

DEFAULT = constraints.DEFAULT.widest()
WANTED = pool_names() | pool_addresses()


def _networks(*texts: str) -> tuple[tuple[bytes, bytes], ...]:
    parsed = [ipaddress.ip_network(text) for text in texts]
    return tuple((network.network_address.packed, network.netmask.packed) for network in parsed)


def test_a_subtree_holds_itself_and_what_adds_labels() -> None:
    """RFC 5280 4.2.1.10: local ⊃ a.local, and neither xlocal nor local.example."""
    inside = [within_dns(name, "local") for name in ("local", "a.local", "b.a.local", "xlocal", "local.a", "loca", "")]
    assert inside == [True, True, True, False, False, False, False]


def test_ranges_hold_their_addresses_and_narrower_ranges() -> None:
    """10/8 ⊃ 10.1/16; the families never mix."""
    ten, ten_one, other, six = _networks("10.0.0.0/8", "10.1.0.0/16", "11.0.0.0/8", "a00::/8")
    assert within_ip(bytes((10, 255, 0, 1)), *ten)
    assert not within_ip(bytes((11, 0, 0, 1)), *ten)
    assert not within_ip(b"\x0a" + bytes(15), *ten)
    assert [range_within(inner, ten) for inner in (ten, ten_one, other, six)] == [True, True, False, False]
    assert not range_within(ten, ten_one)
    assert cidr(*ten_one) == "10.1.0.0/16"


def test_unconstrained_is_the_opposite_of_empty() -> None:
    """None permits every name of a form, an empty tuple none (RFC 5280 4.2.1.10)."""
    name, address = HostName("a.local"), Address.parse("10.0.0.1")
    assert UNCONSTRAINED.permits(name)
    assert UNCONSTRAINED.permits(address)
    assert not Subtrees((), ()).permits(name)
    assert not Subtrees((), ()).permits(address)


@quick(120)
@given(subtrees(), subtrees(), WANTED)
def test_the_intersection_permits_exactly_what_both_permit(
    mine: Subtrees, theirs: Subtrees, wanted: HostName | Address
) -> None:
    """The names that a leaf may have below two constrained CAs."""
    assert mine.intersect(theirs).permits(wanted) == (mine.permits(wanted) and theirs.permits(wanted))


@quick(60)
@given(subtrees(), subtrees())
def test_the_intersection_has_no_order_but_the_first_ones(mine: Subtrees, theirs: Subtrees) -> None:
    """Which of two CAs is asked first changes nothing but the order of the bases."""
    one, other = mine.intersect(theirs), theirs.intersect(mine)
    assert [form if form is None else set(form) for form in (one.dns, one.ip)] == [
        form if form is None else set(form) for form in (other.dns, other.ip)
    ]
    assert mine.intersect(UNCONSTRAINED) == mine == UNCONSTRAINED.intersect(mine)


@quick(120)
@given(subtrees(), subtrees(), WANTED)
def test_what_is_not_beyond_the_parent_permits_nothing_more(
    child: Subtrees, parent: Subtrees, wanted: HostName | Address
) -> None:
    """beyond() is empty ⇒ whatever the child permits, the parent permits; a "none" entry names no machine."""
    if not child.beyond(parent) and child.permits(wanted) and not parent.permits(wanted):
        assert isinstance(wanted, Address)
        assert ipaddress.ip_address(wanted.packed).is_unspecified


@pytest.mark.parametrize(
    ("child", "parent", "wider"),
    [
        (DEFAULT, DEFAULT, []),
        (DEFAULT, UNCONSTRAINED, []),
        (UNCONSTRAINED, DEFAULT, ["any DNS name", "0.0.0.0/0", "::/0"]),
        (Subtrees(("a.local",), _networks("10.1.0.0/16", "fd00::/8")), DEFAULT, []),
        (Subtrees(("local", "com"), _networks("10.0.0.0/7", "fd00::/8")), DEFAULT, ["com", "10.0.0.0/7"]),
        (Subtrees(("local",), _networks("0.0.0.0/32", "::1/128")), DEFAULT, []),
        (Subtrees(("local",), _networks("8.8.8.8/32", "::/0")), DEFAULT, ["8.8.8.8/32", "::/0"]),
        (Subtrees(("local",), _networks("10.0.0.0/8")), Subtrees(None, ()), ["10.0.0.0/8"]),
    ],
)
def test_what_is_wider_than_the_parent_is_told(child: Subtrees, parent: Subtrees, wider: list[str]) -> None:
    """A name policy wider than its parents' is refused at signing, with the entries that are; "none" never is."""
    assert child.beyond(parent) == wider


@quick(80)
@given(complete_subtrees(), WANTED)
@example(DEFAULT, HostName("www.example.com"))
@example(DEFAULT, Address.parse("::ffff:8.8.8.8"))
@example(Subtrees(("local",), _networks("0.0.0.0/0", "::1/128")), Address.parse("8.8.8.8"))
def test_permits_is_what_an_independent_verifier_enforces(policy: Subtrees, wanted: HostName | Address) -> None:
    """CA with these constraints → leaf with this name: accepted by `cryptography` exactly when permits() says so."""
    assert _accepted(policy, wanted) == policy.permits(wanted)


def _accepted(policy: Subtrees, wanted: HostName | Address) -> bool:
    signer, window = forge.key(number=3), Window(MOMENT, MOMENT + DAY)
    ca = forge.root(forge.name("A", common_name="a CA"), signer.public_key, window, policy).signed(signer)
    leaf = forge.server_below(ca, window, wanted).signed(signer)
    builder = verification.PolicyBuilder().store(verification.Store([ca])).time(forge.moment(MOMENT))
    subject = forge.general_name(wanted)
    assert isinstance(subject, x509.DNSName | x509.IPAddress)
    try:
        builder.build_server_verifier(subject).verify(leaf, [])
    except verification.VerificationError:
        return False
    return True


def test_subtrees_are_values() -> None:
    """Equal forms make equal subtrees, and both can be read."""
    policy = Subtrees(("local",), _networks("10.0.0.0/8"))
    assert policy == Subtrees(("local",), _networks("10.0.0.0/8")) != Subtrees(("local",), ())
    assert policy != ("local",)
    assert len({policy, Subtrees(("local",), _networks("10.0.0.0/8"))}) == 1
    assert repr(policy) == "Subtrees(('local',), ('10.0.0.0/8',))"
    assert repr(UNCONSTRAINED) == "Subtrees(None, None)"


# ── sifting ──


def _left_out(wanted: list[str | HostName | Address], permitted: Subtrees = DEFAULT) -> dict[str, str]:
    return {left.value: left.code for left in sift(wanted, permitted).left_out}


def test_wanted_names_are_kept_in_their_order() -> None:
    """Host names first, then addresses, each in the order wanted; repeats are dropped silently."""
    sifted = sift(
        ["B.local", "a.local", Address.parse("fe80::1"), HostName("b.local"), Address.parse("10.0.0.1"), "b.local"],
        DEFAULT,
    )
    assert [name.text for name in sifted.names] == ["b.local", "a.local"]
    assert [address.text for address in sifted.addresses] == ["fe80::1", "10.0.0.1"]
    assert sifted.left_out == []


def test_whatever_would_lose_the_certificate_is_left_out_with_its_reason() -> None:
    """T14 and T15: a short name, a public name, a public address, a VPN's; one of them and every client refuses all."""
    wanted: list[str | HostName | Address] = [
        "press-07", "www.example.com", "localhost", "a.localhost", "*.local", "192.168.1.1",
        Address.parse("8.8.8.8"), Address.parse("100.64.0.1"), Address.parse("2001:db8::1"), Address.parse("127.0.0.1"),
        Address.parse("ff02::fb"), Address.parse("::ffff:10.0.0.1"), Address.parse("::"),
    ]  # fmt: skip
    assert _left_out(wanted) == {
        "press-07": "outside-constraints",
        "www.example.com": "outside-constraints",
        "localhost": "loopback",
        "a.localhost": "loopback",
        "*.local": "wildcard",
        "192.168.1.1": "address-as-name",
        "8.8.8.8": "outside-constraints",
        "100.64.0.1": "outside-constraints",
        "2001:db8::1": "outside-constraints",
        "127.0.0.1": "loopback",
        "ff02::fb": "multicast",
        "::ffff:a00:1": "mapped-address",
        "::": "unspecified",
    }
    assert sift(wanted, DEFAULT).names == sift(wanted, DEFAULT).addresses == []


def test_the_reason_says_what_would_be_permitted() -> None:
    """Both sides of the mismatch, so that the reader can choose another name."""
    (left,) = sift(["a.example"], DEFAULT).left_out
    assert "local, home.arpa, internal" in left.reason
    assert (left.kind, repr(left)) == ("dns", "LeftOut(a.example: outside-constraints)")
    (left,) = sift([Address.parse("8.8.8.8")], Subtrees(("local",), ())).left_out
    assert left.reason.endswith("nothing of its kind")
    assert left.kind == "ip"


def test_a_policy_of_no_addresses_lets_none_through() -> None:
    """`0.0.0.0/32` and `::1/128` mean none, and not those addresses."""
    none = NamePolicy.parse({"dns": ["local"], "ipv4": ["0.0.0.0/32"], "ipv6": ["::1/128"]}).widest()
    wanted: list[str | HostName | Address] = [Address(bytes(4)), Address.parse("::1"), Address.parse("10.0.0.1")]
    assert _left_out(wanted, none) == {
        "0.0.0.0": "unspecified",
        "::1": "loopback",
        "10.0.0.1": "outside-constraints",
    }


def test_a_certificate_names_no_more_than_it_can_carry() -> None:
    """A hostile network hands out prefixes by the hundred; the first names are kept, the rest is told."""
    names: list[str | HostName | Address] = [f"n{number}.local" for number in range(MOST_NAMES)]
    more: list[str | HostName | Address] = [Address.parse("10.0.0.1"), "last.local"]
    sifted = sift([*names, *more], DEFAULT)
    assert len(sifted.names) == MOST_NAMES
    assert [(left.value, left.code) for left in sifted.left_out] == [
        ("10.0.0.1", "too-many-names"), ("last.local", "too-many-names"),
    ]  # fmt: skip


@quick(60)
@given(st.lists(WANTED | st.text(max_size=12), max_size=6), subtrees())
def test_everything_wanted_is_kept_or_accounted_for(
    wanted: list[str | HostName | Address], permitted: Subtrees
) -> None:
    """Nothing vanishes in silence, and nothing is kept that the chain does not permit."""
    sifted = sift(wanted, permitted)
    kept: list[HostName | Address] = [*sifted.names, *sifted.addresses]
    assert all(permitted.permits(name) for name in kept)
    assert len(kept) + len(sifted.left_out) <= len(wanted)
    shown = {name.text for name in kept} | {left.value for left in sifted.left_out}
    assert {_known_as(item) for item in wanted} == shown


def _known_as(item: str | HostName | Address) -> str:
    try:
        return HostName.parse(item).text if isinstance(item, str) else item.text
    except Refused:
        return str(item)
