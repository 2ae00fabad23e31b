# Boot path: no typing, dataclasses, enum, re, json or datetime at run time.
"""Validity windows, and instants as whole POSIX seconds (UTC).

Own calendar arithmetic, because `time.gmtime` ends in 2038 where time_t has 32 bits, and a root lives longer;
the proleptic Gregorian algorithm is Howard Hinnant's `civil_from_days`.
"""

DAY = 86400
YEAR = 31_557_600  # the Julian year of 365.25 days, so that 25 years end within a day of the same date


def civil(instant: int) -> "tuple[int, int, int, int, int, int]":
    """Year, month, day, hour, minute and second of an instant, in UTC."""
    days, rest = divmod(instant, DAY)
    days += 719468
    era, day_of_era = divmod(days, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (1 if month <= 2 else 0)
    return year, month, day, rest // 3600, rest % 3600 // 60, rest % 60


def rfc3339(instant: int) -> str:
    """The instant as RFC 3339 text in UTC: `2026-11-23T00:00:00Z`."""
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % civil(instant)


def instant(text: str) -> int:
    """The instant that `rfc3339` wrote; ValueError for anything else."""
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    year -= month <= 2
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719468
    read = days * DAY + int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
    if rfc3339(read) != text:
        raise ValueError(f"{text!r} is not written as 2026-11-23T00:00:00Z")
    return read


class Window:
    """From `not_before` to `not_after`, both included (RFC 5280 4.1.2.5), in POSIX seconds."""

    __slots__ = ("not_after", "not_before")

    def __init__(self, not_before: int, not_after: int) -> None:
        if not_before > not_after:
            raise ValueError(f"window ends {rfc3339(not_after)} before it starts {rfc3339(not_before)}")
        self.not_before = not_before
        self.not_after = not_after

    def contains(self, instant: int) -> bool:
        """Whether a certificate of this window is valid at the instant."""
        return self.not_before <= instant <= self.not_after

    def covers(self, other: "Window") -> bool:
        """Whether the other window starts no earlier and ends no later."""
        return self.not_before <= other.not_before and other.not_after <= self.not_after

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Window) and (self.not_before, self.not_after) == (other.not_before, other.not_after)

    def __hash__(self) -> int:
        return hash((self.not_before, self.not_after))

    def __repr__(self) -> str:
        return f"Window({rfc3339(self.not_before)}, {rfc3339(self.not_after)})"
