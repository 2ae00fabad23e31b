# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""What a device remembers of its ACME certificate between attempts: a text file that `device watch` reads as well."""

from dotlocal.core.template import seal, unseal

_HEADING = "dotlocal acme record 1"
_NUMBERS = (
    "moment", "uptime", "renew_at", "look_at", "retry_in", "spread", "failures", "last_try", "last_success",
    "not_before", "not_after", "window_start", "window_end",
)  # fmt: skip
_TEXTS = ("boot_id", "renewal_id", "explanation", "code", "message", "hint")


class Record:
    """Instants, but for `uptime`, `retry_in`, `spread` and `failures`; 0 or empty where there is none.

    `moment`, `uptime` and `boot_id` tell when it was written. A certificate of `not_before` to `not_after` is renewed
    at `renew_at`; the CA is asked at `look_at` whether it suggests another time (`window_start` to `window_end`,
    `explanation`). After `failures` in a row, for `code`, `message` and `hint`, the next attempt is `retry_in` seconds
    after `moment`; after a boot it is at least `spread` seconds away.
    """

    __slots__ = (*_NUMBERS, *_TEXTS)

    if False:  # for type checkers: what the loops below set
        moment: int
        uptime: int
        renew_at: int
        look_at: int
        retry_in: int
        spread: int
        failures: int
        last_try: int
        last_success: int
        not_before: int
        not_after: int
        window_start: int
        window_end: int
        boot_id: str
        renewal_id: str
        explanation: str
        code: str
        message: str
        hint: str

    def __init__(self) -> None:
        for name in _NUMBERS:
            setattr(self, name, 0)
        for name in _TEXTS:
            setattr(self, name, "")

    def dump(self) -> str:
        """The record as text, one fact a line, closed by a checksum."""
        lines = [_HEADING]
        lines += [f"{name} {getattr(self, name)}" for name in _NUMBERS if getattr(self, name)]
        lines += [f"{name} {_one_line(getattr(self, name))}" for name in _TEXTS if getattr(self, name)]
        return seal(lines)


def load(text: str) -> Record:
    """Read what `Record.dump` wrote; refuses a torn file as `acme-record-damaged`. ValueError: no number."""
    record = Record()
    for line in unseal(text, _HEADING, "acme-record-damaged"):
        name, _, value = line.partition(" ")
        if name in _NUMBERS:
            setattr(record, name, int(value))
        elif name in _TEXTS:
            setattr(record, name, value)
    return record


def _one_line(text: str) -> str:
    return " ".join(text.split())
