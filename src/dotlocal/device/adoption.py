"""`device init` and `device adopt`: the device's key and request, and taking in the birth record that answers it."""

from __future__ import annotations

import sys

from cryptography import x509
from cryptography.x509.oid import NameOID

from dotlocal.core import keys as core_keys
from dotlocal.core import pem, pkcs10
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.issue import Issuer, prepare
from dotlocal.core.profiles import SERVER
from dotlocal.core.subject import check_device_serial
from dotlocal.core.template import Template
from dotlocal.device.store import State
from dotlocal.host import files, keys, signers
from dotlocal.wire.birth import BirthRecord


def init(state: State, serial: str, *, force: bool) -> str:
    """Make the device CA's key and its request (PEM, returned).

    Said again, it returns the same request and makes no new key; for another serial number it is refused
    (`serial-differs`). `force` makes a new key, and forgets a birth record that was for the old one.
    """
    check_device_serial(serial)
    files.folder(state.path, mode=0o700)
    if state.has("request.pem") and state.has("device-ca.key") and not force:
        request = state.text("request.pem")
        found = x509.load_pem_x509_csr(request.encode()).subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value
        if found != serial:
            raise Refused(
                "serial-differs", f"{state.path} belongs to the device {found!s}, not to {serial}",
                hint="--force makes a new key under the other serial number",
            )  # fmt: skip
        return request
    if state.has("device-ca.key") and not force:
        key = state.key()  # cut short before the request was written, or written by an older version
    else:
        key = keys.generate()
        for name in ("request.pem", "template", "birth.pem"):
            files.remove(state.file(name))
        files.write(state.file("device-ca.key"), keys.write_pem("PRIVATE KEY", key.pkcs8()).encode(), mode=0o600)
    signed = pkcs10.contents(pkcs10.device_name(serial), keys.spki_of(key))
    text = keys.write_pem(pem.REQUEST, pkcs10.request(signed, "ecdsa-sha256", key.sign(signed)))
    files.write(state.file("request.pem"), text.encode())
    return text


def adopt(state: State, data: bytes, *, now: int | None) -> BirthRecord:
    """Check a birth record against this device's key, prepare the server certificate, and keep both.

    `now` is None where the clock can't be trusted to call anything expired. Refuses a record of another device as
    `birth-other-device`; nothing is changed then.
    """
    record = BirthRecord.parse(data)
    if not state.has("device-ca.key"):
        raise Absent("no-state", f"{state.path} has no device CA key", hint="`dotlocal device init` makes one")
    key = state.key()
    if core_keys.spki_of(Issuer.of(record.device_ca).public_key) != keys.spki_of(key):
        raise Refused(
            "birth-other-device", f"the birth record is for {record.serial_number} and another key than this device's",
            hint="take the one that answers this device's own request",
        )  # fmt: skip
    if now is not None:
        record.check_valid(now)
    template = server_template(record)
    # the template last: it is what boot goes by, and must never speak of a record that isn't there
    files.remove(state.file("template"))
    files.write(state.file("birth.pem"), record.encode().encode())
    files.write(state.file("template"), template.dump().encode())
    return record


def server_template(record: BirthRecord) -> Template:
    """The prepared server certificate of a device, linted on a sample."""
    throwaway = signers.throwaway(record.issuer.public_key)
    return prepare(SERVER, record.issuer, throwaway=throwaway).template


def heal(state: State) -> None:
    """Prepare the template again from the birth record; what can't be healed is left as it is."""
    record = BirthRecord.parse(state.text("birth.pem").encode())
    files.write(state.file("template"), server_template(record).dump().encode())


if __name__ == "__main__":
    try:
        heal(State(sys.argv[1]))
    except Refused as refused:
        sys.exit(f"dotlocal: {refused}")
