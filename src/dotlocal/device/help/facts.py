"""What the pages say about the device, read from the current set as any web server could."""

from __future__ import annotations

import json
import os
import re
import ssl
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.device import probe
from dotlocal.device.web import hosts
from dotlocal.host import files

_NAMED = ("commonName", "organizationName", "organizationalUnitName")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNSAFE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Root:
    """The root to import: in both forms, and what a person recognises it by."""

    pem: str
    der: bytes
    name: str
    vendor: str
    until: str  # the day of its end, RFC 3339

    @property
    def fingerprint(self) -> str:
        """SHA-256 in upper-case hexadecimal digits, as most systems show it."""
        return sha256(self.der).hexdigest().upper()

    @property
    def slug(self) -> str:
        """Its name as a file's name and as a word in a shell: letters, digits and hyphens."""
        return _UNSAFE.sub("-", self.name.lower()).strip("-")[:60].strip("-") or "root"


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at run/current; `root` is None where the vendor's root is not what browsers need here."""

    report: dict[str, Any]
    root: Root | None
    probed: bool  # whether there is a probe to ask
    served: frozenset[str] = field(init=False)  # names and addresses that the certificate is for
    known: frozenset[str] = field(init=False)  # the same, and names that were left out

    def __post_init__(self) -> None:
        served = [*self.report["names"], *self.report["addresses"]]
        left_out = [each["value"] for each in self.report["left_out"] if each["kind"] == "dns"]
        parsed = [host.text for host in map(hosts.of, map(str, [*served, *left_out])) if host]
        object.__setattr__(self, "served", frozenset(map(str, served)))
        object.__setattr__(self, "known", frozenset((*self.served, *parsed)))


def look(run: str) -> Facts | None:
    """The facts of this moment, or None while there is no set that can be read."""
    current = os.path.join(run, "current")
    try:
        folder = os.path.join(run, os.readlink(current))  # not through the link, which may move between two files
        report = json.loads(files.read(os.path.join(folder, "status.json")))
        root = _root(folder)
        return Facts(report, root, root is not None and _probed(folder))
    except (Refused, OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _probed(folder: str) -> bool:
    try:
        return probe.first(os.listdir(folder)) >= 0
    except FileNotFoundError:
        return False


def _root(folder: str) -> Root | None:
    try:
        return read_root(files.read(os.path.join(folder, probe.ROOT)))
    except Refused:
        return None


def read_root(pem: bytes) -> Root | None:
    """The root of a PEM text, read by OpenSSL; None where that finds no CA in it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem.decode("ascii"))
        ((der,), (about,)) = context.get_ca_certs(binary_form=True), context.get_ca_certs()
        subject: Any = about["subject"]
        named = dict(pair for part in subject for pair in part)
        until = _day(str(about["notAfter"]))
    except (ssl.SSLError, ValueError, KeyError):
        return None
    name = next((str(named[key]) for key in _NAMED if key in named), "root")
    return Root(ssl.DER_cert_to_PEM_cert(der), der, name, str(named.get("organizationName", name)), until)


def _day(moment: str) -> str:
    # `Nov 23 12:00:00 2051 GMT`, as OpenSSL writes it. Not ssl.cert_time_to_seconds: that imports strptime, which whom
    # `--user` names may not be able to read.
    month, day, _, year, _ = moment.split()
    return f"{int(year):04}-{_MONTHS.index(month) + 1:02}-{int(day):02}"
