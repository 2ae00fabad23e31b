"""The roots that chains may end in: those in a file that was given, or those that this computer trusts."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Iterator

from cryptography import x509

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.observation import Roots, TrustedRoot
from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.host import files

_MOST_OCTETS = 4 << 20
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine, the BSDs, macOS
)
SYSTEM = "the system's store"
_END = b"-----END CERTIFICATE-----"


def given(contents: dict[str, bytes]) -> Roots:
    """The roots of files, by what they are called; refuses what `Anchor.parse` does, by what it is instead."""
    anchors = [TrustedRoot(Anchor.parse(octets).certificate, where) for where, octets in contents.items()]
    return Roots(given=tuple(anchors), here=tuple(here()))


def of_this_computer() -> Roots:
    """What is trusted here, store by store."""
    found = tuple(here())
    return Roots(here=found, stores=tuple(dict.fromkeys(root.store for root in found)))


def here() -> Iterator[TrustedRoot]:
    """Every root of every store that can be read."""
    yield from (TrustedRoot(each, SYSTEM) for each in _system())


def _system() -> Iterator[x509.Certificate]:
    if sys.platform == "win32":
        for contents, encoding, trust in ssl.enum_certificates("ROOT"):
            if encoding == "x509_asn" and (trust is True or "1.3.6.1.5.5.7.3.1" in trust):
                yield from _certificates(contents)
        return
    paths = ssl.get_default_verify_paths()
    named = os.environ.get(paths.openssl_cafile_env)
    for path in (named,) if named else (*_BUNDLES, paths.cafile):
        if path and os.path.exists(path):
            try:
                yield from _certificates(files.read(path, most=_MOST_OCTETS))
            except Refused:
                continue  # of somebody else's making, or not for us to read: the next one
            return


def _certificates(contents: bytes) -> Iterator[x509.Certificate]:
    """Those that can be read, of as many as there are; one that can't must not hide the others."""
    if _END not in contents:
        blocks = [contents]
    else:
        blocks = []
        for piece in contents.split(_END)[:-1]:
            try:
                blocks += [octets for label, octets in pem.parse(_block(piece), "") if label == pem.CERTIFICATE]
            except Refused:
                continue
    for octets in blocks:
        try:
            yield pem.certificate(octets, "")
        except Refused:
            continue


def _block(piece: bytes) -> bytes:
    return piece[max(0, piece.rfind(b"-----BEGIN ")) :] + _END + b"\n"
