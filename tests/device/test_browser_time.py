"""The time that a customer's browser hands over: what it is good for, and everything that it must not be able to do."""

from __future__ import annotations

import json

import pytest
from booting import NOW, Device, reading, served
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.device import browser_time
from dotlocal.device.browser_time import AGREES, NOT_NEEDED, RECORDED, parse, take
from dotlocal.device.time import MOST_DAYS, UNKNOWN, Clock, Hint, hinted, judge, window
from dotlocal.host.clock import Reading
from dotlocal.testing import MOMENT
from installed import Command, tree

BORN = MOMENT - DAY  # the device CA's notBefore, and so the floor of its first boot
TRUE = MOMENT + 500 * DAY  # what the time really is, while the device's clock is in 1970


@pytest.fixture
def device(device: Device) -> Device:
    device.settings.browser_time = True
    return device


def lost(uptime: int = 600, boot_id: str = "boot-1") -> Reading:
    return reading(uptime, synchronised=False, uptime=uptime, boot_id=boot_id)


def refused(device: Device, moment: int, clock: Reading | None = None) -> str:
    before = tree(device.path / "state")
    with pytest.raises(Refused) as caught:
        take(device.state, device.settings, clock or lost(), moment)
    assert caught.value.hint or caught.value.code == "hint-no-boot"
    assert tree(device.path / "state") == before
    return caught.value.code


# what it is good for


def test_a_hint_makes_a_certificate_that_apple_takes(device: Device) -> None:
    """1970, no network, a customer logs in: from then on 824 days around the customer's time, and status says whose."""
    device.boot(lost())
    assert served(device.run).window == device.window
    assert take(device.state, device.settings, lost(), TRUE) == RECORDED
    report = device.boot(lost(700))
    made = served(device.run).window
    assert made.not_after - made.not_before <= MOST_DAYS * DAY
    assert made.contains(TRUE)
    assert report["clock"]["quality"] == UNKNOWN
    assert report["clock"]["hint"] == {"at": "2028-04-06T12:00:00Z", "source": "browser"}
    assert report["clock"]["now"] == "2028-04-06T12:01:40Z"
    assert device.accepted("press-07.local", TRUE)


@pytest.mark.parametrize("wrong", [-600 * DAY, -DAY, 0, DAY, 200 * DAY])
def test_a_customers_clock_may_be_wrong(device: Device, wrong: int) -> None:
    """Two hundred days ahead or six hundred behind: browsers with the right time accept the device all the same."""
    moment = max(TRUE + wrong, MOMENT + DAY)
    take(device.state, device.settings, lost(), moment)
    device.boot(lost())
    assert device.accepted("press-07.local", TRUE)
    assert device.accepted("press-07.local", moment)


def test_a_hint_advances_with_monotonic_time(device: Device) -> None:
    """A device that runs for two years renews by the hint that it got at their start."""
    take(device.state, device.settings, lost(600), TRUE)
    device.boot(lost(600 + 730 * DAY))
    assert device.accepted("press-07.local", TRUE + 730 * DAY)


# what it must not do


def test_off_unless_the_owner_says_so(device: Device) -> None:
    """The default: refused, and a hint that is there from before is not looked at."""
    take(device.state, device.settings, lost(), TRUE)
    device.settings.browser_time = False
    assert refused(device, TRUE) == "browser-time-off"
    assert "hint" not in device.boot(lost())["clock"]
    assert served(device.run).window == device.window


@pytest.mark.parametrize("moment", [-(10**12), -1, 0, BORN - 1, BORN + 599, MOMENT + 26 * YEAR, 253402300799])
def test_bounded_by_the_floor_and_the_end_of_the_device_ca(device: Device, moment: int) -> None:
    """What has certainly passed, and what the device can't outlive, by however much."""
    assert refused(device, moment) == "hint-outside"


