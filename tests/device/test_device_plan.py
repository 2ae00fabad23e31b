"""What a boot is going to make: which names, which addresses, and what is left out and why."""

from __future__ import annotations

import errno
import os

import pytest
from booting import reading, surroundings

from dotlocal.core.constraints import DEFAULT, NamePolicy
from dotlocal.core.names import Address
from dotlocal.core.window import YEAR
from dotlocal.device import adoption
from dotlocal.device.plan import Plan, plan
from dotlocal.device.settings import Settings
from dotlocal.device.surroundings import Surroundings, look
from dotlocal.host.clock import Reading
from dotlocal.testing import World


def planned(
    around: Surroundings | None = None, *, policy: NamePolicy = DEFAULT, constrain_root: bool = True,
    hostname: str = "", clock: Reading | None = None, **wishes: object,
) -> Plan:  # fmt: skip
    """The plan of a device SN0001 of a policy, with some settings."""
    world = World(names=policy, constrain_root=constrain_root)
    template = adoption.server_template(world.device("SN0001", hostname=hostname).record)
    settings = Settings()
    for name, value in wishes.items():
        setattr(settings, name, value)
    return plan(template, settings, around or surroundings(), clock or reading(), None)


def names(made: Plan) -> list[str]:
    return [name.text for name in made.names]


def addresses(made: Plan) -> list[str]:
    return [address.text for address in made.addresses]


def left_out(made: Plan) -> dict[str, str]:
    return {each.value: each.code for each in made.left_out}


def test_the_host_name_under_each_suffix() -> None:
    """press-07 → press-07.local, .home.arpa, .internal, in the order of the policy."""
    assert names(planned()) == ["press-07.local", "press-07.home.arpa", "press-07.internal"]


def test_configured_names_come_first() -> None:
    """The order is: configured names, suffixed host name, configured addresses, the interfaces' addresses."""
    made = planned(hostnames=["kitchen.local"], addresses=[Address.parse("10.1.1.1")])
    assert names(made)[0] == "kitchen.local"
    assert addresses(made) == ["10.1.1.1", "192.168.77.7"]


def test_suffixes_can_be_switched_off() -> None:
    """`suffixes = false`: configured names and no others."""
    assert names(planned(suffixes=False, hostnames=["kitchen.local"])) == ["kitchen.local"]


@pytest.mark.parametrize("host_name", ["", "localhost", "(none)", "LOCALHOST", "localhost.localdomain"])
def test_a_machine_without_a_name(host_name: str) -> None:
    """What the kernel says when nobody has named the machine is no name; the addresses are served."""
    made = planned(surroundings(host_name))
    assert names(made) == []
    assert addresses(made) == ["192.168.77.7"]
    assert left_out(made) == {}


@pytest.mark.parametrize(
    ("host_name", "expected"), [("Press-07", "press-07.local"), ("press-07.lan", "press-07.local")]
)
def test_the_host_name_is_its_first_label_in_lower_case(host_name: str, expected: str) -> None:
    """Whatever domain the machine thinks it is in."""
    assert names(planned(surroundings(host_name)))[0] == expected


def test_a_host_name_that_is_none() -> None:
    """An underscore in the system's name: left out under each suffix, with the reason, and the device boots."""
    made = planned(surroundings("press_07"))
    assert names(made) == []
    assert left_out(made) == dict.fromkeys(
        ("press_07.local", "press_07.home.arpa", "press_07.internal"), "underscore"
    )  # fmt: skip


SERIAL_POLICY = NamePolicy(("{serial}.local", "{serial}.internal"), DEFAULT.ipv4, DEFAULT.ipv6)


@pytest.mark.parametrize(
    ("host_name", "expected"),
    [
        ("sn0001", ["sn0001.local", "sn0001.internal"]),  # the machine is called what the policy says
        ("press-07", ["press-07.sn0001.local", "press-07.sn0001.internal"]),  # below its serial number
    ],
)
def test_names_below_the_serial_number(host_name: str, expected: list[str]) -> None:
    """Under a serial-number policy the machine's own name is the suffix, or stands below it."""
    assert names(planned(surroundings(host_name), policy=SERIAL_POLICY)) == expected


def test_a_siblings_name_is_left_out() -> None:
    """Under a serial-number policy another device's name is outside the constraints."""
    made = planned(surroundings("sn0001"), policy=SERIAL_POLICY, hostnames=["sn0002.local", "x.sn0001.local"])
    assert names(made) == ["x.sn0001.local", "sn0001.local", "sn0001.internal"]
    assert left_out(made) == {"sn0002.local": "outside-constraints"}


def test_a_chosen_interface_without_an_address() -> None:
    """A mistyped interface, or one that isn't up: said, with those that there are; no error, for it may be up soon."""
    (finding,) = planned(surroundings(), interfaces=["eth7"]).findings
    assert (finding.code, finding.severity) == ("interface-without-address", "note")
    assert "eth7" in finding.message
    assert "eth0" in finding.message
    assert not planned(surroundings(), interfaces=["eth0"]).findings


