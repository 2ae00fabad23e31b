"""What a customer does with ACME: set it up, renew, change the account's key, end it, look. For commands and pages.

from dotlocal.device.acme.steps import Acme

acme = Acme()                          # the usual places; Acme(options) for others
acme.set_up({"directory": "https://ca.example.com/acme/directory", "names": ["press-07.example.com"], "roots": pem})
print(acme.status())
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.core.window import rfc3339
from dotlocal.device import boot
from dotlocal.device import time as device_time
from dotlocal.device.acme import account, http_01, job, settings, standing, tls_alpn_01, transport
from dotlocal.device.acme.challenge import TLS_ALPN_01, Responder
from dotlocal.device.acme.client import Client
from dotlocal.device.acme.job import Moment, Surroundings
from dotlocal.device.acme.settings import AcmeSettings
from dotlocal.device.acme.store import Account, AcmeStore
from dotlocal.device.acme.transport import Exchange
from dotlocal.device.boot import Options
from dotlocal.device.owned import slots
from dotlocal.device.owned.material import Upload
from dotlocal.device.owned.steps import Owned
from dotlocal.device.owned.switching import MINUTES
from dotlocal.device.settings import Settings
from dotlocal.device.store import Run, State
from dotlocal.host import clock
from dotlocal.host.clock import Reading

_WAYS = ("challenge", "webroot", "hook", "listen")
# the server may be back tomorrow; whatever else it says, somebody is there now to mend it
_AWAY = ("acme-unreachable", "acme-slow", "acme-server", "acme-rate-limited", "acme-nonce")
_LUCK = random.SystemRandom().random


class Acme:
    """ACME on one device."""

    def __init__(
        self, options: Options | None = None, *, read_clock: Callable[[], Reading] = clock.read,
        reserved: socket.socket | None = None,
    ) -> None:  # fmt: skip
        """`reserved` is the port of http-01, bound already by somebody who may do more than this process."""
        self.options = options or Options()
        self.state = State(self.options.state)
        self.run = Run(self.options.run)
        self.store = AcmeStore(self.state)
        self.owned = Owned(self.options, read_clock=read_clock)
        self._read_clock = read_clock
        self._reserved = reserved

    def set_up(
        self, wanted: Mapping[str, Any], *, mac_key: str = "", minutes: int = MINUTES, confirm: bool = False
    ) -> str:
        """Keep what is wanted (as `settings.parse` has it) and get the first certificate, which is on probation for so
        many minutes, or there for good when it is confirmed in advance.

        `mac_key` is the external account's, as the CA wrote it. When the server is away for the moment the settings are
        kept, and it is tried again by itself; when it refuses, what was set up before stays.
        """
        configured = self._settings()
        chosen = settings.parse({**_defaults(configured, wanted), **wanted, "confirm": confirm, "minutes": minutes})
        key = settings.mac_key(chosen.kid, mac_key)
        with self.store.lock():
            before = self.store.keep()
            if self.store.account().directory not in ("", chosen.directory):
                self.store.forget()  # another CA gets another account, and another key
            self.store.save_settings(chosen, key)
        try:
            return self.attempt(force=True)
        except Refused as refused:
            if refused.code not in _AWAY:
                with self.store.lock():
                    self.store.restore(before)
                self._tell()
            raise

    def attempt(self, *, force: bool = False) -> str:
        """Do what is due, or renew now; see `job.attempt`. What the customer replaced is renewed by force alone."""
        if not force and standing.superseded(self.state, self.store.record()):
            return job.WAITING
        try:
            return job.attempt(self.store, self._surroundings(), force=force)
        finally:
            self._tell()

    def roll_over(self) -> None:
        """Move the account to a new key (RFC 8555 7.3.5)."""
        with self.store.lock():
            wanted = self.store.settings()
            job.roll_over(self._client(wanted), wanted, self.store)

    def deactivate(self, *, ended_elsewhere: bool = False) -> None:
        """End the account at the server, and forget everything about it here; the certificate stays until its end.

        Refuses what the server does; `ended_elsewhere` only forgets.
        """
        with self.store.lock():
            wanted = self.store.settings()
            if not ended_elsewhere and self.store.account().url:
                client = self._client(wanted)
                job.open_account(client, wanted, self.store)
                account.end(client)
            self.store.save_account(Account())
            self.store.forget()
        self._tell()

    def status(self) -> dict[str, Any]:
        """What is set up, what came of it, when the next attempt is, and what went wrong at the last one. `next_in` are
        the seconds until then, None when there will be none; `next_attempt` is None too while nobody knows the time.
        """
        if not standing.is_set_up(self.state):
            return {"set_up": False}
        wanted, kept, known = self.store.settings(), self.store.record(), self.store.account()
        moment = self._moment()
        ended = standing.superseded(self.state, kept)
        wait = standing.wait(self.state, self._read_clock(), moment.now, known=moment.known)
        soon = None if wait is None else int(wait)
        return {
            "set_up": True, "directory": wanted.directory, "names": [each.text for each in wanted.names],
            "addresses": [each.text for each in wanted.addresses], "challenge": wanted.challenge,
            "contact": list(wanted.contact), "account": known.url, "superseded": ended,
            "not_before": _told(kept.not_before), "not_after": _told(kept.not_after),
            "renew_at": _told(kept.renew_at), "next_in": soon,
            "next_attempt": _told(moment.now + soon) if soon is not None and moment.known else None,
            "suggested": {"start": _told(kept.window_start), "end": _told(kept.window_end), "why": kept.explanation}
            if kept.window_start else None,
            "last_success": _told(kept.last_success), "last_try": _told(kept.last_try), "failures": kept.failures,
            "error": {"code": kept.code, "message": kept.message, "hint": kept.hint} if kept.code else None,
        }  # fmt: skip

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            moment=self._moment, draw=_LUCK, sleep=time.sleep, exchange=_way_to,
            responder=self._responder, install=self._install,
        )  # fmt: skip

    def _client(self, wanted: AcmeSettings) -> Client:
        return Client(
            _way_to(wanted.roots), wanted.directory, self.store.key(), sleep=time.sleep,
            now=lambda: self._read_clock().now,
        )  # fmt: skip

    def _moment(self) -> Moment:
        reading = self._read_clock()
        window = self.state.template().issuer_window
        judged = device_time.judge(
            reading, self.state.floor(), built=0, ca_not_before=window.not_before, ca_not_after=window.not_after
        )
        known = judged.quality != device_time.UNKNOWN
        return Moment(judged.now if known else judged.floor, reading.uptime, reading.boot_id, known)

    def _responder(self, wanted: AcmeSettings) -> Responder:
        if wanted.challenge == TLS_ALPN_01:
            return tls_alpn_01.Published(self.run, wanted.listen)
        if wanted.webroot:
            return http_01.Webroot(wanted.webroot)
        return http_01.Hook(wanted.hook) if wanted.hook else http_01.Listener(wanted.listen, self.run, self._reserved)

    def _install(self, key: str, chain: str) -> None:
        """A renewal of what was confirmed is confirmed; what is new is on probation, unless it was confirmed before."""
        wanted = self.store.settings()
        claimed = [each.text for each in wanted.names]
        judged = self.owned.examine([Upload("the ACME server's answer", f"{key}{chain}".encode())], claimed=claimed)
        self.owned.take(
            judged, origin=standing.ORIGIN, accept=True, minutes=wanted.minutes,
            confirm=wanted.confirm or self._renews(wanted),
        )  # fmt: skip

    def _renews(self, wanted: AcmeSettings) -> bool:
        try:
            held = self.owned.slots.held(slots.CERTIFICATE)
        except Refused:
            return False
        if held is None or held.origin != standing.ORIGIN or not isinstance(held, slots.OwnCertificate):
            return False
        return {*held.names, *held.addresses} >= {*(each.text for each in wanted.names), *wanted.addresses}

    def _settings(self) -> Settings:
        return boot.read_settings(self.state, self.options)[0]

    def _tell(self) -> None:
        """A watching process looks anew when the next attempt is."""
        try:
            self.run.tell_change(self.run.look_at())
        except Refused:
            pass  # no run directory, and so no watching process


def _defaults(configured: Settings, wanted: Mapping[str, Any]) -> dict[str, str]:
    """What the product's maker has said in [own.acme], how challenges are answered on this device, unless the customer
    says it; tls-alpn-01 is answered where [serve] listens.
    """
    defaults = {} if any(wanted.get(key) for key in _WAYS) else dict(configured.own_acme)
    challenge = wanted.get("challenge") or defaults.get("challenge")
    if challenge == TLS_ALPN_01 and configured.serve_listen:
        defaults.setdefault("listen", configured.serve_listen)
    return defaults


def _told(instant: int) -> str | None:
    return rfc3339(instant) if instant else None


def _way_to(roots: str) -> Exchange:
    return transport.Https(transport.context(roots))
