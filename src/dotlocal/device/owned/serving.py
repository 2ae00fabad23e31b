# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""What a boot does about the customer's own: read the slots, choose, let go what was not confirmed, and tell."""

from dotlocal.core.errors import Refused
from dotlocal.core.findings import LeftOut
from dotlocal.core.names import HostName
from dotlocal.core.window import rfc3339
from dotlocal.device.owned import choice as choosing
from dotlocal.device.owned import fit, slots
from dotlocal.device.owned.choice import Choice, Found
from dotlocal.device.owned.slots import OwnCertificate, OwnIssuer, Reverted, Slots
from dotlocal.device.plan import plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotlocal.device.owned.fit import Answers
    from dotlocal.device.plan import Plan
    from dotlocal.device.settings import Settings
    from dotlocal.device.store import State
    from dotlocal.device.surroundings import Surroundings
    from dotlocal.host.clock import Reading
    from dotlocal.host.keys import SigningKey

# what a boot finds about the vendor's device CA, and means nothing to those who see another chain
_OF_THE_VENDORS = ("no-name-left", "clock-unknown", "ca-expired")


class Own:
    """The choice of one boot, and the slots that it was made from.

    `issuer_key` and `issuer_plan` are set, and to be used, where there is an `issuer`.
    """

    __slots__ = ("choice", "found", "issuer_key", "issuer_plan")

    issuer_key: "SigningKey"
    issuer_plan: "Plan"

    def __init__(self, choice: Choice, found: Found) -> None:
        self.choice = choice
        self.found = found

    @property
    def certificate(self) -> "OwnCertificate | None":
        """The customer's certificate, when that is what is served."""
        return self.choice.held if isinstance(self.choice.held, OwnCertificate) else None

    @property
    def issuer(self) -> "OwnIssuer | None":
        """The customer's device CA, when that is what issues."""
        return self.choice.held if isinstance(self.choice.held, OwnIssuer) else None

    def tell(self, report: "dict[str, Any]") -> None:
        """Add to a status what is served, how the slots stand, and what there is to say about them."""
        choice, found = self.choice, self.found
        report["served"] = choice.held.kind if choice.held else choosing.VENDOR
        held = {"candidate": found.candidate, "certificate": found.certificate, "issuer": found.issuer}
        told: dict[str, Any] = {
            name: _described(each, choice.states[name])
            for name, each in held.items()
            if each is not None and name in choice.states
        }
        for name in found.damaged:
            told[name] = {"state": choosing.DAMAGED}
        if choice.probation:
            told["probation"] = {"seconds": choice.probation, "slot": choice.held.kind if choice.held else ""}
        if choice.look_in is not None:
            told["look_in"] = choice.look_in
        report["own"] = told


def choose(state: "State", settings: "Settings", around: "Surroundings", planned: "Plan", reading: "Reading") -> Own:
    """Read the slots and choose; a candidate whose probation is over is let go, if the state can be written.

    The plan for the vendor's chain gets the findings, and becomes the account of the customer's certificate where that
    is served.
    """
    slot_files = Slots(state)
    found = read(slot_files)
    answered = fit.answers(settings, around)
    choice = choosing.choose(found, answered, planned.clock, reading)
    opened = None
    while isinstance(choice.held, OwnIssuer) and (opened := _open(choice.held)) is None:
        found.damaged.append(slots.ISSUER if choice.held is found.issuer else slots.CANDIDATE)
        setattr(found, found.damaged[-1], None)
        choice = choosing.choose(found, answered, planned.clock, reading)
    if choice.over:
        held, code = choice.over
        let_go(slot_files, Reverted(held.kind, held.serial, code, planned.clock.now))
    if choice.held:
        planned.findings = [each for each in planned.findings if each.code not in _OF_THE_VENDORS]
    planned.findings += choice.findings
    own = Own(choice, found)
    if own.certificate:
        _account(own.certificate, planned, answered)
    elif own.issuer and opened:
        own.issuer_key = opened
        own.issuer_plan = plan(own.issuer.template, settings, around, reading, None, judged=planned.clock)
        own.issuer_plan.findings += planned.findings
    return own


def read(slot_files: Slots) -> Found:
    """Every slot that a choice depends on; what can't be read is listed as damaged, and stops nothing."""
    found = Found()
    for name in (slots.CANDIDATE, slots.CERTIFICATE, slots.ISSUER):
        try:
            setattr(found, name, slot_files.held(name))
        except Refused:
            found.damaged.append(name)
    try:
        found.reverted = slot_files.reverted()
    except Refused:
        pass
    return found


def let_go(slot_files: Slots, reverted: Reverted) -> None:
    """Write down what went back and why, then empty the candidate's slot, unless a new one has come by now; a read-only
    state keeps it, and it is passed over in every boot but its own.
    """
    try:
        slot_files.save(slots.REVERTED, reverted.dump())
        held = slot_files.held(slots.CANDIDATE)
        if held is not None and held.serial == reverted.serial:
            slot_files.drop(slots.CANDIDATE)
    except Refused:
        pass


def _account(held: OwnCertificate, planned: "Plan", answered: "Answers") -> None:
    planned.names = [HostName(name) for name in held.names]
    planned.addresses = list(held.addresses)
    planned.window = held.window
    planned.left_out = [
        LeftOut(each.text, each.kind, "not-in-own", "the customer's certificate does not name it")
        for each in fit.missing(held.names, held.addresses, answered)
    ]


def _open(held: OwnIssuer) -> "SigningKey | None":
    try:
        return held.key()
    except Refused:
        return None  # damaged, or its token is away: the vendor's device CA signs, and the status says so


def _described(held: "OwnCertificate | OwnIssuer", state: str) -> "dict[str, Any]":
    told: dict[str, Any] = {
        "kind": held.kind, "state": state, "origin": held.origin, "serial": f"{held.serial:x}", "issuer": held.issuer,
        "not_before": rfc3339(held.window.not_before), "not_after": rfc3339(held.window.not_after),
    }  # fmt: skip
    if isinstance(held, OwnCertificate):
        told["names"] = list(held.names)
        told["addresses"] = [each.text for each in held.addresses]
    return told