def test_a_known_clock_needs_no_hint(device: Device) -> None:
    """Synchronised or kept: nothing is recorded, whatever the browser says."""
    before = tree(device.path / "state")
    for clock in (reading(NOW), reading(NOW, synchronised=False, battery=NOW)):
        assert take(device.state, device.settings, clock, TRUE) == NOT_NEEDED
    assert tree(device.path / "state") == before


def test_a_hint_never_beats_a_clock_that_becomes_known(device: Device) -> None:
    """The browser said 2028, the network says 2026: the network wins at once, downwards too."""
    take(device.state, device.settings, lost(), TRUE)
    device.boot(lost())
    report = device.boot(reading(NOW))
    assert report["clock"]["quality"] == "synchronised"
    assert "hint" not in report["clock"]
    assert (served(device.run).window.not_before, served(device.run).window.not_after) == (NOW - DAY, NOW + 89 * DAY)


def test_a_hint_is_never_called_synchronised_and_raises_no_floor(device: Device) -> None:
    """20 years ahead: neither the floor nor what is saved of it moves, now or later."""
    take(device.state, device.settings, lost(), MOMENT + 20 * YEAR)
    for uptime in (600, 10 * DAY, 20 * DAY):
        report = device.boot(lost(uptime))
        assert report["clock"]["quality"] == UNKNOWN
    floor = device.state.floor()
    assert floor is not None
    assert floor.moment <= MOMENT + 21 * DAY


def test_a_malicious_hint_ends_with_a_restart(device: Device) -> None:
    """A browser that lies by 20 years: after the power switch, the device is accepted again without anybody's help."""
    take(device.state, device.settings, lost(), MOMENT + 20 * YEAR)
    device.boot(lost())
    assert not device.accepted("press-07.local", TRUE)
    report = device.boot(lost(30, boot_id="boot-2"))
    assert "hint" not in report["clock"]
    assert device.accepted("press-07.local", TRUE)


def test_a_right_hint_takes_the_place_of_a_wrong_one(device: Device) -> None:
    """The last one counts, backwards too: a lie is corrected by the next honest login."""
    take(device.state, device.settings, lost(), MOMENT + 20 * YEAR)
    assert take(device.state, device.settings, lost(), TRUE) == RECORDED
    device.boot(lost())
    assert device.accepted("press-07.local", TRUE)


def test_hints_do_not_creep(device: Device) -> None:
    """A thousand small lies bring no more than one big one: the end of the device CA stays the limit."""
    end = device.window.not_after
    for step in range(10):
        take(device.state, device.settings, lost(), end - (9 - step) * DAY)
    assert refused(device, end + 1) == "hint-outside"
    device.boot(lost(600 + 2 * DAY))  # by now the hint would be beyond the end, and says nothing any more
    assert served(device.run).window == device.window


def test_a_login_every_minute_does_not_wear_the_flash(device: Device) -> None:
    """What agrees with the hint before, within five minutes, is not written again."""
    assert take(device.state, device.settings, lost(600), TRUE) == RECORDED
    before = tree(device.path / "state")
    for minute in range(1, 200):
        wobble = 299 if minute % 2 else -299
        assert take(device.state, device.settings, lost(600 + 60 * minute), TRUE + 60 * minute + wobble) == AGREES
    assert tree(device.path / "state") == before


def test_without_a_boot_id_there_is_no_hint(device: Device) -> None:
    """Nothing would end it."""
    assert refused(device, TRUE, lost(boot_id="")) == "hint-no-boot"


@pytest.mark.parametrize("text", ["", "x", "dotlocal time hint 1\n1 2 3 4\nend 00000000\n"])
def test_a_torn_hint_is_none(device: Device, text: str) -> None:
    """The device boots as if nobody had logged in."""
    (device.path / "state" / "hint").write_text(text)
    assert "hint" not in device.boot(lost())["clock"]


INSTANTS = st.integers(0, 4 * 10**9)


