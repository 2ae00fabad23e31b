"""Putting a customer's own certificate into service, keeping it, and going back: what all its sources share.

1. what is new becomes the candidate     2. boot: it is served at once, on probation, and handed over
3. `confirm` over a connection that used it makes it the confirmed one; otherwise it goes back by itself
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from time import monotonic
from typing import Any

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import WARNING, Finding
from dotlocal.device import boot, status, surroundings
from dotlocal.device.boot import Options
from dotlocal.device.handover import offered, proof, servers
from dotlocal.device.owned import pending, shelf, slots, timer
from dotlocal.device.owned.awaited import Awaited, awaited
from dotlocal.device.owned.slots import OwnCertificate, OwnIssuer, Probation, Slots
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.watch.schedule import LEAST_RENEWAL_SECONDS, look_of, renewal_of
from dotlocal.host import clock, files
from dotlocal.host.clock import Reading

MINUTES = 10  # of probation, unless told
MOST_MINUTES = 24 * 60
_LOCK_SECONDS = 10
_UNWATCHED = Finding(
    "own-unwatched", WARNING, "probation", "no process could be started that ends the probation when its time is over",
    hint="unless `dotlocal device watch` runs: confirm in time, or `dotlocal device own revert`, or boot",
)  # fmt: skip
_EVERYWHERE = ("", "0.0.0.0", "[::]")  # noqa: S104  read, not bound


class Switching:
    """The customer's own of one device. The ports are for tests: clock, surroundings, and who wakes us up later."""

    def __init__(
        self, options: Options | None = None, *, read_clock: Callable[[], Reading] = clock.read,
        look: Callable[[], Surroundings] = surroundings.look, wake: Callable[[Options, int], bool] = timer.start,
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

    def install(
        self, held: OwnCertificate | OwnIssuer, *, minutes: float = MINUTES, confirm: bool = False
    ) -> dict[str, Any]:
        """Serve it at once, on probation for so many minutes, or for good where it is confirmed; returns the status.

        Nothing is judged here: that was `examine`'s part. Refuses `own-minutes` and `own-no-boot`, and `own-not-served`
        when the web server does not take it; what was served before is served again then.
        """
        seconds = round(minutes * 60) if 0 <= minutes <= MOST_MINUTES else 0
        if not seconds:
            raise Refused("own-minutes", f"a probation of {minutes} minutes; it can be up to {MOST_MINUTES}")
        reading = self.read_clock()
        if not reading.boot_id:
            raise Refused(
                "own-no-boot", "the kernel does not tell one boot from another, so nothing can be on probation"
            )
        held.probation = Probation(reading.boot_id, reading.uptime + seconds)
        with self._lock():
            self.slots.drop(slots.REVERTED)
            self.slots.save(slots.CANDIDATE, held.dump())
            report = self._switch(held)  # under the lock: of two who install at once, one waits
        if confirm:  # the switch has proved that it is served
            return self.confirm(fingerprint=min(self.awaited().fingerprints, default=""))
        self._tell(report)
        if not self._wake(self.options, seconds):
            report["findings"] += status.findings([_UNWATCHED])
        return report

    def confirm(self, serial: str = "", *, fingerprint: str = "") -> dict[str, Any]:
        """Keep what is on probation; returns the status.

        `fingerprint` is the SHA-256, in hexadecimal, of the certificate that the confirming connection was made with:
        the proof that somebody can use it. `serial`, its serial number, does where that can't be had, unless another
        certificate known here has the same. Refuses `own-none-on-probation`, `own-too-late` and `own-other-connection`.
        """
        with self._lock():
            held = self._on_probation()
            if held.probation is None or not held.probation.left(self.read_clock()):
                raise Refused(
                    "own-too-late", f"the probation of {held.serial:x} is over; it was not confirmed in time",
                    hint="install it again",
                )  # fmt: skip
            awaits = self._awaited(held)
            seen, wanted = _plain(serial).lstrip("0"), awaits.serials
            if fingerprint:
                seen, wanted = _plain(fingerprint), awaits.fingerprints
            if seen not in wanted:
                raise Refused(
                    "own-other-connection",
                    f"the connection was served {seen or 'nothing'}; {' or '.join(sorted(wanted))} is to be confirmed",
                    hint="open a new connection to the device, by a name of the new certificate, and confirm there",
                )  # fmt: skip
            if not fingerprint and seen in awaits.repeated:
                raise Refused(
                    "own-other-connection",
                    f"the connection was served {seen}, which is the serial number of another certificate as well",
                    hint="confirm by the fingerprint, as `dotlocal device own confirm` does (RFC 5280 4.1.2.2)",
                )  # fmt: skip
            shelf.keep(self.slots, held)
        return self._again()

    def awaited(self) -> Awaited:
        """What the connection that confirms must have been given. Refuses `own-none-on-probation`."""
        return self._awaited(self._on_probation())

    def revert(self, to: str = "") -> dict[str, Any]:
        """Go back; returns the status. What is on probation goes first, to what was before it. Without probation, or
        with `to`, what is confirmed is put aside: for the certificate before (`previous`), the customer's issuer
        (`issuer`), or the vendor's own chain (`vendor`). Nothing is lost: `previous` brings it back.

        Refuses `own-nothing` when there is nothing to go back from or to.
        """
        with self._lock():
            on_probation = os.path.lexists(self.slots.file(slots.CANDIDATE))  # a torn one goes as well
            self.slots.drop(slots.CANDIDATE)
            if to or not on_probation:
                before = shelf.PREVIOUS if self.slots.text(slots.PREVIOUS) else shelf.VENDOR
                try:
                    shelf.put_aside(self.slots, to or before)
                except Refused:
                    if not on_probation:  # else that was all there was to go back from
                        raise
            self.slots.drop(slots.REVERTED)
        return self._again()

    def confirm_here(self, connect: str = "") -> dict[str, Any]:
        """Connect to the device's own web server, and confirm by what it serves; returns the status.

        `connect` is HOST:PORT; without it `[handover] connect` or `[serve] listen` of device.toml says where. Refuses
        `own-where`, `own-unreachable`, and what `confirm` refuses.
        """
        where = servers.endpoint("connect", connect) if connect else self._listening()
        held = self._on_probation()
        name = next((each for each in getattr(held, "names", ()) if not each.startswith("*")), None)
        try:
            shown = proof.served(where, name)
        except OSError as error:
            raise Refused(
                "own-unreachable", f"no TLS at {where[0]} port {where[1]}: {error.strerror or error}",
                hint="look whether the web server runs; `device own confirm --connect HOST:PORT` names another place",
            ) from None  # fmt: skip
        return self.confirm(proof.serial_of(shown), fingerprint=proof.fingerprint_of(shown))

    def _listening(self) -> tuple[str, int]:
        settings, _ = boot.read_settings(self.state, self.options)
        if settings.handover:
            return servers.Server(settings.handover, settings.handover_command).connect
        if settings.serve_listen:
            host, _, port = settings.serve_listen.rpartition(":")
            return servers.endpoint("serve.listen", f"{'127.0.0.1' if host in _EVERYWHERE else host}:{port}")
        raise Absent(
            "own-where", "device.toml says nowhere which web server is the device's own",
            hint="give --connect HOST:PORT, as in 127.0.0.1:443",
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        """What is served and how the slots stand, as status.json has it: `served`, `serial`, `own`, `findings`, and
        `looked`, when that was; `left`, the seconds of probation from now on; `previous` for a way back, and `waiting`
        for the requests whose answers are awaited.
        """
        report = self._report()
        previous, candidate = self._held(slots.PREVIOUS), self._held(slots.CANDIDATE)
        probation = candidate.probation if candidate else None
        return {
            "served": report.get("served", ""),
            "serial": report.get("serial", ""),
            "looked": report.get("clock", {}).get("now", ""),
            "own": report.get("own", {}),
            "left": probation.left(self.read_clock()) if probation else 0,
            "previous": f"{previous.serial:x}" if previous else "",
            "waiting": [each for each in (pending.SLOT, pending.ISSUER_SLOT) if self.slots.text(each)],
            "findings": [each for each in report.get("findings", []) if str(each["code"]).startswith("own-")],
        }

    def _switch(self, held: OwnCertificate | OwnIssuer) -> dict[str, Any]:
        """Boot with the candidate; whatever goes wrong, what was before is served again."""
        try:
            report = self._boot(self.options)
            problem = _problem(report, held)
        except Refused as refused:
            problem = f"{refused}"
        if problem:
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

    def _awaited(self, held: OwnCertificate | OwnIssuer) -> Awaited:
        known = (self._held(name) for name in (slots.CERTIFICATE, slots.PREVIOUS))
        others = [each.certificates[0] for each in known if isinstance(each, OwnCertificate)]
        if isinstance(held, OwnCertificate):
            return awaited([held.certificates[0]], others)
        report = self._report()
        served = report.get("served") == slots.ISSUER and "probation" in report.get("own", {})
        return awaited(self._leaves() if served else [], others)

    def _leaves(self) -> list[bytes]:
        """The server certificates of the current set: the one with addresses, and the one with names alone."""
        current = os.path.realpath(self.run.current)  # both of one set
        try:
            texts = [files.read(os.path.join(current, name)) for name in (offered.WITH_ADDRESSES, offered.NAMES_ONLY)]
            return [offered.leaf(text.decode("ascii")) for text in texts]
        except (Refused, ValueError):
            return []

    def _report(self) -> dict[str, Any]:
        """status.json, or nothing where it is missing or no status."""
        try:
            report = json.loads(files.read(os.path.join(self.run.current, "status.json")))
        except (Refused, ValueError, RecursionError):
            return {}
        whole = isinstance(report, dict) and {"served", "own", "serial", "names_serial", "findings"} <= set(report)
        return report if whole else {}

    def _again(self) -> dict[str, Any]:
        self._wake(self.options, 0)
        report = self._boot(self.options)
        self._tell(report)
        return report

    def _tell(self, report: dict[str, Any]) -> None:
        """A watching process plans by what this boot found, and need not boot again."""
        look_in = look_of(report)
        moments = [] if look_in is None else [look_in]
        if report.get("served") != slots.CERTIFICATE:
            moments.append(max(renewal_of(report), LEAST_RENEWAL_SECONDS))
        self.run.tell_change(monotonic() + min(moments) if moments else None)

    def _lock(self) -> files.Lock:
        if not self.state.has("device-ca.key"):
            raise Absent("no-state", f"{self.state.path} has no device CA key", hint="--state names another place")
        files.folder(self.slots.path, mode=0o700)
        return files.Lock(self.slots.path, _LOCK_SECONDS, folder=True)


def _problem(report: dict[str, Any], held: OwnCertificate | OwnIssuer) -> str:
    served = report.get("served") == held.kind and "probation" in report.get("own", {})
    if not served or (isinstance(held, OwnCertificate) and report["serial"] != f"{held.serial:x}"):
        told = [each["message"] for each in report["findings"] if each["severity"] == "error"]
        return "; ".join(told) or "the device went on with what it had"
    failed = [each for each in report["findings"] if each["code"] == "handover-failed"]
    return failed[0]["message"] if failed else ""


def _plain(told: str) -> str:
    return told.strip().replace(":", "").lower()
