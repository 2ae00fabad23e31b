"""The decision whether a device may have a device CA: one key for one serial number, and no second of either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dotlocal.core.errors import Refused

_MOST_REASON = 200


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device CA that was signed: for which device and key, with which certificate serial number, and when.

    All are texts: the key identifier and the serial number in lower-case hex, the time in RFC 3339.
    """

    identity: str
    key_id: str
    serial: str
    at: str


def decide(identity: str, key_id: str, enrolled: Sequence[Enrolled], replace: str | None) -> Enrolled | None:
    """The earlier device CA that answers this request, or None when a new one may be signed.

    `enrolled` holds every device CA of this identity or this key, oldest first. Refuses `key-taken` (the key belongs
    to another serial number, a cloned image), `serial-taken` (the serial number has another key, and no reason to
    replace it was given), `superseded` (the request of a key that was replaced) and `replace-reason` (one that nobody
    could read ten years on).
    """
    if replace is not None and not (0 < len(replace) <= _MOST_REASON and replace.isprintable()):
        raise Refused(
            "replace-reason", f"a reason has 1 to {_MOST_REASON} printable characters, unlike {replace[:80]!r}",
            hint="say what was done, as in --replace 'new board'",
        )  # fmt: skip
    for entry in enrolled:
        if entry.key_id == key_id and entry.identity != identity:
            raise Refused(
                "key-taken", f"the key of {identity}'s request is the key of {entry.identity}",
                hint="two devices have one image; make a new key: `dotlocal device init --force`",
                facts={"other": entry.identity},
            )  # fmt: skip
    own = [entry for entry in enrolled if entry.identity == identity]
    if not own:
        return None
    if own[-1].key_id == key_id:
        return own[-1]
    if any(entry.key_id == key_id for entry in own):
        raise Refused(
            "superseded", f"the key of {identity}'s request was replaced by another one at {own[-1].at}",
            hint="make a new key on the device: `dotlocal device init --force`",
        )  # fmt: skip
    if replace is None:
        raise Refused(
            "serial-taken", f"{identity} has a device CA for another key, of {own[-1].at}",
            hint="if the device was reworked, say so: --replace REASON",
        )  # fmt: skip
    return None
