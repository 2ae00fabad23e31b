"""The name policy of a plan, and the constraints that it becomes."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given

import forge
from dotlocal.core import constraints
from dotlocal.core.constraints import DEFAULT, NamePolicy, encode, subtrees_of
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees
from dotlocal.core.window import DAY, Window
from dotlocal.testing import MOMENT, World
from strategies import complete_subtrees, device_serials, quick

GOOD: dict[str, Any] = {"dns": ["local"], "ipv4": ["10.0.0.0/8"], "ipv6": ["fd00::/8"]}


def _refusal(table: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as refused:
        NamePolicy.parse(table)
    return refused.value


def test_a_policy_reads_back_as_it_was_written() -> None:
    """The `[names]` table, there and back."""
    assert NamePolicy.parse(GOOD).as_dict() == GOOD
    assert NamePolicy.parse(DEFAULT.as_dict()) == DEFAULT


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"dsn": ["local"]}, "unknown-key"),
        ({"dns": "local"}, "wrong-type"),
        ({"dns": b""}, "policy-kind-missing"),
        ({"dns": [1]}, "wrong-type"),
        ({"ipv4": None}, "wrong-type"),
        ({"ipv4": {"a": 1}}, "wrong-type"),
        ({"dns": []}, "policy-kind-missing"),
        ({"ipv4": []}, "policy-kind-missing"),
        ({"ipv6": []}, "policy-kind-missing"),
        ({"dns": [".local"]}, "policy-dns"),
        ({"dns": ["Local"]}, "policy-dns"),
        ({"dns": ["{serial}.LOCAL"]}, "policy-dns"),
        ({"dns": ["münchen"]}, "policy-dns"),
        ({"dns": [""]}, "not-a-host-name"),
        ({"dns": ["*.local"]}, "wildcard"),
        ({"dns": ["local."]}, "trailing-dot"),
        ({"dns": ["my_host.local"]}, "underscore"),
        ({"dns": ["192.168.0.1"]}, "address-as-name"),
        ({"dns": ["{SERIAL}.local"]}, "not-a-host-name"),
        ({"dns": ["{serial.local"]}, "not-a-host-name"),
        ({"ipv4": ["10.0.0.1/8"]}, "address-range"),
        ({"ipv4": ["10.0.0.0/33"]}, "address-range"),
        ({"ipv4": ["local"]}, "address-range"),
        ({"ipv4": ["fd00::/8"]}, "address-range"),
        ({"ipv6": ["10.0.0.0/8"]}, "address-range"),
        ({"ipv6": ["fe80::%eth0/64"]}, "address-range"),
        ({"ipv6": ["fe80::1%eth0/64"]}, "address-range"),
    ],
)
def test_every_mistake_of_a_policy_is_refused_by_name(change: dict[str, Any], code: str) -> None:
    """Unknown keys, wrong types, kinds missing, bad names, host bits, families mixed up."""
    assert _refusal(GOOD | change).code == code


def test_a_missing_kind_is_named_with_the_word_for_none() -> None:
    """The reader who wants no IPv6 learns how to say so."""
    refused = _refusal({"dns": ["local"], "ipv4": ["10.0.0.0/8"]})
    assert refused.code == "policy-kind-missing"
    assert "ipv6" in refused.message
    assert "::1/128" in refused.hint


def test_host_bits_are_refused_with_the_range_that_was_meant() -> None:
    """10.0.0.1/8 is a typing error: of the address, or of the length; nobody but the writer knows."""
    assert "10.0.0.0/8" in _refusal(GOOD | {"ipv4": ["10.0.0.1/8"]}).hint
    assert _refusal(GOOD | {"ipv4": ["ten"]}).hint == ""


def test_a_leading_dot_is_refused_with_the_form_without() -> None:
    """T22: pyca refuses `.local`, old Java and Go mis-handle it; names below are permitted anyway."""
    assert "'local'" in _refusal(GOOD | {"dns": [".local"]}).hint


# ── serial names ──


def _serial_policy(*dns: str) -> NamePolicy:
    return NamePolicy.parse(GOOD | {"dns": list(dns)})


def test_serial_names_are_the_devices_own() -> None:
    """{serial}.local → SN0001: sn0001.local, and a sibling's name is out of reach."""
    own = _serial_policy("{serial}.local", "{serial}.internal").for_device("SN0001")
    assert own.dns == ("sn0001.local", "sn0001.internal")
    assert own.permits(HostName("kitchen.sn0001.local"))
    assert not own.permits(HostName("sn0002.local"))


@pytest.mark.parametrize(
    ("entry", "suffix"),
    [
        ("{serial}.local", "local"),
        ("press-{serial}.local", "local"),
        ("{serial}-press.home.arpa", "home.arpa"),
        ("kitchen.{serial}.local", "local"),
        ("{serial}.{serial}.local", "local"),
        ("local", "local"),
    ],
)
def test_the_widest_is_what_any_device_may_name(entry: str, suffix: str) -> None:
    """The root's own constraint: what is left of the label with the serial number in it."""
    policy = _serial_policy(entry)
    assert policy.widest().dns == (suffix,)
    assert policy.for_device("SN0001").beyond(policy.widest()) == []


