"""What a customer does with an own certificate: install, confirm, revert, look. For commands and for a product's pages.

    from dotlocal.device.owned.steps import Owned

    owned = Owned()                       # the usual places; Owned(options) for others
    print(owned.status())

1. what is new becomes the candidate     2. boot: it is served at once, on probation, and handed over
3. `confirm` over a connection that used it makes it the confirmed one; otherwise it goes back by itself
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import ERROR, WARNING
from dotlocal.core.names import Address, HostName
from dotlocal.core.window import instant
from dotlocal.device import boot, surroundings, time
from dotlocal.device.boot import Options
from dotlocal.device.owned import fit, judge, pending, pool, reader, shelf, slots, timer
from dotlocal.device.owned.material import Circumstances, Judged, Upload
from dotlocal.device.owned.pending import Pending
from dotlocal.device.owned.slots import OwnCertificate, OwnIssuer, Probation, Slots
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.watch.schedule import LEAST_RENEWAL_SECONDS, renewal
from dotlocal.host import clock, files
from dotlocal.host.clock import Reading

MINUTES = 10  # of probation, unless told
MOST_MINUTES = 24 * 60
_LOCK_SECONDS = 10


class Owned:
    """The customer's own of one device. The ports are for tests: clock, surroundings, and who wakes us up later."""

    def __init__(
        self, options: Options | None = None, *, read_clock: Callable[[], Reading] = clock.read,
        look: Callable[[], Surroundings] = surroundings.look, wake: Callable[[Options, int], None] = timer.start,
        boot: Callable[[Options], dict[str, Any]] = boot.boot,
    ) -> None:  # fmt: skip
        self.options = options or Options()
        self.state = State(self.options.state)
        self.run = Run(self.options.run)
        self.slots = Slots(self.state)
        self.read_clock = read_clock
        self.look = look
        self._wake = wake
        self._boot = boot

    def request(self, names: Sequence[str] = (), addresses: Sequence[str] = (), *, force: bool = False) -> str:
        """A certificate request (PEM) for a key that is made here and never leaves. Said again, it is the same one;
        with other names it is a new request, and a new key; `force` makes a new key in any case.

        Without names and addresses it asks for what the device answers to. Refuses `own-no-answers` when that is
        nothing, and every name by its own code.
        """
        wanted = [HostName.parse(each) for each in names], [Address.parse(each) for each in addresses]
        with self._lock():
            waiting = None if force else pending.load(self.slots)
            if waiting and (not any(wanted) or (list(waiting.names), list(waiting.addresses)) == wanted):
                return waiting.pem
            if not any(wanted):
                answers = self._circumstances().answers
                wanted = [HostName(each) for each in answers.names], list(answers.addresses)
            if not any(wanted):
                raise Refused("own-no-answers", "the device has no name and no address to ask for", hint="give --name")
            made = Pending.make(*wanted)
            self.slots.save(pending.SLOT, made.dump())
            return made.pem

    def examine(self, uploads: Sequence[Upload], passphrase: bytes | None = None) -> Judged:
        """Read uploads and judge them; nothing is changed. Findings of severity error mean that it can't be installed,
        warnings that somebody should say yes first. Refuses `own-costly`.
        """
        return judge.judge(reader.read(uploads, passphrase), self._circumstances())

    def take(
        self, judged: Judged, *, origin: str = "import", accept: bool = False, minutes: int = MINUTES,
        confirm: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Install what was judged; returns the status. `accept` says that somebody has read the warnings.

        Refuses `own-refused` with all errors, `own-unaccepted` with all warnings, and what `install` refuses.
        """
        _check(judged, accept)
        assert judged.key
        assert judged.window
        leaf = judged.chain[0]
        held = OwnCertificate(
            origin=origin, installed=self.read_clock().now, serial=leaf.serial_number,
            issuer=leaf.issuer.rfc4514_string(), window=judged.window, names=list(judged.names),
            addresses=list(judged.addresses), claimed=list(judged.claimed), key=judged.key.pkcs8,
            certificates=[each.public_bytes(Encoding.DER) for each in judged.chain],
            anchor=judged.anchor.public_bytes(Encoding.DER) if judged.anchor else b"",
        )  # fmt: skip
        with self._lock():
            pool.add(self.slots, [*judged.chain[1:], *([judged.anchor] if judged.anchor else [])])
        return self.install(held, minutes=minutes, confirm=confirm)

    def _circumstances(self) -> Circumstances:
        settings, _ = boot.read_settings(self.state, self.options)
        window = self.state.template().issuer_window
        judged = time.judge(
            self.read_clock(), self.state.floor(), built=settings.built, ca_not_before=window.not_before,
            hint=self.state.hint() if settings.browser_time else None, ca_not_after=window.not_after,
        )  # fmt: skip
        known = judged.quality != time.UNKNOWN or judged.hint is not None
        try:
            waiting = pending.load(self.slots)
        except Refused:
            waiting = None  # said when a request is printed again
        return Circumstances(
            fit.answers(settings, self.look()), judged.now if known else judged.floor, known,
            waiting.private_key if waiting else None, pool.load(self.slots),
            tuple(each.text for each in waiting.names) if waiting else (),
        )  # fmt: skip

    def install(
        self, held: OwnCertificate | OwnIssuer, *, minutes: int = MINUTES, confirm: bool = False
    ) -> dict[str, Any]:
        """Serve it at once, on probation for so many minutes, or for good where it is confirmed; returns the status.

        Nothing is judged here: that was `examine`'s part. Refuses `own-not-served` when the web server does not take
        it; what was served before is served again then.
        """
        if not 1 <= minutes <= MOST_MINUTES:
            raise Refused("own-minutes", f"a probation of {minutes} minutes; it can be 1 to {MOST_MINUTES}")
        reading = self.read_clock()
        if not reading.boot_id:
            raise Refused(
                "own-no-boot", "the kernel does not tell one boot from another, so nothing can be on probation"
            )
        held.probation = Probation(reading.boot_id, reading.uptime + minutes * 60)
        with self._lock():
            self.slots.drop(slots.REVERTED)
            self.slots.save(slots.CANDIDATE, held.dump())
        report = self._switch(held)
        if confirm:
            return self.confirm(report["serial"])
        self._tell(report)
        self._wake(self.options, minutes * 60)
        return report

    def confirm(self, served_serial: str) -> dict[str, Any]:
        """Keep what is on probation; returns the status.

        `served_serial` is the serial number, in hexadecimal, of the certificate that the confirming connection was
        made with: the proof that somebody can use it. Refuses `own-none-on-probation`, `own-too-late` and
        `own-other-connection`.
        """
        with self._lock():
            held = self._on_probation()
            if held.probation is None or not held.probation.left(self.read_clock()):
                raise Refused(
                    "own-too-late", f"the probation of {held.serial:x} is over; it was not confirmed in time",
                    hint="install it again",
                )  # fmt: skip
            wanted = {f"{held.serial:x}"} if isinstance(held, OwnCertificate) else self._serials()
            seen = _plain(served_serial)
            if seen not in wanted:
                raise Refused(
                    "own-other-connection",
                    f"the connection was served {seen or 'nothing'}; {' or '.join(sorted(wanted))} is to be confirmed",
                    hint="open a new connection to the device, by a name of the new certificate, and confirm there",
                )  # fmt: skip
            shelf.keep(self.slots, held)
        return self._again()

    def revert(self, to: str = "") -> dict[str, Any]:
        """Go back; returns the status. What is on probation goes first, to what was before it. Without probation, or
        with `to`, what is confirmed is put aside: for the certificate before (`previous`), the customer's issuer
        (`issuer`), or the vendor's own chain (`vendor`). Nothing is lost: `previous` brings it back.

        Refuses `own-nothing` when there is nothing to go back from or to.
        """
        with self._lock():
            candidate = self._held(slots.CANDIDATE)
            if candidate is not None or self.slots.text(slots.CANDIDATE):
                self.slots.drop(slots.CANDIDATE)
                if not to:
                    to = "-"
            if not to:
                to = shelf.PREVIOUS if self.slots.text(slots.PREVIOUS) else shelf.VENDOR
            if to != "-":
                shelf.put_aside(self.slots, to)
            self.slots.drop(slots.REVERTED)
        return self._again()

    def status(self) -> dict[str, Any]:
        """What is served and how the slots stand, as status.json has it (`served`, `own`, `findings`), and what waits:
        `requests`, and `previous`.
        """
        try:
            report = json.loads(files.read(os.path.join(self.run.current, "status.json")))
        except (Refused, ValueError):
            report = {}
        previous = self._held(slots.PREVIOUS)
        return {
            "served": report.get("served", ""),
            "serial": report.get("serial", ""),
            "own": report.get("own", {}),
            "previous": f"{previous.serial:x}" if previous else "",
            "findings": [each for each in report.get("findings", []) if each["code"].startswith("own-")],
        }

    def _switch(self, held: OwnCertificate | OwnIssuer) -> dict[str, Any]:
        """Boot with the candidate; whatever goes wrong, what was before is served again."""
        try:
            report = self._boot(self.options)
            problem = _problem(report, held)
        except Refused as refused:
            problem = f"{refused}"
        if problem:
            with self._lock():
                self.slots.drop(slots.CANDIDATE)
            self._again()
            raise Refused(
                "own-not-served", f"it could not be served: {problem}", hint="what was served before is served again"
            )
        return report

    def _on_probation(self) -> OwnCertificate | OwnIssuer:
        held = self._held(slots.CANDIDATE)
        if held is None:
            raise Absent(
                "own-none-on-probation", "nothing is on probation",
                hint="it was confirmed, or it went back: `dotlocal device own status`",
            )  # fmt: skip
        return held

    def _held(self, name: str) -> OwnCertificate | OwnIssuer | None:
        try:
            return self.slots.held(name)
        except Refused:
            return None

    def _serials(self) -> set[str]:
        try:
            report = json.loads(files.read(os.path.join(self.run.current, "status.json")))
            return {str(report["serial"]), str(report["names_serial"])} if report["served"] == slots.ISSUER else set()
        except (Refused, ValueError, KeyError):
            return set()

    def _again(self) -> dict[str, Any]:
        report = self._boot(self.options)
        self._tell(report)
        return report

    def _tell(self, report: dict[str, Any]) -> None:
        """A watching process plans by what this boot found, and need not boot again."""
        look_in = report.get("own", {}).get("look_in")
        moments = [] if look_in is None else [float(look_in)]
        if report["served"] != slots.CERTIFICATE:
            window = instant(report["not_before"]), instant(report["not_after"])
            moments.append(max(renewal(*window, instant(report["clock"]["now"])), LEAST_RENEWAL_SECONDS))
        self.run.tell_change(monotonic() + min(moments) if moments else None)

    def _lock(self) -> files.Lock:
        if not self.state.has("device-ca.key"):
            raise Absent("no-state", f"{self.state.path} has no device CA key", hint="--state names another place")
        files.folder(self.slots.path, mode=0o700)
        return files.Lock(self.slots.path, _LOCK_SECONDS, folder=True)


def _check(judged: Judged, accept: bool) -> None:
    errors = [each for each in judged.findings if each.severity == ERROR]
    if errors:
        told = "; ".join(f"{each.message} ({each.code})" for each in errors)
        hint = "; ".join(dict.fromkeys(each.hint for each in errors if each.hint))
        raise Refused("own-refused", f"it can't be installed: {told}", hint=hint, facts={"findings": judged.findings})
    warnings = [each for each in judged.findings if each.severity == WARNING]
    if warnings and not accept:
        told = "; ".join(f"{each.message} ({each.code})" for each in warnings)
        raise Refused(
            "own-unaccepted", f"somebody should know before it is installed: {told}",
            hint="--accept installs it nonetheless", facts={"findings": judged.findings},
        )  # fmt: skip


def _problem(report: dict[str, Any], held: OwnCertificate | OwnIssuer) -> str:
    served = report["served"] == held.kind and "probation" in report.get("own", {})
    if not served or (isinstance(held, OwnCertificate) and report["serial"] != f"{held.serial:x}"):
        told = [each["message"] for each in report["findings"] if each["severity"] == "error"]
        return "; ".join(told) or "the device went on with what it had"
    failed = [each for each in report["findings"] if each["code"] == "handover-failed"]
    return failed[0]["message"] if failed else ""


def _plain(serial: str) -> str:
    return serial.strip().replace(":", "").lower().lstrip("0")
