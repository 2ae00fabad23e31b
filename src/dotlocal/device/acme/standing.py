# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""Whether there is an ACME certificate to be renewed, and when the next attempt is: for `device watch`, and for status.

A customer who goes back to another certificate, or imports one, has ended the renewals until ACME is asked for again.
"""

import os

from dotlocal.core.errors import Refused
from dotlocal.device.acme import record, schedule
from dotlocal.device.acme.record import Record
from dotlocal.device.owned import slots
from dotlocal.device.owned.slots import Slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.store import State
    from dotlocal.host.clock import Reading

ORIGIN = "acme"
SETTINGS, RECORD = "acme-settings", "acme-record"


def is_set_up(state: "State") -> bool:
    """Whether an ACME server was named: one look, for devices that have none."""
    return os.path.exists(Slots(state).file(SETTINGS))


def load(state: "State") -> Record:
    """What is known of the last attempts; an empty record where there is none, or a torn one."""
    try:
        return record.load(Slots(state).text(RECORD) or "")
    except (Refused, ValueError):
        return Record()


def superseded(state: "State", kept: Record) -> bool:
    """Whether the customer has put something else in the place of the certificate that was got here."""
    if not kept.last_success:
        return False
    return not any(origin_of(state, name) == ORIGIN for name in (slots.CANDIDATE, slots.CERTIFICATE))


def origin_of(state: "State", slot: str) -> str:
    """Where what a slot holds came from, or nothing."""
    try:
        held = Slots(state).held(slot)
    except Refused:
        return ""
    return held.origin if held else ""


def wait(state: "State", reading: "Reading", floor: int, *, known: bool) -> "float | None":
    """Seconds to the next attempt, or None when nothing is to be renewed. `floor`, the time that has certainly passed,
    counts where the clock is not `known`.
    """
    if not is_set_up(state):
        return None
    kept = load(state)
    if superseded(state, kept):
        return None
    return schedule.wait(kept, reading.now if known else floor, reading.uptime, reading.boot_id, known=known)
