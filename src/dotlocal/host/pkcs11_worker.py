"""The child process that has a PKCS#11 token: it signs digests, makes a key, removes it.

`dotlocal.host.pkcs11` starts it and sends one line of JSON for each; it ends when nobody asks any more. The PIN is
read here, and goes to the token and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import Any, cast

from dotlocal.core.errors import Refused
from dotlocal.core.template import seal, unseal
from dotlocal.host import files
from dotlocal.host.reconnect import Away

try:
    import pkcs11
except ImportError:
    pkcs11 = None  # type: ignore[assignment]  # said in `Worker.answer`, with what to do

_ROUNDS = 100_000
_REFUSED_HEADING = "dotlocal refused pin 1"
_P256 = bytes.fromhex("06082a8648ce3d030107")  # CKA_EC_PARAMS: the curve by its name (RFC 5480 2.1.1.1)
_POINT_HEADS = (b"\x04\x41\x04", b"\x04")  # CKA_EC_POINT: an OCTET STRING, or bare as some tokens have it
# What passes, or may pass with a new session: everything else is said once.
_PASSING = (
    "TokenNotPresent", "TokenNotRecognised", "NoSuchToken", "DeviceRemoved", "DeviceError", "DeviceMemory",
    "SessionHandleInvalid", "SessionClosed", "SessionCount", "UserNotLoggedIn", "SlotIDInvalid", "HostMemory",
)  # fmt: skip
_PIN_TROUBLE = ("PinIncorrect", "PinInvalid", "PinLenRange", "PinLocked", "PinExpired")


class Worker:
    """One token, with one session that is kept until the process ends."""

    def __init__(self) -> None:
        self._session: Any = None

    def answer(self, question: dict[str, Any]) -> dict[str, str]:
        """Do what is asked. Raises `Away` and `Refused`."""
        facts, path = question["facts"], question["path"]
        if pkcs11 is None:
            raise Refused("package-missing", "the Python package python-pkcs11 is not installed",
                          hint="pip install 'dotlocal[pkcs11]'")  # fmt: skip
        try:
            self._session = self._session or _session(facts, path, writing=question["do"] != "sign")
            if question["do"] == "make":
                return _make(self._session, facts)
            if question["do"] == "destroy":
                _destroy(self._session, facts)
                return {}
            return {"signature": _sign(self._session, facts, bytes.fromhex(question["digest"])).hex()}
        except pkcs11.PKCS11Error as error:
            raise _judged(error, facts) from None


def _session(facts: dict[str, str], path: str, *, writing: bool) -> Any:
    token = pkcs11.lib(facts["module"]).get_token(token_label=facts["token"])
    pin = _pin(facts)
    if pin is None:
        return token.open(rw=writing)
    check_pin(pin, token, facts, path)
    try:
        session = token.open(rw=writing, user_pin=pin.decode())
    except pkcs11.PKCS11Error as error:
        if type(error).__name__ in _PIN_TROUBLE:
            _remember_refused(pin, path)
        raise
    files.remove(_refused_file(path))
    return session


def _pin(facts: dict[str, str]) -> bytes | None:
    if "pin-credential" in facts:
        source = os.path.join(os.environ.get("CREDENTIALS_DIRECTORY", ""), facts["pin-credential"])
    elif "pin-file" in facts:
        source = facts["pin-file"]
    else:
        return None
    try:
        return files.read(source, most=4096).split(b"\n", 1)[0].rstrip(b"\r")
    except Refused as refused:
        hint = "a credential is there only inside a systemd unit that has LoadCredential= or LoadCredentialEncrypted="
        raise Refused("pin-missing", refused.message, hint=hint if "pin-credential" in facts else "") from None


def check_pin(pin: bytes, token: Any, facts: dict[str, str], path: str) -> None:
    """Never spend a try that is lost anyway: a token locks itself after a few, and a device boots often.
    Refuses `pin-not-tried`.
    """
    named = f"the token {facts['token']!r}"
    if token.flags & (pkcs11.TokenFlag.USER_PIN_FINAL_TRY | pkcs11.TokenFlag.USER_PIN_LOCKED):
        raise Refused(
            "pin-not-tried", f"{named} says that one more wrong PIN locks it, or that it is locked",
            hint="log in once with the token vendor's own tool, or unlock it with its SO PIN",
        )  # fmt: skip
    if _was_refused(pin, path):
        raise Refused(
            "pin-not-tried", f"{named} has refused this very PIN before, and it is not tried again",
            hint=f"put the right PIN in its place; if this one is right by now, remove {_refused_file(path)}",
        )  # fmt: skip


def _refused_file(path: str) -> str:
    return os.path.join(os.path.dirname(path), "pin-refused")


def _remember_refused(pin: bytes, path: str) -> None:
    salt = os.urandom(16)
    text = seal([_REFUSED_HEADING, f"{salt.hex()} {_slow_digest(pin, salt).hex()}"])
    try:
        files.write(_refused_file(path), text.encode(), mode=0o600)
    except Refused:
        pass  # a read-only state: the token's own "one more try" is what is left to stop us


def _was_refused(pin: bytes, path: str) -> bool:
    try:
        (line,) = unseal(files.read(_refused_file(path)).decode(), _REFUSED_HEADING, "pin-damaged")
        salt, digest = (bytes.fromhex(half) for half in line.split())
    except (Refused, ValueError):
        return False
    return _slow_digest(pin, salt) == digest


def _slow_digest(pin: bytes, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", pin, salt, _ROUNDS)


def _make(session: Any, facts: dict[str, str]) -> dict[str, str]:
    attribute = pkcs11.Attribute
    if "id" in facts:
        found = _found(session, pkcs11.ObjectClass.PRIVATE_KEY, facts)
        if not found[attribute.SENSITIVE] or found[attribute.EXTRACTABLE]:
            raise Refused("token-key-unfit", f"the key {facts['id']} can leave the token {facts['token']!r}")
        return {"point": _point(_found(session, pkcs11.ObjectClass.PUBLIC_KEY, facts)).hex()}
    key_id = os.urandom(16)
    parameters = session.create_domain_parameters(pkcs11.KeyType.EC, {attribute.EC_PARAMS: _P256}, local=True)
    public, _ = parameters.generate_keypair(
        store=True, id=key_id, label=facts["label"], capabilities=pkcs11.MechanismFlag.SIGN,
        private_template={
            attribute.PRIVATE: True, attribute.SENSITIVE: True, attribute.EXTRACTABLE: False, attribute.SIGN: True,
        },
    )  # fmt: skip
    return {"id": key_id.hex(), "point": _point(public).hex()}


def _sign(session: Any, facts: dict[str, str], digest: bytes) -> bytes:
    key = _found(session, pkcs11.ObjectClass.PRIVATE_KEY, facts)
    public = _found(session, pkcs11.ObjectClass.PUBLIC_KEY, facts)
    if _point(public).hex() != facts["point"]:
        raise Refused(
            "token-other-key", f"the key {facts['id']} of the token {facts['token']!r} is not the one that was made",
            hint="plug in this device's own token",
        )  # fmt: skip
    # the digest alone: many secure elements can't hash for ECDSA
    return cast(bytes, key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))


def _destroy(session: Any, facts: dict[str, str]) -> None:
    for key in list(session.get_objects({pkcs11.Attribute.ID: bytes.fromhex(facts["id"])})):
        key.destroy()


def _found(session: Any, kind: Any, facts: dict[str, str]) -> Any:
    try:
        return session.get_key(object_class=kind, id=bytes.fromhex(facts["id"]))
    except pkcs11.NoSuchKey:
        raise Refused(
            "token-other-key", f"the token {facts['token']!r} has no key {facts['id']}",
            hint="plug in this device's own token; if that was erased, the key is lost: `device init --force`, and a "
            "new birth record",
        ) from None  # fmt: skip


def _point(public: Any) -> bytes:
    point = cast(bytes, public[pkcs11.Attribute.EC_POINT])
    if public[pkcs11.Attribute.EC_PARAMS] != _P256 or point[:-64] not in _POINT_HEADS:
        raise Refused("token-key-unfit", "the token's key is not a P-256 key with its curve by name")
    return point[-65:]


def _judged(error: Exception, facts: dict[str, str]) -> Exception:
    kind = type(error).__name__
    if kind == "PKCS11Error":  # no code from a token: the module could not be loaded
        return Away(str(error))
    if kind in _PASSING:
        return Away(f"{kind} {error}".rstrip())
    if kind in _PIN_TROUBLE:
        return Refused(
            "pin-wrong", f"the token {facts['token']!r} refused the PIN ({kind}), and won't be given it again",
            hint=f"put the right one into {facts.get('pin-file') or 'the credential ' + facts['pin-credential']}",
        )  # fmt: skip
    return Refused("token-refused", f"the token {facts['token']!r} refused with {kind} {error}".rstrip())


def main() -> None:
    """Answer questions until there are no more."""
    worker = Worker()
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Away as away:
            answer = {"away": str(away)}
        except Refused as refused:
            answer = {"code": refused.code, "message": refused.message, "hint": refused.hint}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
