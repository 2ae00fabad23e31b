"""What a customer does with an own certificate: install, confirm, revert, look. For commands and for a product's pages.

from dotlocal.device.owned.steps import Owned

owned = Owned()                       # the usual places; Owned(options) for others
print(owned.status())
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import ERROR, WARNING, Finding
from dotlocal.core.issue import Issuer, prepare
from dotlocal.core.names import Address, HostName
from dotlocal.core.profiles import SERVER
from dotlocal.core.request import parse_device
from dotlocal.core.subtrees import Subtrees
from dotlocal.device import boot, configuration, time
from dotlocal.device.owned import alone, below, choice, fit, judge, pending, pool, proposal, reader, shelf, slots
from dotlocal.device.owned.below import JudgedIssuer
from dotlocal.device.owned.fit import Answers
from dotlocal.device.owned.material import Circumstances, Judged, Upload
from dotlocal.device.owned.slots import OwnCertificate, OwnIssuer
from dotlocal.device.owned.switching import MINUTES, Switching
from dotlocal.host import custody, files, keys, signers
from dotlocal.host.custody import Place
from dotlocal.wire.birth import BirthRecord

_ALONE = "self-signed"


class Owned(Switching):
    """The customer's own of one device, and every way to one."""

    def answers(self) -> list[str]:
        """What the device answers to, as far as it knows: names, then addresses."""
        settings, _ = boot.read_settings(self.state, self.options)
        return fit.answers(settings, self.look()).texts()

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
            made = pending.for_server(*wanted)
            self.slots.save(pending.SLOT, made.dump())
            return made.pem

    def examine(
        self, uploads: Sequence[Upload], passphrase: bytes | None = None, *, claimed: Sequence[str] = ()
    ) -> Judged:
        """Read uploads and judge them; nothing is changed. Findings of severity error mean that it can't be installed,
        warnings that somebody should say yes first. `claimed` are names that the device is known to go by, beyond what
        it can know by itself. Refuses `own-costly`.
        """
        around = self._circumstances()
        around = replace(around, claimed=tuple(dict.fromkeys((*around.claimed, *claimed))))
        return judge.judge(reader.read(uploads, passphrase), around)

    def take(
        self, judged: Judged, *, origin: str = "import", accept: bool = False, minutes: float = MINUTES,
        confirm: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Install what was judged; returns the status. `accept` says that somebody has read the warnings.

        Refuses `own-refused` with all errors, `own-unaccepted` with all warnings, and what `install` refuses.
        """
        _check(judged.findings, accept)
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

    def issuer_request(self, within: Sequence[str] = (), *, force: bool = False) -> tuple[str, Subtrees]:
        """A request (PEM) for a constrained CA of this device's own, to be signed by the customer's CA, and the
        constraints that it proposes; `within` are the customer's DNS suffixes and address ranges. Said again, it is
        the same one, unless others are proposed or `force` is given.
        """
        with self._lock():
            wanted = proposal.propose(within, self._circumstances().answers)
            waiting = None if force else pending.load(self.slots, pending.ISSUER_SLOT)
            if waiting is None or (within and proposal.asked(waiting.request) != wanted):
                waiting = pending.for_issuer(self._serial(), wanted, self._place())
                self.slots.save(pending.ISSUER_SLOT, waiting.dump())
            return waiting.pem, proposal.asked(waiting.request)

    def examine_issuer(self, uploads: Sequence[Upload], passphrase: bytes | None = None) -> JudgedIssuer:
        """Read and judge what the customer's CA has answered to `issuer_request`; nothing is changed."""
        return below.judge(reader.read(uploads, passphrase), self._circumstances(pending.ISSUER_SLOT))

    def take_issuer(
        self, judged: JudgedIssuer, *, accept: bool = False, minutes: float = MINUTES, confirm: bool = False
    ) -> dict[str, Any]:
        """Install the customer's CA as the issuer of every boot's certificate; as `take`."""
        _check(judged.findings, accept)
        waiting = pending.load(self.slots, pending.ISSUER_SLOT)
        assert judged.issuer
        assert waiting
        with self._lock():
            pool.add(self.slots, judged.certificates[1:])
        held = self._issuing(slots.ISSUER, waiting.key_text, judged.issuer, judged.certificates, rooted=judged.rooted)
        return self.install(held, minutes=minutes, confirm=confirm)

    def self_signed(
        self, within: Sequence[str] = (), *, years: int = alone.YEARS, force: bool = False, minutes: float = MINUTES,
        confirm: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Make a CA that vouches for this device alone, and issue below it from now on; `anchor` is what to import.

        Said again, it is the same CA, for browsers have it by now; `force`, other names or another life make a new one.
        """
        around = self._circumstances()
        if not force and not within and (before := self._alone(around.answers)):
            return self.install(before, minutes=minutes, confirm=confirm)
        wanted = proposal.propose(within, around.answers)
        if within:
            alone.check(wanted)
        key, issuer, made = alone.make(self._serial(), wanted, now=around.now, years=years)
        held = self._issuing(_ALONE, key, issuer, (made,), rooted=True)
        with self._lock():
            self.slots.save(slots.ALONE, held.dump())  # browsers may have it, whatever becomes of the probation
        return self.install(held, minutes=minutes, confirm=confirm)

    def _alone(self, answers: Answers) -> OwnIssuer | None:
        held = self._held(slots.ALONE)
        if not isinstance(held, OwnIssuer):
            return None
        return held if choice.standing(held, answers, self._clock()) == choice.USABLE else None

    def anchor(self) -> str:
        """The root of what is served (PEM), the vendor's included, to be imported. Refuses `own-no-anchor`."""
        for name in (slots.CANDIDATE, slots.CERTIFICATE, slots.ISSUER):
            held = self._held(name)
            if isinstance(held, OwnCertificate) and held.anchor:
                return keys.write_pem("CERTIFICATE", held.anchor)
            if isinstance(held, OwnIssuer) and held.rooted:
                return keys.write_pem("CERTIFICATE", held.certificates[-1])
            if held is not None:
                raise Absent("own-no-anchor", "the root of what is served is not known here", hint="your CA has it")
        vendor = BirthRecord.parse(self.state.text("birth.pem").encode()).root
        return keys.write_pem("CERTIFICATE", vendor.public_bytes(Encoding.DER))

    def _issuing(
        self, origin: str, key_text: str, issuer: Issuer, certificates: Sequence[x509.Certificate], *, rooted: bool
    ) -> OwnIssuer:
        prepared = prepare(SERVER, issuer, throwaway=signers.throwaway(issuer.public_key))
        return OwnIssuer(
            origin=origin, installed=self.read_clock().now, serial=issuer.serial,
            issuer=certificates[0].issuer.rfc4514_string(), key_text=key_text,
            certificates=[each.public_bytes(Encoding.DER) for each in certificates], rooted=rooted,
            template=prepared.template,
        )  # fmt: skip

    def _serial(self) -> str:
        """The device's serial number, from its own request or its device CA."""
        try:
            return parse_device(self.state.text("request.pem").encode()).identity
        except Refused:
            return BirthRecord.parse(self.state.text("birth.pem").encode()).serial_number

    def _place(self) -> Place:
        """A TPM makes the customer's CA key as well; other places hold one key, and the vendor's is there."""
        path = self.options.config
        place = configuration.parse(files.read(path), path).key if os.path.exists(path) else None
        return place if place and place.kind == "tpm" else custody.FILE

    def _circumstances(self, slot: str = pending.SLOT) -> Circumstances:
        settings, _ = boot.read_settings(self.state, self.options)
        judged = self._clock()
        known = judged.quality != time.UNKNOWN or judged.hint is not None
        try:
            waiting = pending.load(self.slots, slot)
        except Refused:
            waiting = None  # said when a request is printed again
        return Circumstances(
            fit.answers(settings, self.look()), judged.now if known else judged.floor, known,
            waiting.private_key if waiting else None, pool.load(self.slots),
            tuple(each.text for each in waiting.names) if waiting else (), self._here(),
        )  # fmt: skip

    def _here(self) -> tuple[x509.Certificate, ...]:
        """The certificates in the slots, and the vendor's; one that can't be read is passed over."""
        found: list[x509.Certificate] = []
        for name in (slots.CANDIDATE, slots.CERTIFICATE, slots.PREVIOUS, slots.ISSUER, shelf.PREVIOUS_ISSUER):
            held = self._held(name)
            found += [x509.load_der_x509_certificate(each) for each in held.certificates] if held else []
        try:
            vendor = BirthRecord.parse(self.state.text("birth.pem").encode())
        except Refused:
            return tuple(found)
        return (*found, *vendor.certificates)

    def _clock(self) -> time.Clock:
        settings, _ = boot.read_settings(self.state, self.options)
        window = self.state.template().issuer_window
        return time.judge(
            self.read_clock(), self.state.floor(), built=settings.built, ca_not_before=window.not_before,
            hint=self.state.hint() if settings.browser_time else None, ca_not_after=window.not_after,
        )  # fmt: skip


def _check(findings: Sequence[Finding], accept: bool) -> None:
    errors = [each for each in findings if each.severity == ERROR]
    if errors:
        told = "; ".join(f"{each.message} ({each.code})" for each in errors)
        hint = "; ".join(dict.fromkeys(each.hint for each in errors if each.hint))
        raise Refused("own-refused", f"it can't be installed: {told}", hint=hint, facts={"findings": findings})
    warnings = [each for each in findings if each.severity == WARNING]
    if warnings and not accept:
        told = "; ".join(f"{each.message} ({each.code})" for each in warnings)
        raise Refused(
            "own-unaccepted", f"somebody should know before it is installed: {told}",
            hint="--accept installs it nonetheless", facts={"findings": findings},
        )  # fmt: skip
