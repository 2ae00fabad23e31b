"""The roots that chains may end in: those of files that were given, or those that this computer trusts."""

from __future__ import annotations

import glob
import os
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.observation import Roots, TrustedRoot
from dotlocal.browser.stores import bundle, chromium, firefox, found, nss
from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.host.commands import Programs

SYSTEM = "the system's store"
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine
)
# Mozilla's list, as Debian and SUSE ship it; elsewhere the browsers go by the system's store (p11-kit)
_SHIPPED = ("/usr/share/ca-certificates/mozilla/*.crt", "/usr/share/pki/trust/*.trust.p11-kit")
_FOLLOWED = ("/etc/pki/ca-trust/source/anchors", "/etc/ca-certificates/trust-source/anchors")  # Fedora, Arch
_MOST_IN_DATABASE = 64


def given(contents: Sequence[tuple[str, bytes]]) -> Roots:
    """The roots of files, with what each is called; refuses what `Anchor.parse` does, by what it is instead."""
    anchors = [TrustedRoot(Anchor.parse(octets).certificate, where) for where, octets in contents]
    return Roots(given=tuple(anchors), here=tuple(_system(Machine.here())))


def of_this_computer() -> Roots:
    """What is trusted here, store by store; a store that can't be read is as good as empty."""
    machine = Machine.here()
    databases = [] if any(os.path.isdir(path) for path in _FOLLOWED) else list(_databases(machine))
    held = [root for database in databases for root in _of_database(database)]
    return Roots(here=(*held, *_system(machine)), browsers=tuple(map(_called, databases)))


def _system(machine: Machine) -> Iterator[TrustedRoot]:
    shipped = {octets for path in _SHIPPED for file in glob.glob(path) for octets in _in_file(file)}
    for certificate in _readable(_system_certificates(machine)):
        yield TrustedRoot(certificate, SYSTEM, certificate.public_bytes(Encoding.DER) in shipped)


def _system_certificates(machine: Machine) -> Iterable[bytes]:
    if not machine.system.startswith("linux"):
        try:
            return [octets for store in found.find(machine, ("system",)).stores for octets in store.certificates()]
        except Refused:
            return []
    named = os.environ.get(ssl.get_default_verify_paths().openssl_cafile_env)  # as programs on OpenSSL have it
    paths = (named,) if named else _BUNDLES
    return next((octets for path in paths if (octets := _in_file(path))), [])


def _databases(machine: Machine) -> Iterator[nss.Database]:
    """The databases in use of Chromium and Firefox that are there. Looked for without a PATH: no browser is started."""
    blind = replace(machine, run=Programs(machine.home, ""))
    if machine.home_is_another_persons:
        machine = blind  # certutil loads what the database names as libraries: never as root for somebody else
    for seen in (*chromium.find(blind), *firefox.find(blind)[0]):
        if not seen.idle and nss.exists(seen.place):
            yield nss.Database(machine, seen.place, seen.kind)


def _of_database(database: nss.Database) -> Iterator[TrustedRoot]:
    try:
        for octets in list(database.certificates())[:_MOST_IN_DATABASE]:
            anchor = _anchor(octets)
            if anchor and _trusts(database, anchor):
                yield TrustedRoot(anchor.certificate, _called(database))
    except Refused:
        return  # locked or broken: `dotlocal trust check` says so


def _trusts(database: nss.Database, anchor: Anchor) -> bool:
    try:
        return database.holds(anchor).trusted
    except Refused:
        return True  # without certutil nobody can tell, and who imports a root means it


def _called(database: nss.Database) -> str:
    """Without the name of the person, who may send the report to others."""
    home = os.path.expanduser("~")
    inside = database.place.startswith(home + os.sep)
    return f"{database.kind.capitalize()} ({'~' + database.place[len(home) :] if inside else database.place})"


def _anchor(octets: bytes) -> Anchor | None:
    try:
        return Anchor.parse(octets)
    except Refused:
        return None


def _in_file(path: str) -> list[bytes]:
    try:
        return bundle.in_file(path)
    except Refused:
        return []


def _readable(certificates: Iterable[bytes]) -> Iterator[x509.Certificate]:
    """One that can't be read must not hide the others."""
    for octets in certificates:
        try:
            yield pem.certificate(octets, "")
        except Refused:
            continue
