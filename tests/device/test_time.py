"""The quality of the clock, the time floor, and the window that follows: the tables of design section 6."""

from __future__ import annotations

from pathlib import Path

import pytest
from booting import reading
from hypothesis import given
from hypothesis import strategies as st

from dotlocal import RELEASED
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.device.store import State
from dotlocal.device.time import KEPT, MOST_DAYS, SYNCHRONISED, UNKNOWN, Clock, Floor, judge, window
from dotlocal.testing import MOMENT

BUILT = MOMENT - 100 * DAY  # the image's build date
BORN = MOMENT  # the device CA's notBefore: later than the build
SAVED = MOMENT + 400 * DAY  # what the device knows to have passed
LATER = MOMENT + 500 * DAY
HOUR = 3600
CA = Window(MOMENT, MOMENT + 25 * YEAR)


def saved(moment: int = SAVED, uptime: int = 1000, boot_id: str = "boot-0") -> Floor:
    return Floor(moment, uptime, boot_id)


def judged(floor: Floor | None = None, **clock: object) -> Clock:
    return judge(reading(**{"image": BUILT, **clock}), floor, built=0, ca_not_before=BORN)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quality", "now", "synchronised", "battery"),
    [
        (SYNCHRONISED, LATER, True, None),
        (SYNCHRONISED, SAVED - 1, True, None),  # it wins over what was saved
        (SYNCHRONISED, BORN, True, None),
        (UNKNOWN, BORN - 1, True, None),  # synchronised with something that can't be right
        (UNKNOWN, 0, True, None),
        (UNKNOWN, LATER, False, None),  # plausible, and may have been lifted to some file's date
        (UNKNOWN, 0, False, None),
        (KEPT, LATER, False, LATER),
        (KEPT, SAVED, False, SAVED),
        (KEPT, LATER, False, LATER - 14 * HOUR),  # a battery clock in local time
        (UNKNOWN, LATER, False, LATER - 25 * HOUR),  # the two don't agree
        (UNKNOWN, SAVED - 1, False, SAVED - 1),  # before the floor: the battery is empty
        (UNKNOWN, SAVED, False, SAVED - 1),
        (UNKNOWN, LATER, False, 0),
        (UNKNOWN, 0, False, LATER),  # the battery clock runs, and nobody read it
    ],
)
def test_the_quality_of_a_clock(quality: str, now: int, synchronised: bool, battery: int | None) -> None:
    """Synchronised, kept, or unknown: everything else."""
    assert judged(saved(), now=now, synchronised=synchronised, battery=battery).quality == quality


@pytest.mark.parametrize(
    ("floor", "image", "built", "born", "before"),
    [
        (BUILT, BUILT, 0, 0, None),
        (BUILT + DAY, 0, BUILT + DAY, 0, None),  # device.toml's, where the image has none
        (BUILT, BUILT, BUILT + DAY, 0, None),  # the image's own date comes first
        (RELEASED, 0, 0, 0, None),  # the package's own is the last resort
        (BORN, BUILT, 0, BORN, None),
        (SAVED, BUILT, 0, BORN, SAVED),
        (BORN, BUILT, 0, BORN, BORN - DAY),  # a saved time from before the device CA says nothing
    ],
)
def test_the_floor_is_the_latest_of_three(floor: int, image: int, built: int, born: int, before: int | None) -> None:
    """Build date, device CA's notBefore, saved time."""
    kept = None if before is None else Floor(before, 0, "boot-1")
    clock = judge(reading(0, uptime=0, synchronised=False, image=image), kept, built=built, ca_not_before=born)
    assert clock.floor == floor


@pytest.mark.parametrize(
    ("boot_id", "uptime", "passed"),
    [
        ("boot-0", 1500, 500),  # the same boot: monotonic time since the save
        ("boot-0", 1000, 0),
        ("boot-0", 900, 0),  # can't be, and takes nothing back
        ("boot-1", 1500, 1500),  # another boot: at least its whole uptime has passed since
        ("boot-1", 0, 0),
    ],
)
@pytest.mark.parametrize(("now", "battery"), [(0, None), (LATER, None), (LATER, LATER)])
def test_without_synchronisation_the_floor_follows_monotonic_time(
    boot_id: str, uptime: int, passed: int, now: int, battery: int | None
) -> None:
    """Whatever the clock says, unknown or kept: the floor advances by what surely passed and no more."""
    clock = judged(saved(), now=now, synchronised=False, battery=battery, boot_id=boot_id, uptime=uptime)
    assert clock.floor == SAVED + passed


