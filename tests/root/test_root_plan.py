"""Reading the plan of a root: what is accepted, and every mistake by the name of its key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.core.errors import Refused
from dotlocal.root.plan import EXAMPLE, Plan
from hierarchy import plan


def refusal(text: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        Plan.parse(text)
    return caught.value


def names(**changes: object) -> dict[str, object]:
    return {"dns": ["local"], "ipv4": ["10.0.0.0/8"], "ipv6": ["fc00::/7"]} | changes


def test_the_example_is_a_plan() -> None:
    """What `root plan` writes, with its comments, is read as it stands and says the defaults."""
    example = Plan.parse(EXAMPLE.encode())
    shortest = Plan.parse(plan())
    assert example.as_dict() == shortest.as_dict()


def test_the_defaults() -> None:
    """A plan of two names is a P-384 root of 25 years for devices of at least 10, constrained to local networks."""
    read = Plan.parse(plan())
    assert (read.key, read.years, read.device_min_years, read.constrain_root) == ("P-384", 25, 10, True)
    assert read.names.dns == ("local", "home.arpa", "internal")
    assert read.constraints is not None


def test_an_unconstrained_root() -> None:
    """`constrain_root = false` leaves the root without constraints, and device CAs with theirs."""
    read = Plan.parse(plan(constrain_root=False))
    assert read.constraints is None
    assert read.names.for_device("SN0001").dns == ("local", "home.arpa", "internal")


def test_names_below_the_serial_number() -> None:
    """`{serial}.local`: the root permits local, each device its own name alone, in lower case."""
    read = Plan.parse(plan(names=names(dns=["{serial}.local"])))
    assert read.constraints is not None
    assert read.constraints.dns == ("local",)
    assert read.names.for_device("SN0001").dns == ("sn0001.local",)


def test_the_digest_is_of_the_file() -> None:
    """Another comment is another plan: what was reviewed is what is hashed."""
    assert Plan.parse(plan()).digest != Plan.parse(plan() + b"\n# seen").digest


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (b"organisation = ", "plan-unreadable", "Invalid value"),
        (b"\xff\xfe", "plan-unreadable", "utf-8"),
        (b"years = " + b"9" * 5000, "plan-unreadable", ""),
        (b"a = " + b"[" * 2000 + b"]" * 2000, "plan-unreadable", ""),
        (plan(organization="Acme"), "unknown-key", "organization"),
        (plan(names=names(dsn=["local"])), "unknown-key", "dsn"),
        (plan(organisation=None), "missing-key", "organisation"),
        (plan(name=None), "missing-key", "name"),
        (plan(organisation=7), "wrong-type", "organisation"),
        (plan(name=["Acme"]), "wrong-type", "name"),
        (plan(key=384), "wrong-type", "key"),
        (plan(years="25"), "wrong-type", "years"),
        (plan(years=2.5), "wrong-type", "years"),
        (plan(years=True), "wrong-type", "years"),
        (plan(device_min_years="10"), "wrong-type", "device_min_years"),
        (plan(constrain_root="yes"), "wrong-type", "constrain_root"),
        (plan(constrain_root=1), "wrong-type", "constrain_root"),
        (plan(names=["local"]), "wrong-type", "names"),
        (plan(names=names(dns="local")), "wrong-type", "names.dns"),
        (plan(names=names(ipv4=[10])), "wrong-type", "names.ipv4"),
        (plan(names=names(ipv6=7)), "wrong-type", "names.ipv6"),
        (plan(key="P-521"), "plan-value", "P-521"),
        (plan(key="RSA-2048"), "plan-value", "RSA-2048"),
        (plan(years=0), "plan-value", "years"),
        (plan(years=51), "plan-value", "years"),
        (plan(device_min_years=0), "plan-value", "device_min_years"),
        (plan(years=10, device_min_years=11), "plan-value", "device_min_years"),
        (plan(names=names(dns=[])), "policy-kind-missing", "dns"),
        (plan(names=names(ipv4=[])), "policy-kind-missing", "ipv4"),
        (plan(names=names(ipv6=[])), "policy-kind-missing", "ipv6"),
        (plan(names={"dns": ["local"]}), "policy-kind-missing", "ipv4 and ipv6"),
        (plan(names=names(ipv4=["10.0.0.1/8"])), "address-range", "host bits"),
        (plan(names=names(ipv6=["fc00::1/7"])), "address-range", "host bits"),
        (plan(names=names(ipv4=["fc00::/7"])), "address-range", "ipv4"),
        (plan(names=names(ipv6=["10.0.0.0/8"])), "address-range", "ipv6"),
        (plan(names=names(ipv4=["10.0.0.0/33"])), "address-range", "10.0.0.0/33"),
        (plan(names=names(dns=[".local"])), "policy-dns", ".local"),
        (plan(names=names(dns=["Local"])), "policy-dns", "local"),
        (plan(names=names(dns=["*.local"])), "wildcard", "*.local"),
        (plan(names=names(dns=["local."])), "trailing-dot", "local."),
        (plan(names=names(dns=["my_net"])), "underscore", "my_net"),
        (plan(names=names(dns=["192.168.1.1"])), "address-as-name", "192.168.1.1"),
        (plan(names=names(dns=["{serial}"])), "policy-wider", "{serial}"),
        (plan(organisation=""), "subject-text", "organisation"),
        (plan(organisation="A" * 65), "subject-text", "organisation"),
        (plan(name=" Acme Root"), "subject-text", "name"),
        (plan(name="Acme\tRoot"), "subject-text", "name"),
        (plan(name="acme.example"), "subject-is-host", "acme.example"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_by_name(text: bytes, code: str, told: str) -> None:
    """Every mistake has its code, and the message names the key or shows the value."""
    refused = refusal(text)
    assert refused.code == code
    assert told in refused.message


def test_a_range_with_host_bits_is_told_its_range() -> None:
    """192.168.1.1/16 lies in 192.168.0.0/16, and the hint says so."""
    assert "192.168.0.0/16" in refusal(plan(names=names(ipv4=["192.168.1.1/16"]))).hint


def test_ranges_that_mean_none() -> None:
    """A vendor without IPv6 writes ::1/128, and the kind is there."""
    read = Plan.parse(plan(names=names(ipv6=["::1/128"])))
    assert read.constraints is not None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=80) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(
    key=st.sampled_from(["organisation", "name", "key", "years", "device_min_years", "constrain_root"]), value=VALUES
)
def test_any_value_is_taken_or_refused(key: str, value: object) -> None:
    """Whatever stands behind a key, the plan is read or refused; nothing else ever comes out."""
    try:
        Plan.parse(plan(**{key: value}))
    except Refused as refused:
        assert refused.code


@given(kind=st.sampled_from(["dns", "ipv4", "ipv6"]), value=st.lists(st.text(max_size=40), max_size=3) | VALUES)
def test_any_name_policy_is_taken_or_refused(kind: str, value: object) -> None:
    """Whatever stands in [names], the plan is read or refused."""
    try:
        Plan.parse(plan(names=names(**{kind: value})))
    except Refused as refused:
        assert refused.code


@given(text=st.binary(max_size=200))
def test_any_octets_are_refused_or_read(text: bytes) -> None:
    """Whatever the file holds, it is a plan or refused."""
    with pytest.raises(Refused):
        Plan.parse(text)
