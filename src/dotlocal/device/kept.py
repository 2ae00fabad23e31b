# Boot path of devices that keep their server key: no typing, dataclasses, enum, re or json at run time.
"""`keep_while_unchanged`: the server key and certificates of an earlier boot, kept in the state and served again.

For customers who click a warning away instead of importing the root: browsers remember the very certificate. What is
kept is used while names, addresses, device CA and the wanted life are the same and a third of its life is left; flash
is written only when it isn't. There are two slots, since a clock that is unknown until the network answers would
otherwise make the two kinds of window drive each other out at every boot.
"""

from dotlocal.core.errors import Refused
from dotlocal.core.findings import WARNING, Finding
from dotlocal.core.template import Template, seal, unseal
from dotlocal.core.window import Window
from dotlocal.device import time
from dotlocal.device.plan import Plan
from dotlocal.device.settings import Settings
from dotlocal.device.store import SERVER_KEYS, State
from dotlocal.host import files, keys
from dotlocal.host.keys import Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    Made = tuple[Key, int, bytes, int, bytes]  # key; serial number and DER of fullchain's and of names.pem's

_HEADING = "dotlocal kept 1"
_SLACK = 3600  # a clock that was set back by more finds the kept certificate starting too late for slow browsers


def recall(state: State, template: Template, settings: Settings, planned: Plan) -> "Made | None":
    """The kept key and certificates, when they still say what the plan says; the plan then gets their window."""
    if planned.clock.hint:
        return None  # a handed-over time is no reason to wear flash for: it ends with this boot
    try:
        lines = unseal(state.text(_slot(planned)), _HEADING, "kept-damaged")
        facts = dict(line.split(" ", 1) for line in lines)
        window = Window(int(facts["not-before"]), int(facts["not-after"]))
        if facts["subject"] != _subject(template, settings, planned) or not lasts(window, planned):
            return None
        made = (
            keys.load(bytes.fromhex(facts["key"])), int(facts["serial"], 16), bytes.fromhex(facts["full"]),
            int(facts["names-serial"], 16), bytes.fromhex(facts["names"]),
        )  # fmt: skip
    except (Refused, KeyError, ValueError):
        return None  # missing, torn or of another version: made anew
    planned.window, planned.issued = window, int(facts["issued"])
    return made


def keep(state: State, template: Template, settings: Settings, planned: Plan, made: "Made") -> None:
    """Keep them for the next boots, 0600; a state that can't be written is a finding, `kept-unwritable`."""
    if planned.clock.hint:
        return
    key, serial, full, names_serial, names = made
    lines = [
        _HEADING,
        f"subject {_subject(template, settings, planned)}",
        f"issued {planned.issued}",
        f"not-before {planned.window.not_before}",
        f"not-after {planned.window.not_after}",
        f"serial {serial:x}",
        f"names-serial {names_serial:x}",
        f"key {key.pkcs8().hex()}",
        f"full {full.hex()}",
        f"names {names.hex()}",
    ]
    try:
        files.write(state.file(_slot(planned)), seal(lines).encode(), mode=0o600)
    except Refused as refused:
        planned.findings.append(
            Finding(
                "kept-unwritable", WARNING, "device.toml",
                f"keep_while_unchanged is on, and the key could not be kept: {refused.message}",
                hint="make the state writable, or switch it off: every boot makes a new key now",
            )
        )  # fmt: skip


def _slot(planned: Plan) -> str:
    known, unknown = SERVER_KEYS
    return unknown if planned.clock.quality == time.UNKNOWN else known


def _subject(template: Template, settings: Settings, planned: Plan) -> str:
    """All that a certificate depends on but its time, in any order that the kernel may list addresses in."""
    days = settings.unknown_clock_days if planned.clock.quality == time.UNKNOWN else settings.days
    return " ".join(
        (
            template.issuer_key_id.hex(), f"{template.issuer_serial:x}", str(days),
            *sorted(name.text for name in planned.names), *sorted(address.text for address in planned.addresses),
        )
    )  # fmt: skip


def lasts(window: Window, planned: Plan) -> bool:
    """Whether a certificate of this window is still as good as what is planned: a third of its life is left. Pure."""
    if window == planned.window:
        return True  # the device CA's own, or its last valid days: a new one would say the same
    blind = planned.clock.quality == time.UNKNOWN and not planned.clock.hint
    now = planned.clock.floor if blind else planned.clock.now
    left, length = window.not_after - now, window.not_after - window.not_before
    # at the device CA's end a new one would live no longer
    enough = 3 * left > length or (left > 0 and planned.window.not_after <= window.not_after)
    return enough and window.not_before <= planned.window.not_before + _SLACK
