"""The root signs: a factory CA for a station, or a device CA for a vendor without one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from dotlocal.core import authorities, keys, pem
from dotlocal.core.authorities import Terms
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.enrolment import Enrolled, decide
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.issue import Issuer, Linted, sign
from dotlocal.core.keys import Signer
from dotlocal.core.request import Request, parse_device, parse_factory
from dotlocal.host import entropy, files, signers
from dotlocal.host.files import Lock
from dotlocal.root.ceremony import Home
from dotlocal.wire.answer import Answer, StationPolicy
from dotlocal.wire.birth import BirthRecord

_LOCK_SECONDS = 10


@dataclass(frozen=True, slots=True)
class RootAuthority:
    """An opened root: its key, its certificate and the plan that it was made from."""

    home: Home
    signer: Signer
    certificate: x509.Certificate
    plan: dict[str, Any]

    @classmethod
    def open(cls, home: Home, passphrase: bytes | None) -> RootAuthority:
        """Open the key. Refuses a home without a root (`no-root`), what can't be read, and a key that is not the
        certificate's (`wrong-key`).
        """
        entries = home.transcript.entries()
        if not home.certificate.exists():
            raise Absent(
                "no-root", f"the ceremony in {home.path} was cut short: there is no root.pem",
                hint="start it over in another folder; this one's key was never used",
            )  # fmt: skip
        certificate, *others = pem.certificates(files.read(str(home.certificate)), str(home.certificate))
        if others:
            raise Refused("pem-count", f"{home.certificate} holds {1 + len(others)} certificates; one is expected")
        signer = signers.load(str(home.key), passphrase)
        if keys.spki_of(signer.public_key) != keys.spki_of(Issuer.of(certificate).public_key):
            raise Refused("wrong-key", f"{home.key} is not the key of {home.certificate}")
        return cls(home, signer, certificate, entries[0]["plan"])

    def sign_factory(self, data: bytes, *, years: int | None, now: int) -> str:
        """A station's request becomes a factory CA; the answer is PEM for `factory accept`.

        The same request again gets the same answer.
        """
        request = parse_factory(data)
        with Lock(str(self.home.lock), _LOCK_SECONDS):
            key_id = keys.key_id_of(request.public_key).hex()
            for entry in self._enrolled("factory"):
                if (entry.identity, entry.key_id) == (request.identity, key_id):
                    return self._answer(entry, now)
            terms = Terms(now, years, self.plan["device_min_years"])
            linted = authorities.factory_ca(
                request, self._issuer, organisation=self.plan["organisation"], terms=terms,
                serial=entropy.serial_number(), throwaway=signers.throwaway(self.signer.public_key),
            )  # fmt: skip
            certificate = self._signed("factory", request, linted, now)
            policy = StationPolicy(NamePolicy.parse(self.plan["names"]), self.plan["device_min_years"])
            answer = Answer.make(certificate, self.certificate, policy, self.signer.sign)
            return self._release(linted, Answer.parse(answer.encode().encode()).encode(), now)

    def sign_device(
        self, data: bytes, *, years: int | None, hostname: str | None, replace: str | None, now: int
    ) -> str:
        """A device's request becomes a device CA right below the root; the answer is its birth record.

        The same request again gets the same answer; see `dotlocal.core.enrolment` for what is refused.
        """
        request = parse_device(data)
        with Lock(str(self.home.lock), _LOCK_SECONDS):
            key_id = keys.key_id_of(request.public_key).hex()
            if earlier := decide(request.identity, key_id, self._enrolled("device"), replace):
                return self._answer(earlier, now)
            names = NamePolicy.parse(self.plan["names"])
            names = names if hostname is None else names.with_host(hostname)
            linted = authorities.device_ca(
                request, self._issuer, organisation=self.plan["organisation"],
                constraints=names.for_device(request.identity),
                terms=Terms(now, years, self.plan["device_min_years"]), serial=entropy.serial_number(),
                throwaway=signers.throwaway(self.signer.public_key),
            )  # fmt: skip
            certificate = self._signed("device", request, linted, now, replace)
            return self._release(linted, BirthRecord.of((certificate, self.certificate)).encode(), now)

    @property
    def _issuer(self) -> Issuer:
        return Issuer.of(self.certificate)

    def _signed(
        self, kind: str, request: Request, linted: Linted, now: int, replace: str | None = None
    ) -> x509.Certificate:
        intent = {
            "what": f"{kind}-intended", "identity": request.identity, "serial": f"{linted.serial:x}",
            "key_id": keys.key_id_of(request.public_key).hex(), "contents_sha256": linted.digest,
        } | ({"replaces": replace} if replace else {})  # fmt: skip
        self.home.transcript.append(intent, at=now)
        return sign(linted, self.signer)

    def _release(self, linted: Linted, answer: str, now: int) -> str:
        files.folder(str(self.home.issued))
        files.create(str(self._kept(f"{linted.serial:x}")), answer.encode())
        self.home.transcript.append({"what": "released", "serial": f"{linted.serial:x}"}, at=now)
        return answer

    def _answer(self, entry: Enrolled, now: int) -> str:
        answer = files.read(str(self._kept(entry.serial))).decode()
        released = {"what": "released", "serial": entry.serial}
        if not any(released.items() <= recorded.items() for recorded in self.home.transcript.entries()):
            self.home.transcript.append(released, at=now)  # cut short between keeping the answer and saying so
        return answer

    def _kept(self, serial: str) -> Path:
        return self.home.issued / f"{serial}.pem"

    def _enrolled(self, kind: str) -> list[Enrolled]:
        # an intent whose answer was never kept is a signature that nobody has; it answers nothing
        return [
            Enrolled(entry["identity"], entry["key_id"], entry["serial"], entry["at"])
            for entry in self.home.transcript.entries()
            if entry["what"] == f"{kind}-intended" and self._kept(entry["serial"]).exists()
        ]
