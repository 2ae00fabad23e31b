"""The administrator's password for stand-alone use: kept as scrypt's output in `state/owned`, sealed, 0600.

`device reset`, for the next owner, removes it with everything else of the customer's; `device reset --settings` leaves
it, as it leaves the certificate that it guards. Who has forgotten it sets another one on the device's console.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field

from dotlocal.core.errors import Refused
from dotlocal.core.template import seal, unseal
from dotlocal.device.owned.slots import Slots

SLOT = "pages-password"
FEWEST, MOST = 12, 256  # characters
_HEADING = "dotlocal pages password 1"
# 32 MiB for a moment, and 0.1 s to 2 s on what devices have: OWASP Password Storage Cheat Sheet, scrypt, third row
_N, _R, _P = 1 << 15, 8, 3
_MEMORY = 64 << 20
_OCTETS = 32


@dataclass(frozen=True, slots=True)
class Password:
    """A password as it is kept; `browsers` is the key by which browsers that were let in before are known again."""

    salt: bytes
    digest: bytes = field(repr=False)
    browsers: bytes = field(repr=False)

    def matches(self, tried: str) -> bool:
        """Whether it is this one; takes its time, and 32 MiB, on purpose."""
        return len(tried) <= MOST and hmac.compare_digest(_digest(tried, self.salt), self.digest)

    def dump(self) -> str:
        """The slot's text."""
        words = (("salt", self.salt), ("digest", self.digest), ("browsers", self.browsers))
        return seal([_HEADING, *(f"{word} {octets.hex()}" for word, octets in words)])


def make(wanted: str, *, salt: bytes, browsers: bytes) -> Password:
    """A new one; refuses `pages-password-weak`. `salt` and `browsers` are 16 and 32 random octets."""
    if not FEWEST <= len(wanted) <= MOST or len(set(wanted)) < 5:
        raise Refused(
            "pages-password-weak", f"the password has {len(wanted)} characters, or few different ones",
            hint=f"{FEWEST} to {MOST} characters: some words in a row are good",
        )  # fmt: skip
    return Password(salt, _digest(wanted, salt), browsers)


def load(slot_files: Slots) -> Password | None:
    """The one that is set, or None; a damaged one counts as none, so that the console can set another."""
    text = slot_files.text(SLOT)
    if text is None:
        return None
    try:
        lines = unseal(text, _HEADING, "own-damaged")
        facts = {word: bytes.fromhex(value) for word, _, value in (line.partition(" ") for line in lines)}
        return Password(facts["salt"], facts["digest"], facts["browsers"])
    except (Refused, KeyError, ValueError):
        return None


def _digest(text: str, salt: bytes) -> bytes:
    # the same password from a keyboard that composes its accents: NIST SP 800-63B 3.1.1.2 wants it normalised
    octets = unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(octets, salt=salt, n=_N, r=_R, p=_P, maxmem=_MEMORY, dklen=_OCTETS)