@pytest.mark.parametrize(
    ("image", "built", "floor"),
    [
        (BORN + DAY, 0, BORN + 301 * DAY),  # what is booted was there before the boot
        (0, BORN + DAY, BORN + 301 * DAY),
        (BUILT, 0, BUILT + 300 * DAY),
        (0, 0, RELEASED),  # a package can be installed at any time
    ],
)
def test_uptime_has_passed_since_what_is_older_than_the_boot(image: int, built: int, floor: int) -> None:
    """Up for 300 days before the first adoption: the device CA is as young as its notBefore says."""
    late = reading(0, uptime=300 * DAY, synchronised=False, image=image)
    assert judge(late, None, built=built, ca_not_before=floor - 1).floor == floor
    assert judge(late, None, built=built, ca_not_before=floor + 1).floor == floor + 1
    renewed = judge(late, Floor(BUILT, 300 * DAY - 5, "boot-1"), built=built, ca_not_before=floor + 1)
    assert renewed.floor == floor + 1  # what was saved counts from its own moment


@pytest.mark.parametrize("battery", [True, False])
@pytest.mark.parametrize("now", [SAVED, SAVED + DAY])
def test_uptime_leads_beyond_no_clock_that_is_past_the_floor(now: int, battery: bool) -> None:
    """A container on a machine that has been up for 400 days, each start of which is a boot to it; an image that was
    put there last week. However often it starts, its floor is not after its clock.
    """
    floor: Floor | None = saved()
    for start in range(5):
        clock = judged(
            floor, now=now + start, synchronised=False, battery=now + start if battery else None, uptime=400 * DAY,
            boot_id=f"boot-{start + 1}", image=SAVED - 7 * DAY,
        )  # fmt: skip
        assert (clock.floor, clock.quality) == (now + start, KEPT if battery else UNKNOWN)
        floor = clock.save or floor


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (SAVED, False), (SAVED + DAY - 1, False), (SAVED + DAY, True),
        (SAVED - HOUR + 1, False), (SAVED - HOUR, True), (SAVED - DAY, True),  # what wasn't so is taken back at once
    ],
)  # fmt: skip
def test_the_floor_is_written_once_a_day(moment: int, written: bool) -> None:
    """A boot every hour costs the flash one write a day; a time server that lies every other time costs no more."""
    clock = judged(saved(), now=moment)
    assert (clock.save is not None) == written
    assert clock.floor == moment


def test_the_first_boot_writes_the_floor() -> None:
    """Nothing was saved yet: what is known now is."""
    clock = judged(None, now=LATER)
    assert clock.save is not None
    assert (clock.save.moment, clock.save.uptime, clock.save.boot_id) == (LATER, 30, "boot-1")


def test_a_bad_time_server_does_harm_once() -> None:
    """NTP says 2035 once: the floor goes there; the next right answer takes it back, at once."""
    bad = MOMENT + 9 * YEAR
    wrong = judged(saved(), now=bad)
    assert (wrong.quality, wrong.floor) == (SYNCHRONISED, bad)
    assert wrong.save is not None
    alone = judged(wrong.save, now=LATER, synchronised=False, battery=LATER)
    assert (alone.quality, alone.floor >= bad) == (UNKNOWN, True)  # a battery clock alone lowers nothing
    right = judged(wrong.save, now=LATER)
    assert (right.quality, right.floor) == (SYNCHRONISED, LATER)
    assert right.save is not None
    assert right.save.moment == LATER


def test_a_bad_answer_of_hours_does_no_harm_to_the_battery_clock() -> None:
    """NTP is 20 hours ahead, and then right: restarted without it, the device goes by its battery clock."""
    wrong = judged(None, now=LATER + 20 * HOUR)
    right = judged(wrong.save, now=LATER)
    alone = judged(right.save, now=LATER + 60, synchronised=False, battery=LATER + 60, boot_id="boot-2")
    assert (alone.quality, alone.floor) == (KEPT, LATER + 30)


