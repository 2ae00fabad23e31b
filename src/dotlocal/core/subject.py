"""Subjects of CAs, and the rules for what may stand in them. Server certificates have an empty subject."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dotlocal.core import der
from dotlocal.core.errors import Refused
from dotlocal.core.names import HostName

_ORGANISATION, _COMMON_NAME, _SERIAL_NUMBER = "2.5.4.10", "2.5.4.3", "2.5.4.5"
_MOST = 64  # ub-organization-name, ub-common-name: RFC 5280 appendix A
_DEVICE_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,31}")
_STATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .-]{0,31}")


@dataclass(frozen=True, slots=True)
class Subject:
    """Organisation, common name and, for a device, its serial number."""

    organisation: str
    common_name: str
    serial_number: str | None = None

    def __post_init__(self) -> None:
        check_text("organisation", self.organisation)
        check_text("name", self.common_name)
        if is_host_name(self.common_name):
            # wolfSSL takes the CN of every CA for a host name and holds it to the constraints above
            raise Refused(
                "subject-is-host", f"a CA's name must not look like a host name, as {self.common_name!r} does",
                hint="put a space in it, as in 'Acme Devices Root G1'",
            )  # fmt: skip

    def encode(self) -> bytes:
        """Name, DER: O, serialNumber, CN, each in a set of its own."""
        attributes = [
            (_ORGANISATION, der.utf8_string(self.organisation)),
            *([(_SERIAL_NUMBER, der.printable_string(self.serial_number))] if self.serial_number else []),
            (_COMMON_NAME, der.utf8_string(self.common_name)),
        ]
        return der.sequence(*(der.set_of(der.sequence(der.oid(kind), value)) for kind, value in attributes))


def device_subject(organisation: str, serial: str, key_id: bytes) -> Subject:
    """A device CA's subject: unique for the device and for the key, and no host name."""
    return Subject(organisation, f"device CA {serial} {key_id.hex()[:8].upper()}", serial)


def factory_subject(organisation: str, station: str) -> Subject:
    """A factory CA's subject. The station's name is its request's; the rest is the vendor's."""
    vendor = organisation[: _MOST - len(f" Factory CA ({station})")].strip()
    return Subject(organisation, f"{vendor} Factory CA ({station})")


def check_device_serial(serial: str) -> str:
    """The serial number of a device as it was given; refuses `device-serial`."""
    if not _DEVICE_SERIAL.fullmatch(serial):
        raise Refused(
            "device-serial", f"{serial[:80]!r} is no serial number of a device",
            hint="letters, digits, dots and hyphens, starting with a letter or digit, at most 32",
        )  # fmt: skip
    return serial


def check_station(name: str) -> str:
    """The name of a station as it was given; refuses `station-name`."""
    if not _STATION.fullmatch(name):
        raise Refused(
            "station-name", f"{name[:80]!r} is no name for a station",
            hint="letters, digits, spaces, dots and hyphens, starting with a letter or digit, at most 32",
        )  # fmt: skip
    return name


def check_text(what: str, text: str) -> str:
    """A text for a subject: 1 to 64 printable characters without spaces around; refuses `subject-text`."""
    if not 0 < len(text) <= _MOST or not text.isprintable() or text != text.strip():
        raise Refused("subject-text", f"{what} must be 1 to {_MOST} printable characters, not {text[:80]!r}")
    return text


def is_host_name(text: str) -> bool:
    """Whether a client could take the text for a host name."""
    try:
        HostName.parse(text)
    except Refused:
        return False
    return True
