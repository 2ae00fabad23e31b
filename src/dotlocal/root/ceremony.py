"""The ceremony: make a root from a plan, in steps that are the same when rehearsed and when meant.

1. read the plan          2. make the key             3. prepare and lint a draft with a throw-away key
4. record the intent      5. sign, and check          6. write key, certificate and transcript
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal import VERSION
from dotlocal.core import authorities, keys, pem
from dotlocal.core.chain import fingerprint
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Linted, sign
from dotlocal.host import entropy, files, signers
from dotlocal.host.signers import KeySigner
from dotlocal.root.plan import Plan
from dotlocal.root.transcript import Transcript

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of a root."""

    path: Path

    @property
    def key(self) -> Path:
        """The private key, encrypted."""
        return self.path / "root.key"

    @property
    def certificate(self) -> Path:
        """The root certificate: what customers import."""
        return self.path / "root.pem"

    @property
    def transcript(self) -> Transcript:
        """The record of everything that the key did."""
        return Transcript(self.path / "transcript.json")

    @property
    def issued(self) -> Path:
        """Every answer that was given, by the certificate's serial number."""
        return self.path / "issued"

    @property
    def lock(self) -> Path:
        """Held while the key is in use."""
        return self.path / "lock"


def rehearse(plan: Plan, *, now: int, say: Say) -> x509.Certificate:
    """Everything but writing, on a key that is forgotten afterwards."""
    signer, linted = _prepare(plan, now, say)
    certificate = sign(linted, signer)
    say(f"rehearsed: {plan.name}, {len(certificate.public_bytes(Encoding.DER))} octets; nothing was written")
    return certificate


def create(plan: Plan, home: Home, passphrase: bytes, *, now: int, say: Say) -> x509.Certificate:
    """Make the root. Refuses `root-exists` when any of its files is there already; nothing is ever overwritten.

    A ceremony that was cut short before the certificate existed leaves `root.key` or `transcript.json`, and is
    started over in another folder: the key of an unfinished ceremony is never taken up again.
    """
    for path in (home.key, home.certificate, home.transcript.path):
        if path.exists():
            raise Refused(
                "root-exists", f"{path} exists already; a root is never overwritten",
                hint="choose another --home, or move the old folder away",
            )  # fmt: skip
    signers.check_passphrase(passphrase)
    files.folder(str(home.path), mode=0o700)
    signer, linted = _prepare(plan, now, say)
    encrypted = signer.encode(passphrase)
    home.transcript.start(_intent(plan, linted), at=now)
    files.create(str(home.key), encrypted, mode=0o600)
    certificate = sign(linted, signer)
    text = pem.encode(pem.CERTIFICATE, certificate.public_bytes(Encoding.DER))
    files.create(str(home.certificate), text.encode())
    home.transcript.append(_made(certificate, text, encrypted), at=now)
    say(f"wrote {home.key} (encrypted), {home.certificate} and {home.transcript.path}")
    return certificate


def _prepare(plan: Plan, now: int, say: Say) -> tuple[KeySigner, Linted]:
    say(f"plan {plan.digest[:16]}: {plan.organisation}, {plan.name}, {plan.key}, {plan.years} years")
    signer = signers.generate(plan.key)
    linted = authorities.root_ca(
        plan.subject, signer.public_key, now=now, years=plan.years, constraints=plan.constraints,
        serial=entropy.serial_number(), throwaway=signers.throwaway(signer.public_key),
    )  # fmt: skip
    say(f"draft linted: contents {linted.digest[:16]}")
    return signer, linted


def _intent(plan: Plan, linted: Linted) -> dict[str, object]:
    return {
        "what": "root-intended", "version": VERSION, "plan": plan.as_dict(), "plan_sha256": plan.digest,
        "serial": f"{linted.serial:x}", "contents_sha256": linted.digest,
        "key_id": keys.key_id_of(linted.issuer.public_key).hex(),
    }  # fmt: skip


def _made(certificate: x509.Certificate, text: str, encrypted_key: bytes) -> dict[str, object]:
    return {
        "what": "root-made", "serial": f"{certificate.serial_number:x}", "fingerprint_sha256": fingerprint(certificate),
        "files_sha256": {"root.pem": sha256(text.encode()).hexdigest(), "root.key": sha256(encrypted_key).hexdigest()},
    }  # fmt: skip