@pytest.mark.parametrize(
    ("now", "synchronised", "battery", "known"),
    [
        (BORN - DAY, True, None, DAY),  # the factory's clock ran ahead: the device CA isn't valid yet
        (SAVED - 20 * HOUR, False, SAVED - 20 * HOUR, 20 * HOUR),  # a time server's did, and its answer was saved
        (SAVED - HOUR, False, SAVED - 2 * HOUR, 2 * HOUR),
        (SAVED + HOUR, False, SAVED - 2 * HOUR, 2 * HOUR),
        (SAVED - HOUR, False, None, None),  # nobody vouches for it, then as now
        (SAVED - HOUR, False, SAVED - 30 * HOUR, None),  # two that don't agree
        (0, False, 0, None),  # an empty battery
        (0, True, None, None),
        (LATER, False, LATER, None),  # known
        (LATER, True, None, None),
    ],
)
def test_a_good_clock_that_is_behind_is_known_when_it_has_caught_up(
    now: int, synchronised: bool, battery: int | None, known: int | None
) -> None:
    """Told beforehand, so that a watching device makes new certificates then, and not when something happens."""

    def later(seconds: int) -> Clock:
        at = None if battery is None else battery + seconds
        return judged(saved(), now=now + seconds, synchronised=synchronised, battery=at, uptime=30 + seconds)

    clock = later(0)
    assert clock.known_in == (known and known + 1)
    if clock.known_in:
        assert (clock.quality, later(known - 1 if known else 0).quality) == (UNKNOWN, UNKNOWN)
        assert later(clock.known_in).quality != UNKNOWN


def test_three_years_on_a_shelf() -> None:
    """No battery, no network, clock in 1970: the floor is where it was, and the certificate is valid today."""
    clock = judged(saved(BORN, uptime=60), now=20, synchronised=False, uptime=20)
    assert (clock.quality, clock.floor) == (UNKNOWN, BORN + 20)
    assert window(clock, CA, days=90, unknown_clock_days=None).contains(BORN + 3 * YEAR)


def test_an_appliance_that_never_meets_a_clock() -> None:
    """Switched on for a week at a time, 60 times: the floor has advanced by 60 weeks of running, and not beyond."""
    floor: Floor | None = saved(BORN, uptime=0, boot_id="boot")
    for boot in range(60):
        for day in range(8):
            clock = judged(floor, now=day * DAY, synchronised=False, boot_id=f"boot-{boot}", uptime=day * DAY)
            floor = clock.save or floor
    assert clock.floor == BORN + 60 * 7 * DAY


# windows


def known(now: int, quality: str = SYNCHRONISED) -> Clock:
    return Clock(quality, now, now, None)


def lost(floor: int) -> Clock:
    return Clock(UNKNOWN, 0, floor, None)


@pytest.mark.parametrize(
    ("clock", "days", "unknown_days", "expected"),
    [
        (known(LATER), 90, None, (LATER - DAY, LATER + 89 * DAY)),
        (known(LATER, KEPT), 90, None, (LATER - DAY, LATER + 89 * DAY)),
        (known(LATER), 90, 824, (LATER - DAY, LATER + 89 * DAY)),  # for unknown clocks only
        (known(LATER), MOST_DAYS, None, (LATER - DAY, LATER + 823 * DAY)),
        (known(LATER), 2, None, (LATER - DAY, LATER + DAY)),
        (known(CA.not_before), 90, None, (CA.not_before, CA.not_before + 89 * DAY)),  # never before its parent
        (known(CA.not_after - DAY), 90, None, (CA.not_after - 2 * DAY, CA.not_after)),  # never after its parent
        (known(CA.not_after), 90, None, (CA.not_after - DAY, CA.not_after)),
        (known(CA.not_after + 1), 90, None, (CA.not_after - 90 * DAY, CA.not_after)),  # expired: its last valid days
        (known(CA.not_after + DAY), 90, None, (CA.not_after - 90 * DAY, CA.not_after)),
        (known(CA.not_after + 9 * YEAR), 90, None, (CA.not_after - 90 * DAY, CA.not_after)),
        (lost(SAVED), 90, None, (CA.not_before, CA.not_after)),
        (lost(CA.not_after + YEAR), 90, None, (CA.not_before, CA.not_after)),
        (lost(SAVED), 90, 824, (SAVED - DAY, SAVED + 823 * DAY)),
        (lost(SAVED), 90, 30, (SAVED - DAY, SAVED + 29 * DAY)),
        (lost(CA.not_before), 90, 824, (CA.not_before, CA.not_before + 823 * DAY)),
        (lost(CA.not_after + YEAR), 90, 824, (CA.not_after - 824 * DAY, CA.not_after)),
    ],
)
def test_the_window_of_a_certificate(
    clock: Clock, days: int, unknown_days: int | None, expected: tuple[int, int]
) -> None:
    """From a day back for `days` in all, within the device CA's life; an unknown clock takes all of that."""
    made = window(clock, CA, days=days, unknown_clock_days=unknown_days)
    assert (made.not_before, made.not_after) == expected


