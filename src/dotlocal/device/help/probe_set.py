"""The probe's certificates of the current set, one after the other: a spent one is never shown again.

A browser shows its warning to a person who opens the probe's own address, and remembers the certificate that was let
pass there. That person's browser then asks for a page, which no script does: so the certificate is spent with the first
request that is a navigation, and what the browser remembers is worth nothing.

Spending is free to anybody, so two things bound it. Whoever has spent three is shown none at all for a while: no
certificate that his browser sees could be one that he lets pass. And for those that are spent new ones are asked for,
by a lock on the batch's mark: this process may write nothing. See docs/adr/0015.
"""

from __future__ import annotations

import fcntl
import os
import ssl
from collections import deque
from collections.abc import Callable

from dotlocal.core.errors import Refused
from dotlocal.device import probe
from dotlocal.host import files

MOST_SPENT = 3  # by one client address …
WHILE_SECONDS = 600.0  # … in this time
_REMEMBERED = 64


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


class Shown:
    """A certificate as one client has been shown it."""

    __slots__ = ("_certificate", "_client", "_note")

    def __init__(self, certificate: Certificate, client: str, note: Callable[[str], None]) -> None:
        self._certificate = certificate
        self._client = client
        self._note = note

    @property
    def context(self) -> ssl.SSLContext:
        """To accept the connection with."""
        return self._certificate.context

    @property
    def spent(self) -> bool:
        """Whether somebody may have let it pass, be it on another connection."""
        return self._certificate.spent

    def spend(self) -> None:
        """Never show it again, and put it down to the client."""
        if not self._certificate.spent:
            self._certificate.spent = True
            self._note(self._client)


class ProbeSet:
    """Which certificate is the one to show, of the set that is current at that moment."""

    __slots__ = ("_batch", "_certificate", "_clock", "_left", "_mark", "_run", "_say", "_spenders", "_started")

    def __init__(
        self, run: str, *, say: Callable[[str], None], clock: Callable[[], float], started: int | None = None
    ) -> None:
        """`clock` gives monotonic seconds; `started` is the uptime: of a set that is older than this process another
        one may have shown something, before a restart.
        """
        self._run = run
        self._say = say
        self._clock = clock
        self._started = started
        self._batch: tuple[str, int] | None = None  # the set's folder, and the number of the first certificate
        self._left: list[int] = []
        self._certificate: Certificate | None = None
        self._mark = -1
        self._spenders: deque[tuple[str, float]] = deque(maxlen=_REMEMBERED)

    def certificate(self, client: str) -> Shown | None:
        """The one to show to a client now; None where there is none, where all are spent, or where this client has
        spent too many. Never raises.
        """
        batch = self._look()
        if batch != self._batch:
            self._begin(batch)
        while self._certificate and self._certificate.spent:
            self._load()
        since = self._clock() - WHILE_SECONDS
        spent = sum(1 for who, when in self._spenders if who == client and when > since)
        return Shown(self._certificate, client, self._spend) if self._certificate and spent < MOST_SPENT else None

    def close(self) -> None:
        """Let go of the mark."""
        if self._mark >= 0:
            os.close(self._mark)
        self._mark = -1

    def _look(self) -> tuple[str, int] | None:
        try:
            folder = os.path.join(self._run, os.readlink(os.path.join(self._run, "current")))
            return folder, probe.first(os.listdir(folder))
        except OSError:
            return None

    def _begin(self, batch: tuple[str, int] | None) -> None:
        self.close()
        self._batch, self._certificate = batch, None
        self._left = list(probe.numbers(batch[1])) if batch else []
        if batch:
            self._load()
            if self._predecessor(batch):
                self._ask()

    def _predecessor(self, batch: tuple[str, int]) -> bool:
        try:
            made = files.read(os.path.join(batch[0], probe.mark(batch[1])), 32).strip()
        except Refused:
            return False
        return self._started is not None and made.isdigit() and int(made) < self._started

    def _load(self) -> None:
        self._certificate = None
        if self._batch and self._left:
            path = os.path.join(self._batch[0], probe.file(self._left.pop(0)))
            try:
                self._certificate = Certificate(path)
            except (OSError, ssl.SSLError) as error:  # the second is one of the first, but need not stay so
                self._say(f"warning: the probe has no certificate: {path}: {(error.strerror or '').lower()}")
        elif self._batch:
            self._say("warning: every certificate of the probe is spent: the help pages can't tell until there are new")

    def _spend(self, client: str) -> None:
        self._spenders.append((client, self._clock()))
        self._ask()

    def _ask(self) -> None:
        """Hold the mark, so that new ones are made; then open it once more, which a watching process hears of."""
        if self._mark >= 0 or not self._batch:
            return
        path = os.path.join(self._batch[0], probe.mark(self._batch[1]))
        try:
            self._mark = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._mark, fcntl.LOCK_SH)
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            self._say(f"warning: no new certificates can be asked for: {path}: {(error.strerror or '').lower()}")