@given(
    moment=INSTANTS, given_at=st.integers(0, YEAR), uptime=st.integers(0, YEAR),
    boot=st.sampled_from(["boot-1", "boot-2", ""]), floor=INSTANTS, end=INSTANTS,
)  # fmt: skip
def test_a_hint_counts_within_its_boot_and_bounds_alone(
    moment: int, given_at: int, uptime: int, boot: str, floor: int, end: int
) -> None:
    """Whatever was handed over: None, or the moment advanced by what has passed, between the floor and the end."""
    now = hinted(Hint(moment, given_at, boot, "browser"), lost(uptime), floor=floor, ca_not_after=end)
    if now is not None:
        assert (boot, now) == ("boot-1", moment + uptime - given_at)
        assert floor <= now <= end
        assert uptime >= given_at


@given(
    moment=INSTANTS, now=INSTANTS, uptime=st.integers(0, YEAR), synchronised=st.booleans(),
    battery=st.none() | INSTANTS, days=st.integers(2, MOST_DAYS), unknown_days=st.none() | st.integers(2, MOST_DAYS),
)  # fmt: skip
def test_a_hint_changes_now_and_nothing_else(
    moment: int, now: int, uptime: int, synchronised: bool, battery: int | None, days: int, unknown_days: int | None
) -> None:
    """Quality, floor and what is saved are those without it, and every window can be issued."""
    clock = reading(now, uptime=uptime, synchronised=synchronised, battery=battery)
    ca = Window(MOMENT, MOMENT + 25 * YEAR)

    def judged(hint: Hint | None) -> Clock:
        return judge(clock, None, built=0, ca_not_before=ca.not_before, hint=hint, ca_not_after=ca.not_after)

    with_hint, without = judged(Hint(moment, 0, "boot-1", "browser")), judged(None)
    assert (with_hint.quality, with_hint.floor) == (without.quality, without.floor)
    assert (with_hint.save is None) == (without.save is None)
    if with_hint.save and without.save:
        assert with_hint.save.moment == without.save.moment
    made = window(with_hint, ca, days=days, unknown_clock_days=unknown_days)
    assert ca.covers(made)
    if with_hint.hint:
        assert with_hint.quality == UNKNOWN
        assert made.contains(with_hint.now)
    else:
        assert made == window(without, ca, days=days, unknown_clock_days=unknown_days)


# the text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T12:00:00Z", MOMENT), ("2026-11-23T12:00:00.000Z", MOMENT), ("2026-11-23T14:00:00+02:00", MOMENT),
        ("2026-11-23T12:00:00.999Z", MOMENT), ("9999-12-31T23:59:59Z", 253402300799),
    ],
)  # fmt: skip
def test_the_time_as_browsers_write_it(text: str, moment: int) -> None:
    """RFC 3339, with or without fractions, in any zone."""
    assert parse(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-23", "2026-11-23T12:00:00", "12:00:00Z", "2026-13-23T12:00:00Z", "2026-02-30T12:00:00Z",
     "1795435200", "2026-11-23T12:00:00Z; rm -rf /", "9" * 5000, "10000-01-01T00:00:00Z", "\udcff",
     "2026-11-23T12:00:00Z" * 9],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    """A browser hands over text that anybody may have written."""
    with pytest.raises(Refused) as caught:
        parse(text)
    assert (caught.value.code, bool(caught.value.hint)) == ("hint-format", True)


def test_the_command_takes_a_hint_only_where_it_is_let(device: Device, dotlocal: Command) -> None:
    """Off by default; with `browser_time`, what it says depends on this machine's own clock."""
    config = device.path / "device.toml"
    config.write_text("")
    words = ["device", "time", "--state", device.path / "state", "--config", config, "--hint"]
    assert dotlocal(*words, "2027-11-23T12:00:00Z").code == "browser-time-off"
    assert dotlocal(*words, "soon").code == "hint-format"
    config.write_text("browser_time = true\n")
    done = dotlocal(*words, "2047-11-23T12:00:00Z", "--json")
    assert json.loads(done.out)["outcome"] in (RECORDED, NOT_NEEDED)
    assert browser_time.AGREES not in done.out
