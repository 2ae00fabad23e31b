"""The certificates follow what happens on real interfaces, soon, and not too often: by `watch`, and by hooks alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from followers import (
    BY_HAND,
    HOOKS,
    LEASE,
    LINK,
    LOST,
    NAME,
    PREFIX,
    PRIVACY,
    SOON,
    WATCH,
    WHO_TELLS,
    Follower,
    following,
)

from installed import PROJECT, Command
from namespaces import host
from told import Told, retell


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return retell(tmp_path_factory.mktemp("following"), dotlocal)


@pytest.fixture(params=[WATCH, *HOOKS])
def follower(request: pytest.FixtureRequest, told: Told, tmp_path: Path) -> Iterator[Follower]:
    with host() as at, following(told, tmp_path, at, request.param) as found:
        yield found


def test_follows_an_address(follower: Follower) -> None:
    """A lease comes, is another one, ends."""
    follower.change(LEASE, "addr", "add", "192.168.5.5/24", "dev", "lan0")
    assert follower.has("192.168.5.5") < SOON
    follower.script(f'ip addr del 192.168.5.5/24 dev lan0; ip addr add 192.168.5.9/24 dev lan0; tell "{LEASE}" lan0')
    assert follower.has("192.168.5.9") < SOON
    assert "192.168.5.5" not in follower.addresses
    follower.change(LOST, "addr", "del", "192.168.5.9/24", "dev", "lan0")
    assert follower.has_not("192.168.5.9") < SOON


def test_waits_until_an_ipv6_address_is_usable(follower: Follower) -> None:
    """A tentative address is not the machine's yet; once the kernel has found it unique it is named."""
    follower.change(PREFIX, "addr", "add", "fd00:5::5/64", "dev", "lan0")
    assert "fd00:5::5" not in follower.addresses
    follower.has("fd00:5::5")


def test_follows_a_second_interface(follower: Follower) -> None:
    """Another interface comes with an address, and goes away as a whole."""
    follower.script(
        "ip link add lan1 type veth peer name far1; ip addr add 10.5.0.1/24 dev lan1; ip link set lan1 up\n"
        f'tell "{LINK}" lan1'
    )
    assert follower.has("10.5.0.1") < SOON
    follower.change(LINK, "link", "del", "lan1", device="lan1")
    assert follower.has_not("10.5.0.1") < SOON


def test_a_burst_is_a_few_issues(follower: Follower) -> None:
    """Fifty changes within about a second, each of them told: the last one is named soon, after three issues at most.

    A machine that takes longer than a second for them may need one more for each second: nobody waits for ever.
    """
    follower.settle()
    before, began = follower.issues, time.monotonic()
    follower.script(
        "number=1; while [ $number -le 25 ]; do\n"
        f'ip addr add 10.6.0.$number/24 dev lan0; tell "{LEASE}" lan0\n'
        f'[ $number = 25 ] || {{ ip addr del 10.6.0.$number/24 dev lan0; tell "{LOST}" lan0; }}\n'
        "sleep 0.03; number=$((number + 1)); done"
    )
    took = time.monotonic() - began
    assert follower.has("10.6.0.25") < SOON
    time.sleep(1.5)
    assert [each for each in follower.addresses if each.startswith("10.6.")] == ["10.6.0.25"]
    assert follower.issues - before <= max(3, 2 + took), took


def test_noise_without_a_change_issues_nothing(follower: Follower) -> None:
    """A lease that is renewed, a link that is set up again: no new certificate."""
    follower.change(LEASE, "addr", "add", "192.168.5.5/24", "dev", "lan0")
    follower.has("192.168.5.5")
    follower.settle()
    before = follower.issues
    for size in ("1400", "1500") * 3:
        follower.change(LEASE, "link", "set", "lan0", "mtu", size)
    time.sleep(1.5)
    assert follower.issues == before


def test_follows_a_change_that_no_hook_tells(follower: Follower) -> None:
    """An address that somebody sets by hand: `watch` names it soon, hooks with the timer's next look."""
    follower.change(BY_HAND, "addr", "add", "10.7.0.7/24", "dev", "lan0")
    assert follower.has("10.7.0.7") < SOON


def test_the_docs_say_who_tells() -> None:
    """The table of docs/integrator.md is this one, and `watch` hears of everything."""
    lines = (PROJECT / "docs/integrator.md").read_text().splitlines()
    rows = {kind: next(line for line in lines if line.startswith(f"| {kind} |")) for kind in WHO_TELLS}
    said = {kind: [cell.strip() for cell in row.split("|")[2:-1]] for kind, row in rows.items()}
    assert said == {
        kind: ["yes", *("yes" if hook in words else "no" for hook in HOOKS)] for kind, words in WHO_TELLS.items()
    }
    assert not WHO_TELLS[PRIVACY]
    assert NAME in WHO_TELLS
