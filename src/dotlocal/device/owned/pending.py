"""A key that waits for its certificate: made on the device, asked for in a PKCS#10 request, and never leaving.

One sealed file holds the key, the request and the names that were asked for, so that none is ever without the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dotlocal.core import der, pem, pkcs10
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.template import seal, unseal
from dotlocal.device.owned.material import PrivateKey
from dotlocal.device.owned.slots import Slots
from dotlocal.host import keys

SLOT = "request"
_HEADING = "dotlocal own request 1"
_MOST_COMMON_NAME = 64  # ub-common-name: RFC 5280 appendix A


@dataclass(frozen=True, slots=True)
class Pending:
    """The waiting key, its request (DER), and the names and addresses in it."""

    key: bytes = field(repr=False)
    request: bytes
    names: tuple[HostName, ...]
    addresses: tuple[Address, ...]

    @classmethod
    def make(cls, names: Sequence[HostName], addresses: Sequence[Address]) -> Pending:
        """A new key and its request. The first name is the common name as well: many CAs want one."""
        key = keys.generate()
        texts = [*(each.text for each in names), *(each.text for each in addresses)]
        first = next((each for each in texts if len(each) <= _MOST_COMMON_NAME), "")
        subject = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string(first))))
        signed = pkcs10.contents(subject if first else der.sequence(), keys.spki_of(key), list(names), list(addresses))
        request = pkcs10.request(signed, "ecdsa-sha256", key.sign(signed))
        return cls(key.pkcs8(), request, tuple(names), tuple(addresses))

    @property
    def pem(self) -> str:
        """The request, PEM."""
        return pem.encode(pem.REQUEST, self.request)

    @property
    def private_key(self) -> PrivateKey:
        """The key, as the judge wants it."""
        return PrivateKey(self.key, keys.spki_of(keys.load(self.key)), "secp256r1")

    def dump(self) -> str:
        """The slot's text."""
        return seal([
            _HEADING,
            *(f"name {each.text}" for each in self.names),
            *(f"address {each.packed.hex()}" for each in self.addresses),
            f"key {self.key.hex()}",
            f"request {self.request.hex()}",
        ])  # fmt: skip


def load(slot_files: Slots) -> Pending | None:
    """The waiting key, or None; a damaged one refuses `own-damaged`."""
    text = slot_files.text(SLOT)
    if text is None:
        return None
    names, addresses, facts = [], [], {}
    try:
        for line in unseal(text, _HEADING, "own-damaged"):
            word, _, value = line.partition(" ")
            if word == "name":
                names.append(HostName(value))
            elif word == "address":
                addresses.append(Address(bytes.fromhex(value)))
            else:
                facts[word] = bytes.fromhex(value)
        return Pending(facts["key"], facts["request"], tuple(names), tuple(addresses))
    except (Refused, KeyError, ValueError):
        raise Refused(
            "own-damaged", f"{slot_files.file(SLOT)} is damaged, and the key in it is lost",
            hint="`dotlocal device own request --force` makes a new key and request",
        ) from None  # fmt: skip
