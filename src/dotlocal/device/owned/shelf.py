"""How certificates move between slots: kept, put aside, brought back. A cut between two steps loses none of them."""

from __future__ import annotations

from dotlocal.core.errors import Refused
from dotlocal.device.owned import pending, slots
from dotlocal.device.owned.slots import OwnCertificate, OwnIssuer, Slots
from dotlocal.host import keys

VENDOR, ISSUER, PREVIOUS = "vendor", "issuer", "previous"
_SWAPPED = "swapped"  # what was confirmed, while it changes places with what was before it
PREVIOUS_ISSUER = "previous-issuer"
_ASIDE = {slots.CERTIFICATE: slots.PREVIOUS, slots.ISSUER: PREVIOUS_ISSUER}


def keep(slot_files: Slots, held: OwnCertificate | OwnIssuer) -> None:
    """Make the candidate the confirmed one; the one before is put aside."""
    # the old one aside, the new one in its place, and only then the candidate gone: a cut in between leaves a
    # candidate whose probation ends with this boot, and whichever of the two is confirmed
    before = slot_files.text(held.kind)
    held.probation = None
    text = held.dump()
    if before and before != text:
        slot_files.save(_ASIDE[held.kind], before)
    slot_files.save(held.kind, text)
    if held.kind == slots.ISSUER and (certificate := slot_files.text(slots.CERTIFICATE)):
        # it would come first, and what was just confirmed would not be served
        slot_files.save(slots.PREVIOUS, certificate)
        slot_files.drop(slots.CERTIFICATE)
    slot_files.drop(slots.CANDIDATE)
    slot_files.drop(slots.REVERTED)
    _answered(slot_files, held)


def put_aside(slot_files: Slots, to: str) -> None:
    """Take the confirmed one out of service, for what was before it, the issuer, or the vendor's own chain. Refuses
    `own-nothing`.
    """
    _heal(slot_files)
    if to == PREVIOUS:
        _bring_back(slot_files)
        return
    kinds = (slots.CERTIFICATE,) if to == ISSUER else (slots.CERTIFICATE, slots.ISSUER)
    held = {kind: text for kind in kinds if (text := slot_files.text(kind))}
    if not held or (to == ISSUER and not slot_files.text(slots.ISSUER)):
        raise Refused("own-nothing", f"there is nothing to go back to the {to} from", hint="see `device own status`")
    for kind, text in held.items():
        slot_files.save(_ASIDE[kind], text)
        slot_files.drop(kind)


def _bring_back(slot_files: Slots) -> None:
    before, issuer = slot_files.text(slots.PREVIOUS), slot_files.text(_ASIDE[slots.ISSUER])
    if not before and not issuer:
        raise Refused("own-nothing", "there is no certificate before this one", hint="see `device own status`")
    if issuer and not slot_files.text(slots.ISSUER):
        slot_files.save(slots.ISSUER, issuer)
        slot_files.drop(_ASIDE[slots.ISSUER])
    if not before:
        return
    now = slot_files.text(slots.CERTIFICATE)
    if now:
        slot_files.save(_SWAPPED, now)
    slot_files.save(slots.CERTIFICATE, before)
    if now:
        slot_files.save(slots.PREVIOUS, now)
        slot_files.drop(_SWAPPED)
    else:
        slot_files.drop(slots.PREVIOUS)


def _heal(slot_files: Slots) -> None:
    """Finish a swap that was cut short: what it had taken out is the previous one."""
    swapped = slot_files.text(_SWAPPED)
    if swapped and swapped not in (slot_files.text(slots.CERTIFICATE), slot_files.text(slots.PREVIOUS)):
        slot_files.save(slots.PREVIOUS, swapped)
    slot_files.drop(_SWAPPED)


def _answered(slot_files: Slots, held: OwnCertificate | OwnIssuer) -> None:
    """The request that this answers is done with; until now the answer could be imported again."""
    slot = pending.SLOT if isinstance(held, OwnCertificate) else pending.ISSUER_SLOT
    try:
        waiting = pending.load(slot_files, slot)
    except Refused:
        return
    key = keys.write_pem("PRIVATE KEY", held.key) if isinstance(held, OwnCertificate) else held.key_text
    if waiting and waiting.key_text == key:
        slot_files.drop(slot)
