"""CA certificates of earlier imports, by which a chain is completed when a CA sends the certificate alone."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.device.owned.path import extension
from dotlocal.device.owned.slots import Slots

SLOT = "authorities"
_MOST = 16  # the newest ones: customers have few CAs, and change them rarely


def load(slot_files: Slots) -> tuple[x509.Certificate, ...]:
    """The certificates, the newest import first; none where they can't be read, for they only help."""
    try:
        text = slot_files.text(SLOT)
        return tuple(pem.certificates(text.encode(), SLOT)) if text else ()
    except Refused:
        return ()


def add(slot_files: Slots, certificates: Sequence[x509.Certificate]) -> None:
    """Remember the CAs among these; a state that can't be written forgets them."""
    authorities = [each for each in certificates if (basic := extension(each, x509.BasicConstraints)) and basic.ca]
    before = load(slot_files)
    after = tuple(dict.fromkeys((*authorities, *before)))[:_MOST]
    if after != before:
        text = "".join(pem.encode(pem.CERTIFICATE, each.public_bytes(Encoding.DER)) for each in after)
        if len(text) <= pem.MOST_OCTETS:
            slot_files.save(SLOT, text)
