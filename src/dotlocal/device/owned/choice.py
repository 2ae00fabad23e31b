# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""Which certificate is served: the customer's own, the customer's issuer, or the vendor's. Pure, on parsed slots.

The order: what is on probation, the confirmed certificate, the confirmed issuer, the vendor's device CA. One that has
ended or fits no more is passed over, said so, and taken up again when it can be.
"""

from dotlocal.core.findings import ERROR, WARNING, Finding
from dotlocal.core.subtrees import cidr
from dotlocal.core.window import DAY, Window, rfc3339
from dotlocal.device import time
from dotlocal.device.owned.fit import Answers, fitting, within
from dotlocal.device.owned.slots import OwnCertificate, OwnIssuer, Reverted
from dotlocal.device.time import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.host.clock import Reading

    Held = OwnCertificate | OwnIssuer

SERVED, USABLE, EXPIRED, EARLY, UNFIT, DAMAGED = "served", "usable", "expired", "early", "unfit", "damaged"
VENDOR = "vendor"
SLACK = DAY  # the clock of the customer's CA may run ahead of this one, and browsers' clocks agree with the CA's
_SOON_DAYS = 14
_NEWS_DAYS = 7  # so long it is said that something went back
_RETURNS = "the device's own chain is served until there is a better one, and it returns by itself when it can be used"


class Found:
    """The slots as they were read; `damaged` are the names of those that can't be."""

    __slots__ = ("candidate", "certificate", "damaged", "issuer", "reverted")

    def __init__(self) -> None:
        self.candidate: Held | None = None
        self.certificate: OwnCertificate | None = None
        self.issuer: OwnIssuer | None = None
        self.reverted: Reverted | None = None
        self.damaged: list[str] = []


class Choice:
    """What is served (`held`, or None for the vendor's), whether it is on `probation`, and what to say about it.

    `over` is a candidate whose probation has ended, and why; `states` tell of each slot how it stands; `look_in` is in
    how many seconds something may change by itself, or None.
    """

    __slots__ = ("findings", "held", "look_in", "over", "probation", "states")

    def __init__(self) -> None:
        self.held: Held | None = None
        self.probation = 0
        self.over: tuple[Held, str] | None = None
        self.states: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.look_in: int | None = None


def choose(found: Found, answered: Answers, clock: Clock, reading: "Reading") -> Choice:
    """Decide."""
    choice = Choice()
    _candidate(choice, found, answered, clock, reading)
    for held in (found.certificate, found.issuer):
        if held is not None:
            state = standing(held, answered, clock)
            _look(choice, held.window, clock)
            if state == USABLE and choice.held is None:
                choice.held, state = held, SERVED
                choice.findings += _ends_soon(held, clock)
            choice.states[held.kind] = state
            if state not in (USABLE, SERVED):
                choice.findings.append(_passed_over(held, state, clock))
    for name in found.damaged:
        choice.states[name] = DAMAGED
        choice.findings.append(
            Finding(
                "own-damaged", ERROR, f"own {name}", f"the slot {name} can't be read, and is passed over",
                hint="import it again; `dotlocal device own status` tells which",
            )
        )  # fmt: skip
    if choice.over is None and found.reverted is not None and clock.now - found.reverted.at < _NEWS_DAYS * DAY:
        choice.findings.append(reverted(found.reverted.kind, found.reverted.serial, found.reverted.code))
    return choice


def standing(held: "Held", answered: Answers, clock: Clock) -> str:
    """Whether it can be served now. With an unknown clock only what has certainly passed counts."""
    window = held.window
    if clock.quality == time.UNKNOWN and clock.hint is None:
        if clock.floor > window.not_after:
            return EXPIRED
    elif clock.now > window.not_after:
        return EXPIRED
    elif clock.now < window.not_before - SLACK:
        return EARLY
    if isinstance(held, OwnCertificate):
        fits = bool(fitting(held.names, held.addresses, held.claimed, answered))
    else:
        fits = within(held.template.permitted, answered)
    return USABLE if fits else UNFIT


def reverted(kind: str, serial: int, code: str) -> Finding:
    """The finding about something that went back."""
    title = _TITLES[kind]
    if code == UNCONFIRMED:
        return Finding(
            "own-unconfirmed", WARNING, title, f"{title} {serial:x} went back: nobody confirmed it in time",
            hint="it may be unreachable for those who use it; look at its names, install it again and confirm",
        )  # fmt: skip
    return Finding(
        "own-reverted", WARNING, title, f"{title} {serial:x} went back: {code}",
        hint="install it again when what stood in its way is mended",
    )  # fmt: skip


UNCONFIRMED = "unconfirmed"
_TITLES = {"certificate": "own certificate", "issuer": "own issuer"}


def _candidate(choice: Choice, found: Found, answered: Answers, clock: Clock, reading: "Reading") -> None:
    held = found.candidate
    if held is None:
        return
    left = held.probation.left(reading) if held.probation else 0
    state = standing(held, answered, clock)
    if left <= 0 or state != USABLE:
        code = UNCONFIRMED if left <= 0 else state
        choice.over = (held, code)
        choice.findings.append(reverted(held.kind, held.serial, code))
        return
    choice.held, choice.probation = held, left
    choice.look_in = left
    choice.states["candidate"] = SERVED


def _passed_over(held: "Held", state: str, clock: Clock) -> Finding:
    title = _TITLES[held.kind]
    if state == EXPIRED:
        return Finding(
            "own-expired", ERROR, title, f"{title} {held.serial:x} ended {rfc3339(held.window.not_after)}",
            hint=f"import its successor; {_RETURNS}",
        )  # fmt: skip
    if state == EARLY:
        return Finding(
            "own-not-yet", ERROR, title,
            f"{title} {held.serial:x} starts {rfc3339(held.window.not_before)}; it is {rfc3339(clock.now)}",
            hint=f"look at the device's clock; {_RETURNS}",
        )  # fmt: skip
    if isinstance(held, OwnCertificate):
        named = ", ".join([*held.names, *(each.text for each in held.addresses)])
    else:
        permitted = held.template.permitted
        named = ", ".join([*(permitted.dns or ()), *(cidr(*each) for each in permitted.ip or ())])
    return Finding(
        "own-unfit", ERROR, title, f"{title} {held.serial:x} is for {named}, and the device answers to none of these",
        hint=f"give the device its name back, or import a certificate for its new one; {_RETURNS}",
    )  # fmt: skip


def _ends_soon(held: "Held", clock: Clock) -> "list[Finding]":
    now = clock.floor if clock.quality == time.UNKNOWN else clock.now
    if held.origin == "acme" or held.window.not_after - now > _SOON_DAYS * DAY:
        return []
    title = _TITLES[held.kind]
    return [
        Finding(
            "own-ends-soon", WARNING, title, f"{title} {held.serial:x} ends {rfc3339(held.window.not_after)}",
            hint="import its successor; after its end the device serves its own chain",
        )
    ]  # fmt: skip


def _look(choice: Choice, window: Window, clock: Clock) -> None:
    """Something changes by itself when a window starts, and a second after it ends."""
    if clock.quality == time.UNKNOWN:
        return
    for moment in (window.not_before - SLACK, window.not_after + 1):
        if moment > clock.now:
            wait = moment - clock.now
            choice.look_in = wait if choice.look_in is None else min(choice.look_in, wait)
