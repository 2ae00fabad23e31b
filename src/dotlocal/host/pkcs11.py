# Boot path of keys in a PKCS#11 token: no typing, dataclasses, enum or re at run time.
"""A P-256 key in a PKCS#11 token: made inside, sensitive, not extractable.

The vendor's module runs in a child process (`dotlocal.host.pkcs11_worker`), which lives for one boot. So a module that
crashes or hangs takes nothing with it, a session that died is replaced by a new process and not by a re-initialised
module, and one process never has two tokens.
"""

import json
import os
import select
import subprocess
import sys
from time import monotonic

from dotlocal.core import der
from dotlocal.core.errors import Refused
from dotlocal.host import keys
from dotlocal.host.reconnect import Away, patiently

_SECONDS = 30
_MOST_OCTETS = 4096
_HINT = "is the token plugged in, and its module installed? `[key]` names both; the certificates before stay"


class Key:
    """A key that stays in its token; shows only its public `point`. The token is asked when something is signed."""

    __slots__ = ("_facts", "_path", "_worker", "point")

    def __init__(self, facts: "dict[str, str]", path: str) -> None:
        self._facts = facts
        self._path = path
        self._worker: _Worker | None = None
        self.point = bytes.fromhex(facts["point"])

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256, DER (RFC 3279 2.2.3); refuses `token-away`, `token-other-key`, `token-refused`,
        `pin-missing`, `pin-wrong` and `pin-not-tried`.
        """
        digest = keys.sha256(message)
        pair = patiently(lambda: self._ask({"do": "sign", "digest": digest.hex()}), _named(self._facts), _HINT)
        halves = (int.from_bytes(pair[:32], "big"), int.from_bytes(pair[32:], "big"))
        return der.sequence(*(der.integer(half) for half in halves))

    def destroy(self) -> None:
        """Remove the key from its token."""
        patiently(lambda: self._ask({"do": "destroy"}), _named(self._facts), _HINT)

    def _ask(self, question: "dict[str, str]") -> bytes:
        try:
            self._worker = self._worker or _Worker()
            answer = self._worker.ask({**question, "facts": self._facts, "path": self._path})
        except Away:
            self._worker = None  # and with it the session: the next try begins from nothing
            raise
        return bytes.fromhex(answer.get("signature", ""))

    def __repr__(self) -> str:
        return f"Key({self.point[1:5].hex()}…, {_named(self._facts)})"


def make(facts: "dict[str, str]", path: str) -> "dict[str, str]":
    """Make a key inside, or find the one that `id` names; refuses what `Key.sign` does, and `token-key-unfit`."""
    made: dict[str, str] = {}

    def asked() -> bytes:
        made.update(_Worker().ask({"do": "make", "facts": facts, "path": path}))
        return b""

    patiently(asked, _named(facts), _HINT)
    return {**facts, **made}


def load(facts: "dict[str, str]", path: str) -> Key:
    """The key that was made with these facts; refuses `key-damaged`."""
    if not facts.keys() >= {"module", "token", "id", "point"}:
        raise Refused("key-damaged", f"{path} lacks what is needed to find the key in its token")
    return Key(facts, path)


def destroy(facts: "dict[str, str]", path: str) -> None:
    """Remove the key from its token; refuses what `Key.sign` does."""
    load(facts, path).destroy()


class _Worker:
    """The child process that has the token: one line of JSON in, one out."""

    __slots__ = ("_child",)

    def __init__(self) -> None:
        home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        # -P: the working directory of whoever boots must not lend modules to root
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "dotlocal.host.pkcs11_worker"], env={**os.environ, "PYTHONPATH": home},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip

    def ask(self, question: "dict[str, object]") -> "dict[str, str]":
        """The worker's answer. Raises `Away` or `Refused` as the worker says, and `Away` if it says nothing."""
        try:
            answer: dict[str, str] = json.loads(self._exchanged(json.dumps(question).encode() + b"\n"))
        except (OSError, ValueError):
            raise Away("its module ended without an answer") from None
        if "away" in answer:
            raise Away(answer["away"])
        if "code" in answer:
            raise Refused(answer["code"], answer["message"], hint=answer["hint"])
        return answer

    def _exchanged(self, line: bytes) -> bytes:
        channels = self._child.stdin, self._child.stdout
        assert channels[0]
        assert channels[1]
        os.write(channels[0].fileno(), line)
        deadline = monotonic() + _SECONDS
        answer = b""
        while not answer.endswith(b"\n"):
            if not select.select([channels[1]], [], [], max(0, deadline - monotonic()))[0]:
                # not tried again: whoever waits for us has waited long enough
                raise Refused("token-away", f"the token's module gave no answer in {_SECONDS} seconds", hint=_HINT)
            piece = os.read(channels[1].fileno(), _MOST_OCTETS)
            if not piece:
                raise ConnectionResetError
            answer += piece
        return answer

    def __del__(self) -> None:
        self._child.kill()
        self._child.wait()
        for channel in (self._child.stdin, self._child.stdout):
            if channel:
                channel.close()


def _named(facts: "dict[str, str]") -> str:
    return f"the token {facts['token']!r}"
