"""`device init` and `device adopt`: the device's key and request, and taking in the birth record that answers it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from dotlocal.core import keys as core_keys
from dotlocal.core import pem, pkcs10
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.issue import prepare
from dotlocal.core.profiles import SERVER
from dotlocal.core.request import parse_device
from dotlocal.core.subject import check_device_serial
from dotlocal.core.template import Template
from dotlocal.device.store import State
from dotlocal.host import custody, files, keys, signers
from dotlocal.host.custody import Place
from dotlocal.wire.birth import BirthRecord

if TYPE_CHECKING:
    from dotlocal.host.keys import SigningKey

_LOCK_SECONDS = 10  # two at once would hand out two requests, one of them for a key that is gone


def init(state: State, serial: str, *, force: bool, place: Place | None = None) -> str:
    """Make the device CA's key in its place (a plain file unless told) and its request (PEM, returned).

    Said again, it returns the same request and makes no new key, but follows a token whose device node, module or PIN
    file has changed; for another serial number it is refused (`serial-differs`), and for another kind of place
    (`key-kind-differs`). `force` makes a new key, and forgets a birth record that was for the old one.
    """
    check_device_serial(serial)
    files.folder(state.path, mode=0o700)
    with files.Lock(os.path.realpath(state.path), _LOCK_SECONDS, folder=True):
        return _init(state, serial, force=force, place=place)


def _init(state: State, serial: str, *, force: bool, place: Place | None) -> str:
    if not state.has("device-ca.key") or force:
        return _make(state, serial, place or custody.FILE)
    if place:
        _follow(state, place)
    try:
        request = state.text("request.pem")
        found = parse_device(request.encode()).identity
    except Refused:  # cut short before it was written, or damaged since: it follows from the key
        request = _request(state.key(), serial)
        files.write(state.file("request.pem"), request.encode(), owner=files.owner_of(state.path))
        return request
    if found != serial:
        raise Refused(
            "serial-differs", f"{state.path} belongs to the device {found}, not to {serial}",
            hint="--force makes a new key under the other serial number",
        )  # fmt: skip
    return request


def _make(state: State, serial: str, place: Place) -> str:
    path = state.file("device-ca.key")
    before = state.text("device-ca.key") if state.has("device-ca.key") else ""
    key, text = custody.make(place, path)
    request = _request(key, serial)
    contents = {"device-ca.key": (text.encode(), 0o600), "request.pem": (request.encode(), 0o644)}
    files.replace(state.path, contents, without=("template", "birth.pem"), owner=files.owner_of(state.path))
    if before and key.point.hex() not in before:
        try:
            custody.destroy(before, path)
        except Refused:
            pass  # damaged, or its token is away: the new key is in place, and no factory knows the old one by now
    return request


def _follow(state: State, place: Place) -> None:
    before = state.text("device-ca.key")
    after = custody.moved(before, place, state.file("device-ca.key"))
    if after != before:
        custody.load(after, state.file("device-ca.key")).sign(b"is the key there?")
        files.write(state.file("device-ca.key"), after.encode(), mode=0o600, owner=files.owner_of(state.path))


def _request(key: SigningKey, serial: str) -> str:
    signed = pkcs10.contents(pkcs10.device_name(serial), keys.spki_of(key))
    return keys.write_pem(pem.REQUEST, pkcs10.request(signed, "ecdsa-sha256", key.sign(signed)))


def adopt(state: State, data: bytes, *, now: int | None) -> BirthRecord:
    """Check a birth record against this device's key, prepare the server certificate, and keep both.

    `now` is None where the clock can't be trusted to call anything expired. Refuses a record of another device as
    `birth-other-device`; nothing is changed then.
    """
    record = BirthRecord.parse(data)
    if not state.has("device-ca.key"):
        raise Absent("no-state", f"{state.path} has no device CA key", hint="`dotlocal device init` makes one")
    # without the key itself: only root can open a sealed one, and the owner of the state adopts
    ours = custody.told(state.text("device-ca.key"), state.file("device-ca.key"))
    theirs = record.issuer.public_key
    if core_keys.spki_of(theirs) != keys.spki_of(ours):
        asked, mine = core_keys.key_id_of(theirs), keys.key_id_of(ours)
        raise Refused(
            "birth-other-device",
            f"the birth record is for {record.serial_number} and the key {_start(asked)};"
            f" this device is {_serial(state)}, and its key is {_start(mine)}",
            hint=f"take the one that answers {state.file('request.pem')}",
        )
    if now is not None:
        record.check_valid(now)
    template = server_template(record)
    # the template last: it is what boot goes by, and must never speak of a record that isn't there
    contents = {"birth.pem": record.encode(), "template": template.dump()}
    replaced = {name: (text.encode(), 0o644) for name, text in contents.items()}
    files.replace(state.path, replaced, owner=files.owner_of(state.path))
    return record


def _start(key_id: bytes) -> str:
    """As the device CA's common name has it."""
    return key_id.hex()[:8].upper()


def _serial(state: State) -> str:
    try:
        return parse_device(state.text("request.pem").encode()).identity
    except Refused:
        return "one without a request"


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
