"""What the probe answers, over TLS and, for comparison, without it.

A page of the device asks for a nonce over https and over http, by a script. Both answered: this browser trusts the
device. The second alone: it reaches the device, and refuses the certificate. Neither: nobody can tell. Only pages of
this device get an answer: a web site elsewhere learns no more here than at any HTTPS port of the device.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from dotlocal.device.help.facts import Facts
from dotlocal.device.help.probe_set import Shown
from dotlocal.device.help.tokens import Tokens
from dotlocal.device.web import hosts
from dotlocal.device.web.http import Answer, Request, failure

FIRST_DAY = 86_400  # seconds that a browser insists on HTTPS after its first proof …
THIRTY_DAYS = 30 * FIRST_DAY  # … and after one on a later day
_NONCE = re.compile(r"/([0-9a-f]{32})")
_INSIST = re.compile(r"/insist/([0-9a-f]{32})(/again)?")
_ORIGIN = re.compile(r"https?://([^/]+)")


class Probe:
    """The probe. `look` gives the facts of the moment; `hsts` whether browsers that trust may be told to insist."""

    __slots__ = ("_hsts", "_look", "_tokens")

    def __init__(self, look: Callable[[], Facts | None], tokens: Tokens, *, hsts: bool) -> None:
        self._look = look
        self._tokens = tokens
        self._hsts = hsts

    def answer(self, request: Request, shown: Shown | None, *, alive: bool = True) -> Answer:
        """The answer to a request over TLS, where `shown` is the certificate that the client took, or over none.

        `alive` tells whether there is a certificate left that this client would be shown.
        """
        mode = request.fields.get("sec-fetch-mode", "")
        if shown and _is_navigation(request.fields):
            shown.spend()
        if (shown and shown.spent) or not alive or mode not in ("", "cors"):
            return failure(403)
        origin = self._origin(request)
        if not origin:
            return failure(403)
        if found := _NONCE.fullmatch(request.path):
            word = "dotlocal-trusted" if shown else "dotlocal-reached"
            token = self._tokens.new() if shown and self._hsts else "-"
            return _told(origin, f"{word} {found[1]} {token}\n")
        if shown and self._hsts and (found := _INSIST.fullmatch(request.path)):
            return self._insist(origin, request, token=found[1], again=bool(found[2]))
        return failure(404)

    def _insist(self, origin: str, request: Request, *, token: str, again: bool) -> Answer:
        host = hosts.parse(request.fields["host"])
        if host is None or host.is_address or not self._tokens.spend(token):  # addresses can't insist (RFC 6797 8.1.1)
            return failure(410)
        # Never includeSubDomains: what else has a name below this one is not ours to lock.
        seconds = THIRTY_DAYS if again else FIRST_DAY
        return _told(origin, "dotlocal-insists\n", ("Strict-Transport-Security", f"max-age={seconds}"))

    def _origin(self, request: Request) -> str:
        """The Origin header, if it and the Host header are of this device; otherwise nothing."""
        origin = request.fields.get("origin", "")
        facts, found = self._look(), _ORIGIN.fullmatch(origin)
        if facts is None or found is None:
            return ""
        both = (hosts.parse(found[1]), hosts.parse(request.fields["host"]))
        return origin if all(host is not None and host.text in facts.served for host in both) else ""


def _is_navigation(fields: dict[str, str]) -> bool:
    mode = fields.get("sec-fetch-mode", "")
    if mode:
        # In a frame no browser lets anybody pass, and any web site could put one there, to have certificates spent.
        return mode == "navigate" and fields.get("sec-fetch-dest", "document") == "document"
    # Browsers before Sec-Fetch-Mode (Safari until 16.4) ask for pages as text/html, and scripts for anything.
    return "text/html" in fields.get("accept", "")


def _told(origin: str, text: str, *more: tuple[str, str]) -> Answer:
    allowed = (("Access-Control-Allow-Origin", origin), ("Vary", "Origin"))
    plain = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
    return Answer(200, (*plain, ("Cache-Control", "no-store"), *allowed, *more), text.encode())
