# Boot path: no typing, dataclasses, enum, re, json or datetime at run time.
"""How good the clock is, the time floor, and the window that follows for a server certificate. Pure."""

from dotlocal import RELEASED
from dotlocal.core.window import DAY, Window
from dotlocal.host.clock import Reading

SYNCHRONISED = "synchronised"  # the system says so, and it is not before the image was made: it wins, always
KEPT = "kept"  # a battery clock that runs, at or after the floor
UNKNOWN = "unknown"  # everything else: a plausible clock may have been lifted to some file's date
MOST_DAYS = 824  # Apple takes 825 from a private root (support.apple.com/103769), and clocks are not that exact
_NOTABLE = 3600  # what a correction takes back is saved at once, beyond what browsers are allowed for
_CATCHES_UP = 30 * DAY  # what is further behind has lost its date
_BATTERY_SLACK = DAY  # a battery clock may run in local time, up to 14 hours off


class Floor:
    """A moment that had passed when it was saved, and when that was in monotonic terms."""

    __slots__ = ("boot_id", "moment", "uptime")

    def __init__(self, moment: int, uptime: int, boot_id: str) -> None:
        self.moment = moment
        self.uptime = uptime
        self.boot_id = boot_id


class Hint:
    """A moment that somebody handed over, when that was in monotonic terms, and in which boot."""

    __slots__ = ("boot_id", "moment", "source", "uptime")

    def __init__(self, moment: int, uptime: int, boot_id: str, source: str) -> None:
        self.moment = moment
        self.uptime = uptime
        self.boot_id = boot_id
        self.source = source


class Clock:
    """The judged clock: `quality`, `now`, `floor` (all instants), what to save, or None, and the hint that `now` is
    by, or None. `known_in` are the seconds after which an unknown one is known without anybody's doing, or None.
    """

    __slots__ = ("floor", "hint", "known_in", "now", "quality", "save")

    def __init__(self, quality: str, now: int, floor: int, save: "Floor | None", hint: "Hint | None" = None) -> None:
        self.hint = hint
        self.known_in: int | None = None
        self.quality = quality
        self.now = now
        self.floor = floor
        self.save = save


def judge(
    reading: Reading, saved: "Floor | None", *, built: int, ca_not_before: int, hint: "Hint | None" = None,
    ca_not_after: int = 0,
) -> Clock:  # fmt: skip
    """Judge a reading. `built` is device.toml's build date or 0; the image's own comes first, the package's last.

    Saved time is a hint: a synchronised clock overrides it, downwards too; otherwise it advances no further than
    monotonic time since it was saved, and is written at most once a day to spare the flash. The image is older than
    this boot, so all uptime has passed since; the package and the device CA may be younger. Uptime never leads beyond
    a clock that is past the floor: in a container it is the machine's, and counts anew at each start. A hint (see
    `hinted`) is asked while the clock is unknown; it raises no floor, and nothing of it is saved.
    """
    image = reading.image_date or built
    base = max(image or RELEASED, ca_not_before)
    floor = max(base, saved.moment if saved else 0)
    if reading.synchronised and reading.now >= base:
        passed = reading.now
        quality = SYNCHRONISED
    else:
        passed = max(base, image + reading.uptime if image else 0, _since(saved, reading) if saved else 0)
        passed = min(passed, reading.now) if reading.now >= floor else passed
        quality = KEPT if _battery_clock_runs(reading, floor) else UNKNOWN
    due = saved is None or passed - saved.moment >= DAY or saved.moment - passed >= _NOTABLE
    save = Floor(passed, reading.uptime, reading.boot_id) if due else None
    clock = Clock(quality, reading.now, max(base, passed), save)
    clock.known_in = _known_in(reading, base, floor) if quality == UNKNOWN else None
    moment = hinted(hint, reading, floor=clock.floor, ca_not_after=ca_not_after)
    if quality == UNKNOWN and moment is not None:
        clock.now, clock.hint = moment, hint
    return clock


def hinted(hint: "Hint | None", reading: Reading, *, floor: int, ca_not_after: int) -> "int | None":
    """The moment that it is now by a hint, or None where the hint says nothing (docs/adr/0010).

    It counts in the boot that it was given in, advanced by monotonic time, so that a wrong one ends with a restart;
    and only between what is certain to have passed and the device CA's end.
    """
    if hint is None or not reading.boot_id or hint.boot_id != reading.boot_id or hint.uptime > reading.uptime:
        return None
    moment = hint.moment + reading.uptime - hint.uptime
    return moment if floor <= moment <= ca_not_after else None


def window(clock: Clock, ca: Window, *, days: int, unknown_clock_days: "int | None") -> Window:
    """The server certificate's validity, within the device CA's.

    With a known clock: from 24 hours back, for browsers whose clock runs behind, for `days` in all. With an unknown
    one: the device CA's own window, which every stack but Apple's takes, or `unknown_clock_days` from the floor. With
    a hint, the longest that Apple takes, a quarter of it before the hint, which may come from a clock that runs ahead.
    After the CA's end: its last valid days, for HTTPS must not stop over a date that may be wrong.
    """
    if clock.quality != UNKNOWN:
        now, length = clock.now, days * DAY
    elif clock.hint is not None:
        length = (unknown_clock_days or MOST_DAYS) * DAY
        now = max(clock.now - length // 4 + DAY, clock.floor)
    elif unknown_clock_days is None:
        return ca
    else:
        now, length = clock.floor, unknown_clock_days * DAY
    start = now - DAY if now <= ca.not_after else ca.not_after - length
    return Window(max(start, ca.not_before), min(max(start + length, ca.not_before), ca.not_after))


def _since(saved: Floor, reading: Reading) -> int:
    before = saved.uptime if saved.boot_id == reading.boot_id else 0
    return saved.moment + max(reading.uptime - before, 0)


def _known_in(reading: Reading, base: int, floor: int) -> "int | None":
    """Good clocks that are behind what shall have passed: a factory's clock ran ahead, or a time server's did."""
    battery = reading.battery_clock
    if reading.synchronised:
        behind = base - reading.now
    elif battery is not None and abs(battery - reading.now) <= _BATTERY_SLACK:
        behind = floor - min(battery, reading.now)
    else:
        return None
    return behind + 1 if behind <= _CATCHES_UP else None


def _battery_clock_runs(reading: Reading, floor: int) -> bool:
    return (
        reading.battery_clock is not None
        and reading.battery_clock >= floor
        and reading.now >= floor
        and abs(reading.battery_clock - reading.now) <= _BATTERY_SLACK
    )