@quick(60)
@given(device_serials())
def test_no_device_is_permitted_more_than_the_root(serial: str) -> None:
    """Whatever the serial number: its names lie within the widest, or it is refused with a reason."""
    policy = _serial_policy("{serial}.local", "press-{serial}.internal", "home.arpa")
    try:
        own = policy.for_device(serial)
    except Refused as refused:
        assert refused.code == "not-a-host-name"
        return
    assert own.beyond(policy.widest()) == []


@pytest.mark.parametrize("entry", ["{serial}", "press-{serial}"])
def test_a_bare_serial_number_needs_a_root_without_constraints(entry: str) -> None:
    """`https://sn0001/`: no constrained root can permit one label per device beforehand."""
    policy = _serial_policy(entry, "local")
    with pytest.raises(Refused) as refused:
        policy.widest()
    assert refused.value.code == "policy-wider"
    assert policy.for_device("SN0001").permits(HostName(entry.replace("{serial}", "sn0001")))


def test_a_serial_number_that_is_no_label_is_refused() -> None:
    """`4711` alone would be read as an address; `A..B` is no name at all."""
    for serial, code in (("4711", "address-as-name"), ("A..B", "not-a-host-name"), ("A.", "trailing-dot")):
        with pytest.raises(Refused) as refused:
            _serial_policy("{serial}").for_device(serial)
        assert refused.value.code == code


def test_a_factory_host_name_is_one_more_exact_name() -> None:
    """`--hostname press-{serial}.local`, or a single label under an unconstrained root."""
    policy = NamePolicy.parse(GOOD | {"dns": ["internal"]}).with_host("press-{serial}.local").with_host("press")
    assert policy.for_device("07").dns == ("internal", "press-07.local", "press")
    for host, code in ((".local", "policy-dns"), ("Press.local", "policy-dns"), ("*.local", "wildcard")):
        with pytest.raises(Refused) as refused:
            policy.with_host(host)
        assert refused.value.code == code


def test_the_same_name_twice_is_one_subtree() -> None:
    """{serial}.local and the factory host name may be the same for a device."""
    policy = _serial_policy("{serial}.local", "local").with_host("sn0001.local")
    assert policy.for_device("SN0001").dns == ("sn0001.local", "local")


# ── the extension ──


@quick(60)
@given(complete_subtrees())
def test_the_encoding_is_the_one_of_an_independent_library(policy: Subtrees) -> None:
    """Permitted subtrees alone, DNS before addresses, minimum and maximum left out (RFC 5280 4.2.1.10)."""
    assert encode(policy) == forge.name_constraints(policy).public_bytes()


def test_none_is_a_range_that_names_no_machine() -> None:
    """0.0.0.0/32 and ::1/128 close their families; GnuTLS would leave one without a subtree open (T20)."""
    none = NamePolicy.parse({"dns": ["local"], "ipv4": ["0.0.0.0/32"], "ipv6": ["::1/128"]})
    assert not none.widest().permits(Address.parse("10.0.0.1"))
    assert not none.widest().permits(Address.parse("fd00::1"))
    assert constraints.complete(none.widest())


def _with(*extensions: x509.ExtensionType) -> x509.Certificate:
    signer, window = forge.key(), Window(MOMENT, MOMENT + DAY)
    draft = forge.root(forge.name("A", common_name="a CA"), signer.public_key, window, None)
    for extension in extensions:
        draft = draft.having(extension, critical=True)
    return draft.signed(signer)


def test_subtrees_are_read_back_from_a_certificate(world: World) -> None:
    """What was encoded is what is permitted; a factory CA has none."""
    assert subtrees_of(world.root) == DEFAULT.widest()
    assert subtrees_of(world.factory) == UNCONSTRAINED


def test_a_form_without_subtree_reads_as_unconstrained() -> None:
    """DNS alone leaves every address open (T18)."""
    found = subtrees_of(_with(x509.NameConstraints([x509.DNSName("local")], None)))
    assert found == Subtrees(("local",), None)
    assert found.permits(Address.parse("8.8.8.8"))


@pytest.mark.parametrize(
    "foreign",
    [
        x509.NameConstraints(None, [x509.DNSName("com")]),
        x509.NameConstraints([x509.DNSName("local")], [x509.IPAddress(ipaddress.ip_network("0.0.0.0/0"))]),
        x509.NameConstraints([x509.DNSName("local"), x509.RFC822Name("local")], None),
        x509.NameConstraints([x509.DirectoryName(forge.name("A"))], None),
    ],
    ids=["excluded only", "excluded too", "e-mail", "directory name"],
)
def test_forms_that_are_not_ours_are_refused(foreign: x509.NameConstraints) -> None:
    """Excluded subtrees and other name types break one stack or another; we neither write nor interpret them."""
    with pytest.raises(Refused) as refused:
        subtrees_of(_with(foreign))
    assert refused.value.code == "foreign-constraint"
