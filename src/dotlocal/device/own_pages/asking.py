"""One request to the pages, and the answers that they give."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote

from dotlocal.device.own_pages.forms import BadForm, Form, parse
from dotlocal.device.own_pages.link import Environ, Link
from dotlocal.device.own_pages.sessions import Session
from dotlocal.device.own_pages.snapshot import Snapshot
from dotlocal.device.own_pages.view import View
from dotlocal.device.web.hosts import Host
from dotlocal.device.web.http import Answer, Bad

MOST_FIELDS = 32_000  # octets of a form without files
MOST_UPLOAD = (1 << 20) + 64_000
_MOST_DRAINED = 64 << 20  # of an upload that is too large, so that its sender sees the page that says so
_CHUNK = 64 << 10
_LONGEST_QUERY = 200
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    # not no-referrer, with which browsers send `Origin: null` with a form (Fetch, "append a request Origin header")
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", _POLICY),
    ("Cache-Control", "no-store"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ("Vary", "Accept-Language, Cookie"),
    *_ALWAYS,
)


@dataclass(slots=True)
class Asked:
    """A request, as far as it has been understood; `now` is in monotonic seconds."""

    environ: Environ
    name: str
    link: Link
    host: Host
    language: str
    snapshot: Snapshot
    now: float
    session: Session | None = None
    leave: bool = False

    @property
    def posted(self) -> bool:
        """Whether a form came with it."""
        return bool(self.environ["REQUEST_METHOD"] == "POST")

    def view(self, csrf: str = "") -> View:
        """What a page needs to know."""
        session = self.session
        path = "/" + quote((self.link.path or self.environ.get("SCRIPT_NAME", "")).strip("/") + "/", safe="/").lstrip(
            "/"
        )
        return View(
            self.language, self.host, "https" if self.link.https else "http", path, self.name,
            session.csrf if session else csrf, self.leave and session is not None, self.snapshot,
        )  # fmt: skip

    def form(self, most: int) -> Form:
        """The form that came; Bad for what no browser sends, for too much, and for what doesn't come."""
        try:
            return parse(self.environ.get("CONTENT_TYPE", ""), self._body(most))
        except BadForm:
            raise Bad(400) from None

    def _body(self, most: int) -> bytes:
        length = str(self.environ.get("CONTENT_LENGTH") or "")
        if not length.isascii() or not length.isdigit() or len(length) > 12:
            raise Bad(411)
        left, source = int(length), self.environ["wsgi.input"]
        if left > most:
            if self.session and left <= _MOST_DRAINED:
                _drain(source, left)
            raise Bad(413)
        body = bytearray()
        while left:
            piece = source.read(min(left, _CHUNK))
            if not piece:
                raise Bad(400)
            body += piece
            left -= len(piece)
        return bytes(body)


def _drain(source: Any, left: int) -> None:
    while left and (piece := source.read(min(left, _CHUNK))):
        left -= len(piece)


def page(text: str, status: int = 200, *more: tuple[str, str]) -> Answer:
    """A page."""
    return Answer(status, (*_PAGE, *more), text.encode())


def go(where: str, *more: tuple[str, str]) -> Answer:
    """On to another page, which is asked for with GET (RFC 9110 15.4.4)."""
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(303, (("Location", where), plain, ("Cache-Control", "no-store"), *_ALWAYS, *more))


def download(text: str, filename: str, kind: str) -> Answer:
    """A file to keep; nothing secret is ever one."""
    about = (("Content-Type", kind), ("Content-Disposition", f'attachment; filename="{filename}"'))
    return Answer(200, (*about, ("Cache-Control", "no-store"), *_ALWAYS), text.encode())


def cookies(environ: Environ) -> dict[str, str]:
    """Those that came, by name; none when they can't be read."""
    try:
        found = SimpleCookie(str(environ.get("HTTP_COOKIE", ""))[:4096])
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in found.items()}


def cookie(asked: Asked, name: str, value: str, *, seconds: int | None = None) -> tuple[str, str]:
    """A field that sets a cookie: unreadable for scripts, never sent from elsewhere, and bound to this very host by its
    prefix where TLS is (RFC 6265bis 4.1.3.2); `seconds` 0 deletes it.
    """
    age = "" if seconds is None else f"; Max-Age={seconds}"
    secure = "; Secure" if asked.link.https else ""
    return "Set-Cookie", f"{cookie_name(asked.link, name)}={value}; Path=/{age}; HttpOnly; SameSite=Strict{secure}"


def cookie_name(link: Link, name: str) -> str:
    """Its name with the prefix, where that can be had."""
    return f"__Host-dotlocal-{name}" if link.https else f"dotlocal-{name}"


def same_origin(asked: Asked) -> bool:
    """Whether the browser says that a form came from a page of ours: every current one sends Origin with it."""
    site = asked.environ.get("HTTP_SEC_FETCH_SITE", "same-origin")
    scheme = "https" if asked.link.https else "http"
    return site == "same-origin" and asked.environ.get("HTTP_ORIGIN") == f"{scheme}://{asked.environ['HTTP_HOST']}"


def query(environ: Environ, name: str, known: Collection[str]) -> str:
    """A value of the query that is among those known, or nothing."""
    text = environ.get("QUERY_STRING", "")
    values = parse_qs(text).get(name, [""]) if len(text) <= _LONGEST_QUERY and text.count("&") < 8 else [""]
    return values[0] if values[0] in known else ""
