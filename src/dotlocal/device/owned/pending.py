"""A key that waits for its certificate: made on the device, asked for in a PKCS#10 request, and never leaving.

One sealed file holds the key, the request and what was asked for, so that none is ever without the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dotlocal.core import constraints, der, pem, pkcs10
from dotlocal.core.errors import Refused
from dotlocal.core.issue import KEY_USAGE_BITS, OIDS, PURPOSES
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.template import seal, unseal
from dotlocal.device.owned.material import PrivateKey
from dotlocal.device.owned.slots import Slots
from dotlocal.device.settings import escape, unescape
from dotlocal.host import custody, keys
from dotlocal.host.custody import Place

SLOT = "request"
ISSUER_SLOT = "issuer-request"
_HEADING = "dotlocal own request 1"
_MOST_COMMON_NAME = 64  # ub-common-name: RFC 5280 appendix A


@dataclass(frozen=True, slots=True)
class Pending:
    """The text that leads to the waiting key, as `dotlocal.host.custody` has it, its SubjectPublicKeyInfo, the request
    (DER), and the names and addresses in it.
    """

    key_text: str = field(repr=False)
    spki: bytes
    request: bytes
    names: tuple[HostName, ...] = ()
    addresses: tuple[Address, ...] = ()

    @property
    def pem(self) -> str:
        """The request, PEM."""
        return pem.encode(pem.REQUEST, self.request)

    @property
    def private_key(self) -> PrivateKey:
        """The key, as the judge wants it; one in a TPM stays there."""
        plain = self.key_text.startswith("-----BEGIN ")
        return PrivateKey(keys.read_pem(self.key_text).pkcs8() if plain else b"", self.spki, "secp256r1")

    def dump(self) -> str:
        """The slot's text."""
        return seal([
            _HEADING,
            *(f"name {each.text}" for each in self.names),
            *(f"address {each.packed.hex()}" for each in self.addresses),
            f"key {escape(self.key_text)}",
            f"spki {self.spki.hex()}",
            f"request {self.request.hex()}",
        ])  # fmt: skip


def for_server(names: Sequence[HostName], addresses: Sequence[Address]) -> Pending:
    """A new key, and a request for a server certificate. The first name is the common name as well: many CAs want
    one.
    """
    key = keys.generate()
    texts = [*(each.text for each in names), *(each.text for each in addresses)]
    first = next((each for each in texts if len(each) <= _MOST_COMMON_NAME), "")
    subject = der.sequence(_attribute("2.5.4.3", der.utf8_string(first))) if first else der.sequence()
    signed = pkcs10.contents(subject, keys.spki_of(key), list(names), list(addresses))
    request = pkcs10.request(signed, "ecdsa-sha256", key.sign(signed))
    text = keys.write_pem("PRIVATE KEY", key.pkcs8())
    return Pending(text, keys.spki_of(key), request, tuple(names), tuple(addresses))


def for_issuer(serial: str, wanted: Subtrees, place: Place) -> Pending:
    """A new key in its place, and a request for a constrained device CA with these constraints."""
    key, text = custody.make(place, ISSUER_SLOT)
    common = f"device CA {serial} {keys.key_id_of(key).hex()[:8].upper()}"
    subject = der.sequence(
        _attribute("2.5.4.5", der.printable_string(serial)), _attribute("2.5.4.3", der.utf8_string(common))
    )
    signed = pkcs10.contents(subject, keys.spki_of(key), extensions=authority_extensions(wanted))
    request = pkcs10.request(signed, "ecdsa-sha256", key.sign(signed))
    return Pending(text, keys.spki_of(key), request)


def load(slot_files: Slots, slot: str = SLOT) -> Pending | None:
    """The waiting key, or None; a damaged one refuses `own-damaged`."""
    text = slot_files.text(slot)
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
                facts[word] = value
        spki, request = bytes.fromhex(facts["spki"]), bytes.fromhex(facts["request"])
        return Pending(unescape(facts["key"]), spki, request, tuple(names), tuple(addresses))
    except (Refused, KeyError, ValueError):
        raise Refused(
            "own-damaged", f"{slot_files.file(slot)} is damaged, and the key in it is lost",
            hint="ask again with --force, which makes a new key and request",
        ) from None  # fmt: skip


def _attribute(kind: str, value: bytes) -> bytes:
    return der.set_of(der.sequence(der.oid(kind), value))


def authority_extensions(wanted: Subtrees) -> tuple[bytes, ...]:
    """What a constrained device CA is made of: path length 0, signs, for servers, within these names."""
    ca = der.sequence(der.boolean_true(), der.integer(0))
    return (
        der.extension(OIDS["basicConstraints"], ca, critical=True),
        der.extension(OIDS["keyUsage"], der.named_bits((KEY_USAGE_BITS["keyCertSign"],)), critical=True),
        der.extension(OIDS["extKeyUsage"], der.sequence(der.oid(PURPOSES["serverAuth"])), critical=False),
        der.extension(constraints.OID, constraints.encode(wanted), critical=True),
    )