def test_a_kernel_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit without AF_NETLINK, or no descriptor left: names are certified, and why there is no address is said."""

    def refused(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    monkeypatch.setattr("dotlocal.device.surroundings.socket", refused)
    around = look()
    assert around.addresses == []
    found = planned(Surroundings("press-07", [], unanswered=around.unanswered), interfaces=["eth0"])
    assert names(found) == names(planned(surroundings("press-07")))
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("addresses-unknown", "warning")
    assert "not supported by protocol" in finding.message


def test_a_factory_host_name() -> None:
    """The exact name that the station gave is served as it is, beside those under the suffixes."""
    made = planned(surroundings("press-07"), constrain_root=False, hostname="press-07")
    assert names(made) == ["press-07.local", "press-07.home.arpa", "press-07.internal", "press-07"]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ("www.example.com", "outside-constraints"),
        ("press-07", "outside-constraints"),
        ("*.local", "wildcard"),
        ("press_7.local", "underscore"),
        ("press-7.local.", "trailing-dot"),
        ("192.168.1.1", "address-as-name"),
        ("press 7.local", "not-a-host-name"),
        ("-press.local", "not-a-host-name"),
        ("straße.local", "idn"),
        (f"{'x' * 64}.local", "name-too-long"),
        ("localhost", "loopback"),
        ("press.localhost", "loopback"),
        ("", "not-a-host-name"),
    ],
)
def test_a_name_that_can_not_be_served(wanted: str, code: str) -> None:
    """Left out with its reason; everything else is served."""
    made = planned(hostnames=[wanted])
    assert left_out(made) == {wanted: code}
    assert len(names(made)) == 3
    assert made.findings == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("8.8.8.8", "outside-constraints"),
        ("100.64.0.1", "outside-constraints"),
        ("2001:db8::1", "outside-constraints"),
        ("172.32.0.1", "outside-constraints"),
        ("127.0.0.2", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("224.0.0.251", "multicast"),
        ("255.255.255.255", "multicast"),
        ("ff02::fb", "multicast"),
        ("::ffff:192.168.1.1", "mapped-address"),
    ],
)
@pytest.mark.parametrize("configured", [True, False])
def test_an_address_that_can_not_be_served(address: str, code: str, configured: bool) -> None:
    """Left out with its reason, whether it was configured or found at an interface."""
    parsed = Address.parse(address)
    made = planned(addresses=[parsed]) if configured else planned(surroundings("press-07", "192.168.77.7", address))
    assert left_out(made) == {parsed.text: code}
    assert addresses(made) == ["192.168.77.7"]


def test_link_local_addresses_are_served() -> None:
    """169.254/16 and fe80::/10 are what a cable between two machines has."""
    assert addresses(planned(surroundings("a", "169.254.3.4", "fe80::1"))) == ["169.254.3.4", "fe80::1"]


def test_only_chosen_interfaces() -> None:
    """`interfaces = ["eth1"]`: the addresses of that one; by default all but loopback."""
    around = Surroundings("press-07", [
        ("lo", Address.parse("127.0.0.1")), ("eth0", Address.parse("10.0.0.1")), ("eth1", Address.parse("10.0.0.2")),
    ])  # fmt: skip
    assert addresses(planned(around)) == ["10.0.0.1", "10.0.0.2"]
    assert addresses(planned(around, interfaces=["eth1"])) == ["10.0.0.2"]
    assert left_out(planned(around)) == {}


def test_loopback_chosen_on_purpose_is_told() -> None:
    """`interfaces = ["lo"]` is a wish that can't be granted, and is listed."""
    made = planned(interfaces=["lo"])
    assert left_out(made) == {"127.0.0.1": "loopback"}


def test_a_name_or_address_wanted_twice_is_served_once() -> None:
    """Configured and found: once, in the first place."""
    made = planned(hostnames=["press-07.local", "PRESS-07.local"], addresses=[Address.parse("192.168.77.7")])
    assert names(made).count("press-07.local") == 1
    assert addresses(made) == ["192.168.77.7"]
    assert left_out(made) == {}


def test_no_more_than_64_names() -> None:
    """A hostile network hands out prefixes without end; the certificate stays small, and the rest is listed."""
    around = Surroundings(
        "press-07", [("eth0", Address(b"\xfd" + bytes(13) + n.to_bytes(2, "big"))) for n in range(500)]
    )
    made = planned(around)
    assert len(names(made)) + len(addresses(made)) == 64
    assert names(made)[0] == "press-07.local"
    assert set(left_out(made).values()) == {"too-many-names"}
    assert len(made.left_out) == 500 + 3 - 64


def test_nothing_left_is_an_error() -> None:
    """Neither name nor address: the finding says so, with what to do."""
    made = planned(Surroundings("", []))
    (finding,) = made.findings
    assert (finding.code, finding.severity, bool(finding.hint)) == ("no-name-left", "error", True)


def test_a_policy_that_means_none() -> None:
    """No IPv6 (::1/128): an IPv6 address is outside, and nothing else suffers."""
    made = planned(
        surroundings("press-07", "192.168.77.7", "fd00::7"),
        policy=NamePolicy(DEFAULT.dns, DEFAULT.ipv4, ("::1/128",)), constrain_root=False,
    )  # fmt: skip
    assert left_out(made) == {"fd00::7": "outside-constraints"}
    assert addresses(made) == ["192.168.77.7"]


def test_an_expired_device_ca_is_an_error_and_boots() -> None:
    """After the device CA's end: finding `ca-expired`, and the names are planned all the same."""
    made = planned(clock=reading(World().now + 30 * YEAR))
    (finding,) = made.findings
    assert (finding.code, finding.severity, bool(finding.hint)) == ("ca-expired", "error", True)
    assert names(made)


def test_the_machine_has_a_name_and_addresses() -> None:
    """Asked of the kernel: this machine's own loopback address is among what it has."""
    around = look()
    assert isinstance(around.host_name, str)
    assert ("lo", Address.parse("127.0.0.1")) in around.addresses or not around.addresses
