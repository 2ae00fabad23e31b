# Boot path: no typing, dataclasses, enum, re or json at run time.
"""The certificate of a device that has no name left: self-signed, so that web servers start at all."""

from dotlocal.core import der
from dotlocal.core.names import HostName
from dotlocal.core.subtrees import UNCONSTRAINED
from dotlocal.core.template import KEY_ID_SLOT, NAMES_SLOT, Template, certificate
from dotlocal.core.window import Window
from dotlocal.host import entropy, keys
from dotlocal.host.keys import Key

_NAME = "no-name-left.invalid"  # RFC 6761 6.4: can never be the name of anything


def self_signed(window: Window) -> "tuple[int, Key, str]":
    """Serial number, key and certificate (PEM). No browser accepts it, and none should."""
    key = keys.generate()
    serial = entropy.serial_number()
    subject = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string("no name left"))))
    template = Template(
        profile="server", algorithm="ecdsa-sha256", issuer=subject, issuer_key_id=keys.key_id_of(key),
        issuer_serial=serial, issuer_window=window, permitted=UNCONSTRAINED, extensions=(NAMES_SLOT, KEY_ID_SLOT),
    )  # fmt: skip
    tbs = template.fill(
        serial=serial, window=window, subject=subject, spki=keys.spki_of(key), key_id=keys.key_id_of(key),
        names=[HostName(_NAME)],
    )  # fmt: skip
    return serial, key, keys.write_pem("CERTIFICATE", certificate(tbs, template.algorithm, key.sign(tbs)))
