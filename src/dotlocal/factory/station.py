"""The station: makes one device CA at a time, in the order intent, signature, check, release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from dotlocal.core import authorities, keys, pem, pkcs10
from dotlocal.core.authorities import Terms
from dotlocal.core.chain import fingerprint
from dotlocal.core.enrolment import decide
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.issue import Issuer, sign
from dotlocal.core.request import Request, parse_device, parse_factory
from dotlocal.core.subject import check_station
from dotlocal.factory.ledger import Ledger
from dotlocal.host import entropy, files, signers
from dotlocal.host.files import Lock
from dotlocal.host.signers import KeySigner
from dotlocal.wire.answer import Answer
from dotlocal.wire.birth import BirthRecord

_LOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of a station."""

    path: Path

    @property
    def key(self) -> Path:
        """The factory CA's private key."""
        return self.path / "station.key"

    @property
    def request(self) -> Path:
        """The request for the root."""
        return self.path / "request.pem"

    @property
    def answer(self) -> Path:
        """The root's answer: factory CA, root, policy."""
        return self.path / "factory.pem"

    @property
    def ledger(self) -> Path:
        """The journal."""
        return self.path / "ledger.sqlite"

    @property
    def lock(self) -> Path:
        """Held while a device CA is made."""
        return self.path / "lock"


def init(home: Home, name: str, *, kind: str, passphrase: bytes | None) -> str:
    """Make the station's key and its request for the root; the request is returned, PEM.

    Said again, it returns the same request; under another name it is refused as `station-exists`.
    """
    check_station(name)
    if home.request.exists():
        request = files.read(str(home.request))
        found = parse_factory(request).identity
        if found != name:
            raise Refused("station-exists", f"{home.path} is the station {found!r}, not {name!r}")
        return request.decode()
    if passphrase is not None:
        signers.check_passphrase(passphrase)
    files.folder(str(home.path), mode=0o700)
    if home.key.exists():  # cut short between key and request: the key was never seen by anybody, and is taken up
        signer = signers.load(str(home.key), passphrase)
    else:
        signer = signers.generate(kind)
        files.create(str(home.key), signer.encode(passphrase), mode=0o600)
    signed = pkcs10.contents(pkcs10.common_name(name), keys.spki_of(signer.public_key))
    request_der = pkcs10.request(signed, signer.algorithm, signer.sign(signed))
    text = pem.encode(pem.REQUEST, request_der)
    files.create(str(home.request), text.encode())
    return text


def accept(home: Home, data: bytes, *, root_fingerprint: str | None, passphrase: bytes | None, now: int) -> Answer:
    """Check the root's answer and keep it. Refuses an answer for another key, another root than the fingerprint's,
    one that has expired, and a second one (`station-accepted`) unless it is the same.
    """
    answer = Answer.parse(data)
    signer = _key(home, passphrase)
    if keys.spki_of(signer.public_key) != keys.spki_of(Issuer.of(answer.factory_ca).public_key):
        raise Refused("wrong-key", "the factory CA in the answer is for another key than this station's")
    found = fingerprint(answer.root)
    if root_fingerprint is not None and _bare(root_fingerprint) != _bare(found):
        raise Refused("wrong-root", f"the root's fingerprint is {found}, not {root_fingerprint}")
    issuer = Issuer.of(answer.factory_ca, answer.root)
    if now > issuer.window.not_after:
        raise Refused("issuer-expired", "the factory CA in the answer has expired")
    text = answer.encode().encode()
    if home.answer.exists() and files.read(str(home.answer)) != text:
        raise Refused(
            "station-accepted", f"{home.answer} holds another answer of the root",
            hint="a new factory CA is a new station: use another --home",
        )  # fmt: skip
    Ledger(home.ledger, create=True).close()
    files.write(str(home.answer), text)
    return answer


@dataclass(frozen=True, slots=True)
class Station:
    """A station at work. `clock` gives now, in POSIX seconds."""

    home: Home
    signer: KeySigner
    answer: Answer
    clock: Callable[[], int]

    @classmethod
    def open(cls, home: Home, *, passphrase: bytes | None, clock: Callable[[], int]) -> Station:
        """Open the station's key and what the root answered; refuses `no-answer`, and what can't be read."""
        signer = _key(home, passphrase)
        if not home.answer.exists():
            raise Absent("no-answer", f"{home.path} has no answer of the root yet", hint="`dotlocal factory accept`")
        return cls(home, signer, Answer.parse(files.read(str(home.answer))), clock)

    def provision(
        self, data: bytes, *, hostname: str | None = None, replace: str | None = None, years: int | None = None
    ) -> BirthRecord:
        """A device's request becomes its birth record.

        The same request again gets the same record. `hostname` is one more exact name that the device may have,
        where `{serial}` stands for its serial number. `replace` is the reason why a known serial number gets a new
        key. See `dotlocal.core.enrolment` for what is refused. May be killed at any point: the next run closes what
        it finds open.
        """
        request = parse_device(data)
        with Lock(str(self.home.lock), _LOCK_SECONDS):
            ledger = Ledger(self.home.ledger, create=False)
            try:
                ledger.abandon_open(at=self.clock())
                key_id = keys.key_id_of(request.public_key).hex()
                earlier = decide(request.identity, key_id, ledger.enrolled(request.identity, key_id), replace)
                if earlier:
                    serial = earlier.serial
                else:
                    serial = self._issue(ledger, request, key_id, hostname=hostname, replace=replace, years=years)
                device_ca = pem.certificate(ledger.certificate(serial), "the ledger")
                record = BirthRecord.of((device_ca, self.answer.factory_ca, self.answer.root))
                ledger.released(serial, at=self.clock())
                return record
            finally:
                ledger.close()

    def _issue(
        self, ledger: Ledger, request: Request, key_id: str, *, hostname: str | None, replace: str | None,
        years: int | None,
    ) -> str:  # fmt: skip
        policy = self.answer.policy
        names = policy.names if hostname is None else policy.names.with_host(hostname)
        issuer = Issuer.of(self.answer.factory_ca, self.answer.root)
        linted = authorities.device_ca(
            request, issuer, organisation=_organisation(self.answer.factory_ca),
            constraints=names.for_device(request.identity),
            terms=Terms(self.clock(), years, policy.device_min_years), serial=entropy.serial_number(),
            throwaway=signers.throwaway(self.signer.public_key),
        )  # fmt: skip
        serial = f"{linted.serial:x}"
        ledger.intend(serial, request.identity, key_id, linted.digest, replaces=replace, at=self.clock())
        certificate = sign(linted, self.signer)
        ledger.signed(serial, certificate.public_bytes(Encoding.DER), at=self.clock())
        return serial


def _key(home: Home, passphrase: bytes | None) -> KeySigner:
    if not home.key.exists():
        raise Absent("no-station", f"there is no station in {home.path}", hint="`dotlocal factory init` makes one")
    return signers.load(str(home.key), passphrase)


def _organisation(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value)


def _bare(shown: str) -> str:
    return "".join(character for character in shown.lower() if character.isalnum())
