# Boot path of keys that are in no plain file: no typing, dataclasses, enum, re or json at run time.
"""Where a device CA's key lives: chosen once, at `device init`, and told by its key file ever after.

Three places besides a plain file, each a module with the same functions: `make(facts, path)` creates a key there and
returns the facts by which it is found again, its public point among them; `load(facts, path)` returns something with
`point` and `sign(message)`; `destroy(facts, path)` ends it where deleting the key file does not. The facts are kept as
the key file (`path`), text with a checksum; no other machine or token can do anything with it.
"""

import os

from dotlocal.core.errors import Refused
from dotlocal.core.template import seal, unseal
from dotlocal.host import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from dotlocal.host.keys import SigningKey

    class _Keeper(Protocol):
        def make(self, facts: "dict[str, str]", path: str) -> "dict[str, str]": ...
        def load(self, facts: "dict[str, str]", path: str) -> SigningKey: ...
        def destroy(self, facts: "dict[str, str]", path: str) -> None: ...


_HEADING = "dotlocal key 1"
_PEM = "-----BEGIN "
_IDENTITY = ("id", "parent", "point", "public", "private")  # which key it is, whatever way leads to it


class Place:
    """Where keys are made: `kind` is `file`, `sealed`, `tpm` or `pkcs11`, `facts` what the settings say about it."""

    __slots__ = ("facts", "kind")

    def __init__(self, kind: str, facts: "dict[str, str] | None" = None) -> None:
        self.kind = kind
        self.facts = facts or {}


FILE = Place("file")


def make(place: Place, path: str) -> "tuple[SigningKey, str]":
    """A new key in its place, and the contents of the key file that will lead to it (`path`), not written yet."""
    if place.kind == "file":
        key = keys.generate()
        return key, keys.write_pem("PRIVATE KEY", key.pkcs8())
    text = _dump({"kind": place.kind, **_keeper(place.kind).make(place.facts, path)})
    return load(text, path), text


def load(text: str, path: str) -> "SigningKey":
    """The key that a key file's text leads to; refuses `key-damaged`. A token is asked only when it has to sign."""
    if text.startswith(_PEM):
        return keys.read_pem(text)
    facts = _parse(text, path)
    return _keeper(facts["kind"]).load(facts, path)


class Told:
    """What a key file tells of its key to those who can't use it: the public `point`."""

    __slots__ = ("point",)

    def __init__(self, point: bytes) -> None:
        self.point = point


def told(text: str, path: str) -> Told:
    """Which key a key file speaks of; nothing is unsealed, and no token asked. Refuses `key-damaged`."""
    if text.startswith(_PEM):
        return Told(keys.read_pem(text).point)
    try:
        return Told(bytes.fromhex(_parse(text, path)["point"]))
    except (KeyError, ValueError):
        raise Refused("key-damaged", f"{path} does not tell which key it leads to") from None


def moved(text: str, place: Place, path: str) -> str:
    """The key file's text for the same key, when the settings now say otherwise how to reach it: another device node,
    module or PIN file. Refuses `key-kind-differs`, since no key made in one kind of place can move to another.
    """
    facts = {"kind": "file"} if text.startswith(_PEM) else _parse(text, path)
    if facts["kind"] != place.kind:
        raise Refused(
            "key-kind-differs", f"this device's key is of the kind {facts['kind']}, and device.toml says {place.kind}",
            hint="change [key] back, or make a new key there with --force, and have it signed",
        )  # fmt: skip
    if place.kind in ("file", "sealed"):
        return text
    kept = {word: facts[word] for word in _IDENTITY if word in facts}
    return _dump({"kind": place.kind, **place.facts, **kept})


def destroy(text: str, path: str) -> None:
    """End a key that outlives its key file. Nothing to do for a plain file, a sealed one, and a TPM, which keeps no
    key: without the key file, all of them are gone. Refuses `token-away` and the like.
    """
    if not text.startswith(_PEM):
        facts = _parse(text, path)
        _keeper(facts["kind"]).destroy(facts, path)


def _keeper(kind: str) -> "_Keeper":
    # each is imported where it is used, and costs the others nothing
    if kind == "tpm":
        from dotlocal.host import tpm

        return tpm
    if kind == "pkcs11":
        from dotlocal.host import pkcs11

        return pkcs11
    from dotlocal.host import sealed

    return sealed


def _dump(facts: "dict[str, str]") -> str:
    return seal([_HEADING, *(f"{word} {value}" for word, value in facts.items())])


def _parse(text: str, path: str) -> "dict[str, str]":
    if not text.startswith(_HEADING):
        raise Refused("key-damaged", f"{path} holds neither a PRIVATE KEY block nor the way to a key")
    facts = dict(line.split(" ", 1) for line in unseal(text, _HEADING, "key-damaged"))
    if facts.get("kind") not in ("sealed", "tpm", "pkcs11"):
        raise Refused("key-damaged", f"{path} speaks of a kind of key that this version does not know")
    if facts["kind"] == "pkcs11":
        _check_owner(path)
    return facts


def _check_owner(path: str) -> None:
    # A module is code. The folder is asked and not the file, since its owner can put any file there.
    owner = os.stat(os.path.dirname(os.path.abspath(path))).st_uid
    if os.geteuid() == 0 and owner != 0:
        raise Refused(
            "key-other-owner", f"root loads no PKCS#11 module that a file of another user names: {path}, user {owner}",
            hint="run the command as the owner of the state, as in `runuser -u dotlocal -- dotlocal device boot`",
        )  # fmt: skip
