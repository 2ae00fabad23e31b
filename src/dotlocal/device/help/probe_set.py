"""The probe's certificates of the current set, one after the other: a spent one is never shown again.

A browser shows its warning to a person who opens the probe's own address, and remembers the certificate that was let
pass there. That person's browser then asks for a page, which no script does: so the certificate is spent with the first
request that is a navigation, and what the browser remembers is worth nothing. See docs/adr/0015.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable

from dotlocal.device import probe


class Certificate:
    """One of the probe's certificates, ready to accept connections with, until it is spent."""

    __slots__ = ("context", "spent")

    def __init__(self, path: str) -> None:
        # TLS 1.3 alone, which every browser of today speaks, and no tickets: there is no session to resume, so each
        # look is at the certificate, and nothing is kept for anybody.
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.num_tickets = 0
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.load_cert_chain(path, password="")
        self.spent = False


class ProbeSet:
    """Which certificate is the one to show, of the set that is current at that moment."""

    __slots__ = ("_certificate", "_folder", "_number", "_run", "_say")

    def __init__(self, run: str, *, say: Callable[[str], None]) -> None:
        self._run = run
        self._say = say
        self._folder = ""
        self._number = 0
        self._certificate: Certificate | None = None

    def certificate(self) -> Certificate | None:
        """The one to show now; None where there is none, or where all are spent. Never raises."""
        folder = self._current()
        if folder != self._folder:
            self._folder, self._number, self._certificate = folder, 0, None
            self._load()
        while self._certificate and self._certificate.spent:
            self._number += 1
            self._certificate = None
            if self._number < probe.CERTIFICATES:
                self._load()
            else:
                self._say(
                    "warning: every certificate of the probe is spent: the help pages can't tell until the next boot"
                )
        return self._certificate

    def _current(self) -> str:
        try:
            return os.path.join(self._run, os.readlink(os.path.join(self._run, "current")))
        except OSError:
            return ""

    def _load(self) -> None:
        path = os.path.join(self._folder, probe.file(self._number))
        try:
            self._certificate = Certificate(path)
        except (OSError, ssl.SSLError) as error:  # the second is one of the first, but need not stay so
            self._say(f"warning: the probe has no certificate: {path}: {(error.strerror or '').lower()}")
