# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""When an ACME certificate is next seen to. Pure: the time, the random draws and the record come in as arguments.

Renewal is due at two thirds of the certificate's life, a little earlier at random, or when the CA suggests (RFC 9773).
A failure is tried again ever more slowly, by monotonic time. After a boot nothing happens for a random while, since a
power cut ends for all devices of a plant at the same moment.
"""

from dotlocal.device.acme.record import Record

RENEW, LOOK, NOTHING = "renew", "look", "nothing"
_FIRST_RETRY = 60
_FIRST_RETRY_OF_LASTING = 15 * 60  # what a person must mend is not mended within a minute
_MOST_RETRY, _LEAST_CAP = 6 * 3600, 5 * 60
_MOST_ASKED = 24 * 3600  # a Retry-After beyond it is no wish of an administrator's any more
_MOST_SPREAD = 10 * 60
_EARLIER = 30  # of the life, at most one so manieth part earlier than two thirds
_SPACE, _MOST_SPACE = 20, 6 * 3600  # a twentieth of what is left of a certificate when it is new, or six hours
_LATEST = 0.9  # of the life: whatever a CA suggests, time must be left for failures


def renewal(not_before: int, not_after: int, draw: float) -> int:
    """The instant at which a certificate is renewed without anybody's suggestion; `draw` is 0 to 1."""
    life = not_after - not_before
    return not_before + int(life * 2 / 3 - life * draw / _EARLIER)


def suggested(moment: int, not_before: int, not_after: int) -> int:
    """The instant that was chosen within the time that a CA suggests, but not too late for this certificate."""
    return min(moment, not_before + int((not_after - not_before) * _LATEST))


def spaced(moment: int, got: int, not_after: int) -> int:
    """The instant of a renewal, not too soon after the last one: a CA that always suggests the past, or dates
    certificates back, must not make a loop of it.
    """
    return max(moment, got + max(min((not_after - got) // _SPACE, _MOST_SPACE), _LEAST_CAP))


def spread(draw: float) -> int:
    """Seconds that nothing happens after a boot."""
    return int(_MOST_SPREAD * draw)


def retry(failures: int, left: int, draw: float, *, temporary: bool, asked: "int | None") -> int:
    """Seconds to the next attempt after so many failures in a row, with `left` seconds of life in the certificate.

    Doubled each time, to six hours, or a tenth of what is left if that is less; spread by a quarter both ways. What
    the server asked for (Retry-After) is the least.
    """
    cap = max(min(_MOST_RETRY, left // 10), _LEAST_CAP) if left > 0 else _MOST_RETRY
    first = _FIRST_RETRY if temporary else _FIRST_RETRY_OF_LASTING
    pause = min(first * 2 ** min(failures - 1, 16), cap)
    return max(int(pause * (0.75 + draw / 2)), min(asked or 0, _MOST_ASKED))


def estimate(record: Record, now: int, uptime: int, boot_id: str, *, known: bool) -> int:
    """What time it is at least. `now` is the clock where that is known, and the time floor elsewhere.

    A clock that nobody has set is outdone by the record: a certificate's beginning had passed when it was written.
    """
    if known:
        return now
    same_boot = bool(boot_id) and boot_id == record.boot_id
    return max(now, record.moment + (max(uptime - record.uptime, 0) if same_boot else 0))


def wait(record: Record, now: int, uptime: int, boot_id: str, *, known: bool) -> float:
    """Seconds to the next attempt, 0 when it is due; arguments as for `estimate`."""
    same_boot = bool(boot_id) and boot_id == record.boot_id
    if record.failures and same_boot:
        return max(record.uptime + record.retry_in - uptime, 0)
    due = record.moment + record.retry_in if record.failures else _due(record)
    remaining = due - estimate(record, now, uptime, boot_id, known=known)
    return max(remaining, 0 if same_boot else record.spread - uptime, 0)


def action(record: Record, now: int) -> str:
    """What is to be done at an attempt: RENEW, LOOK whether the CA suggests another time, or NOTHING yet."""
    if record.failures or now >= record.renew_at:
        return RENEW
    return LOOK if record.look_at and now >= record.look_at else NOTHING


def _due(record: Record) -> int:
    return min(record.renew_at, record.look_at) if record.look_at else record.renew_at