INSTANTS = st.integers(0, 4 * 10**9)


@given(
    now=INSTANTS, floor=INSTANTS, quality=st.sampled_from([SYNCHRONISED, KEPT, UNKNOWN]), born=INSTANTS,
    life=st.integers(0, 50 * YEAR), days=st.integers(2, MOST_DAYS), unknown_days=st.none() | st.integers(2, MOST_DAYS),
)  # fmt: skip
def test_every_window_can_be_issued(
    now: int, floor: int, quality: str, born: int, life: int, days: int, unknown_days: int | None
) -> None:
    """Whatever the clock says, the window lies within the device CA's and is no longer than was asked for."""
    ca = Window(born, born + life)
    made = window(Clock(quality, now, floor, None), ca, days=days, unknown_clock_days=unknown_days)
    assert ca.covers(made)
    if quality != UNKNOWN or unknown_days is not None:
        assert made.not_after - made.not_before <= (days if quality != UNKNOWN else unknown_days or 0) * DAY


@given(now=st.integers(MOMENT, MOMENT + 24 * YEAR), days=st.integers(2, MOST_DAYS))
def test_a_known_clock_makes_a_certificate_that_is_valid_now(now: int, days: int) -> None:
    """Now, and for clocks that run up to a day behind, and within Apple's limit."""
    made = window(known(now), CA, days=days, unknown_clock_days=None)
    assert made.contains(now)
    assert made.contains(max(now - DAY, CA.not_before))
    assert made.not_after > now
    assert made.not_after - made.not_before < 825 * DAY


@given(
    now=INSTANTS, uptime=st.integers(0, YEAR), synchronised=st.booleans(), battery=st.none() | INSTANTS,
    boot_id=st.sampled_from(["boot-0", "boot-1", ""]),
    before=st.none() | st.builds(Floor, INSTANTS, st.integers(0, YEAR), st.sampled_from(["boot-0", ""])),
)  # fmt: skip
def test_the_floor_never_lies_below_what_is_certain(
    now: int, uptime: int, synchronised: bool, battery: int | None, boot_id: str, before: Floor | None
) -> None:
    """Whatever is read: never below build date and device CA; lowered below the saved time by synchronisation alone."""
    clock = judged(
        before, now=now, uptime=uptime, synchronised=synchronised, battery=battery, boot_id=boot_id
    )  # fmt: skip
    assert clock.floor >= BORN
    if clock.quality == SYNCHRONISED:
        assert clock.floor == now
    else:
        lowest = max(BORN, before.moment if before else 0)
        assert lowest <= clock.floor <= lowest + uptime


# the file


@pytest.mark.parametrize("boot_id", ["cdecceec-5ec3-4d18-99ad-99cfbc44ac03", ""])
def test_the_saved_floor_is_read_back(tmp_path: Path, boot_id: str) -> None:
    """Moment, uptime and boot, whether or not the kernel told its boot id."""
    state = State(str(tmp_path))
    state.save_floor(Floor(SAVED, 77, boot_id))
    read = state.floor()
    assert read is not None
    assert (read.moment, read.uptime, read.boot_id) == (SAVED, 77, boot_id)


@pytest.mark.parametrize("change", [lambda t: "", lambda t: t[:-3], lambda t: t.replace("1", "2", 1), lambda t: t * 2])
def test_a_torn_floor_is_no_floor(tmp_path: Path, change: object) -> None:
    """A hint that can't be read is none."""
    state = State(str(tmp_path))
    state.save_floor(Floor(SAVED, 77, "boot-1"))
    path = tmp_path / "floor"
    path.write_text(change(path.read_text()))  # type: ignore[operator]
    assert state.floor() is None
