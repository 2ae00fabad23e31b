"""The pages as a WSGI application (PEP 3333): by which name, over which connection, who, and from where a form came."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import Any
from urllib.parse import quote

from dotlocal.core.errors import Refused
from dotlocal.device.own_pages import link, showing
from dotlocal.device.own_pages import snapshot as looking
from dotlocal.device.own_pages.asking import (
    MOST_FIELDS,
    MOST_UPLOAD,
    Asked,
    cookie,
    cookie_name,
    cookies,
    go,
    page,
    query,
    same_origin,
)
from dotlocal.device.own_pages.doing import UPLOADS, Doing
from dotlocal.device.own_pages.door import BuiltIn, Door, Hooked
from dotlocal.device.own_pages.link import Environ, Link, Read
from dotlocal.device.own_pages.pages import frame
from dotlocal.device.own_pages.sessions import Session
from dotlocal.device.own_pages.snapshot import Snapshot
from dotlocal.device.owned.steps import Owned
from dotlocal.device.web import hosts, http, look
from dotlocal.device.web.hosts import Host
from dotlocal.device.web.http import Answer, failure
from dotlocal.guide import LANGUAGES, detect

_ASSETS = {**look.ASSETS, **{name: look.asset("dotlocal.device.own_pages", name) for name in ("own.css", "own.js")}}
_LANGUAGE = "language"
_YEAR = 365 * 86_400
_GLANCE_SECONDS = 2.0  # that a look for strangers is good for
StartResponse = Callable[..., Any]


def application(
    owned: Owned | None = None, *, session: Callable[[Environ], str | None] | None = None, login: str = "",
    connection: Read = link.direct, also: Collection[str] = (),
) -> Pages:  # fmt: skip
    """A WSGI application for any path of the device's web interface; one process, any number of threads.

    `session` tells the user of a request in the product's own web interface, or None, and `login` is where to send
    those; without it the pages have a password of their own. `connection` reads how a request came, `link.by_header` or
    `link.by_proxy_protocol` where something in front ends TLS. `also` are names that the device goes by besides those
    that it knows.
    """
    chosen = owned or Owned()
    door: Door = Hooked(session, login) if session else BuiltIn(chosen.slots, monotonic())
    return Pages(chosen, door, connection, frozenset(name.lower() for name in also))


class Pages:
    """The application."""

    def __init__(self, owned: Owned, door: Door, connection: Read, also: frozenset[str]) -> None:
        self._owned = owned
        self._door = door
        self._connection = connection
        self._also = also
        self._doing = Doing(owned)
        self._glanced: tuple[float, Snapshot] | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        try:
            answer = self.answer(environ)
        except http.Bad as bad:
            answer = failure(bad.status, methods=http.FORM_METHODS)
        length = ("Content-Length", str(len(answer.body)))
        start_response(f"{answer.status} {http.REASONS[answer.status]}", [*answer.fields, length])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def answer(self, environ: Environ) -> Answer:
        """The answer to one request, without its length; http.Bad for what has no page."""
        if environ["REQUEST_METHOD"] not in http.FORM_METHODS:
            raise http.Bad(405)
        base = "/" + quote(environ.get("SCRIPT_NAME", "").strip("/"), safe="/")
        if not environ.get("PATH_INFO") and base != "/":
            plain = ("Content-Type", "text/plain; charset=utf-8")
            return Answer(308, (("Location", f"{base}/"), plain, ("Cache-Control", "no-store")))
        name = environ.get("PATH_INFO", "").removeprefix("/")
        if name in _ASSETS:
            return Answer(200, (*_ASSETS[name].fields, ("X-Content-Type-Options", "nosniff")), _ASSETS[name].body)
        try:
            came = self._connection(environ)
        except Refused as refused:
            return failure(400, f"{refused.message}\n{refused.hint}\n")
        host = hosts.parse(environ.get("HTTP_HOST", ""))
        if host is None:
            raise http.Bad(400)
        return self._greet(environ, name, came, host)

    def _greet(self, environ: Environ, name: str, came: Link, host: Host) -> Answer:
        now = monotonic()
        glance = self._glance(now)
        if not hosts.answers(host, glance.known | self._also | {"localhost"}):
            raise http.Bad(421)
        spoken = query(environ, "lang", LANGUAGES)
        kept = cookies(environ).get(cookie_name(came, _LANGUAGE), "")
        language = spoken or (
            kept if kept in LANGUAGES else detect.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
        )
        asked = Asked(environ, name, came, host, language, glance, now)
        answer = self._admit(asked)
        if spoken and spoken != kept:
            fields = (*answer.fields, cookie(asked, _LANGUAGE, spoken, seconds=_YEAR))
            return Answer(answer.status, fields, answer.body)
        return answer

    def _admit(self, asked: Asked) -> Answer:
        if not asked.link.https and not _on_this_machine(asked):
            return page(frame.insecure(asked.view()), 403)
        asked.leave = self._door.leave
        session = asked.session = self._door.find(asked)
        if session is None:
            return self._door.knock(asked)
        asked.snapshot = looking.take(self._owned)
        answer = self._posted(asked, session) if asked.posted else self._shown(asked, session)
        return Answer(answer.status, (*answer.fields, *self._door.fields(asked, session)), answer.body)

    def _shown(self, asked: Asked, session: Session) -> Answer:
        self._doing.verdict(asked, session)  # a page that came over a connection of its own proves it for later
        return showing.show(asked, session, self._doing, self._owned)

    def _posted(self, asked: Asked, session: Session) -> Answer:
        if asked.name not in (*self._doing.names, "logout"):
            return go("./") if asked.name == "login" else failure(404)
        if not same_origin(asked):
            return page(frame.forbidden(asked.view()), 403)
        try:
            form = asked.form(MOST_UPLOAD if asked.name in UPLOADS else MOST_FIELDS)
        except http.Bad as bad:
            if bad.status != 413 or asked.name not in UPLOADS:
                raise
            session.told = ("told-too-large", None)
            asked.name = "issuer" if asked.name == "issuer-import" else asked.name
            answer = showing.show(asked, session, self._doing, self._owned)
            return Answer(413, answer.fields, answer.body)
        if not hmac.compare_digest(form.text("csrf").encode(), session.csrf.encode()):
            return page(frame.forbidden(asked.view()), 403)
        if asked.name == "logout":
            return self._door.end(asked, session)
        try:
            return self._doing.carry_out(asked, session, form)
        finally:
            self._glanced = None  # it shows what was before

    def _glance(self, now: float) -> Snapshot:
        """A look that strangers can't have us take as often as they like."""
        if self._glanced is None or not 0 <= now - self._glanced[0] < _GLANCE_SECONDS:
            self._glanced = now, looking.take(self._owned)
        return self._glanced[1]


def _on_this_machine(asked: Asked) -> bool:
    """Plain HTTP from the machine itself, by a name that means itself: nothing in front has hidden a network."""
    return link.is_local(asked.link.client) and (asked.host.text == "localhost" or link.is_local(asked.host.text))
