"""Who may come in: whom the product's own web interface knows, or who has the administrator's password."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from hashlib import sha256
from math import ceil
from typing import Protocol

from dotlocal.device.own_pages import password
from dotlocal.device.own_pages.asking import Asked, cookie, cookie_name, cookies, go, page, same_origin
from dotlocal.device.own_pages.link import Environ
from dotlocal.device.own_pages.pages import frame
from dotlocal.device.own_pages.sessions import Session, Sessions
from dotlocal.device.own_pages.throttle import Throttle
from dotlocal.device.owned.slots import Slots
from dotlocal.device.web.html import Html
from dotlocal.device.web.http import Answer

_SESSION, _KNOCK, _KNOWN = "own", "knock", "known"
_KNOWN_SECONDS = 180 * 86_400
_QUEUE_SECONDS = 5.0
MOST_LOGIN = 8_000


class Door(Protocol):
    """Lets people in."""

    leave: bool  # whether signing out is ours to offer

    def find(self, asked: Asked) -> Session | None:
        """The session of somebody who is in, with what must be sent along in `fields`."""

    def knock(self, asked: Asked) -> Answer:
        """The answer to somebody who isn't."""

    def fields(self, asked: Asked, session: Session) -> tuple[tuple[str, str], ...]:
        """What goes along with every answer to a session."""

    def end(self, asked: Asked, session: Session) -> Answer:
        """Sign out."""


class Hooked:
    """The product's own sessions: `who` tells the user of a request, or None; `login` is where to send the others."""

    leave = False

    def __init__(self, who: Callable[[Environ], str | None], login: str) -> None:
        self._who = who
        self._login = login
        self._sessions = Sessions(secrets.token_urlsafe)

    def find(self, asked: Asked) -> Session | None:
        """See Door. A session of ours is for forms and uploads alone, and ends when the user is another one."""
        user = self._who(asked.environ)
        if user is None:
            return None
        session = self._sessions.find(_sent(asked, _SESSION), asked.now)
        if session and session.user == user:
            return session
        return self._sessions.begin(user, asked.now)

    def fields(self, asked: Asked, session: Session) -> tuple[tuple[str, str], ...]:
        """See Door."""
        return () if _sent(asked, _SESSION) == session.token else (cookie(asked, _SESSION, session.token),)

    def knock(self, asked: Asked) -> Answer:
        """See Door."""
        return page(frame.elsewhere(asked.view(), self._login), 403)

    def end(self, asked: Asked, session: Session) -> Answer:
        """See Door."""
        self._sessions.end(session)
        return go("./")


class BuiltIn:
    """The administrator's password."""

    leave = True

    def __init__(self, slot_files: Slots, now: float) -> None:
        self._slots = slot_files
        self._sessions = Sessions(secrets.token_urlsafe)
        self._throttle = Throttle(now)
        self._secret = secrets.token_bytes(32)
        self._salt = b""
        self._one = threading.Lock()  # scrypt takes 32 MiB: one at a time

    def find(self, asked: Asked) -> Session | None:
        """See Door."""
        kept = password.load(self._slots)
        salt = kept.salt if kept else b""
        if salt != self._salt:  # another password is for other people
            self._sessions.end_all()
            self._salt = salt
        return self._sessions.find(_sent(asked, _SESSION), asked.now)

    def fields(self, asked: Asked, session: Session) -> tuple[tuple[str, str], ...]:
        """See Door."""
        return ()

    def end(self, asked: Asked, session: Session) -> Answer:
        """See Door."""
        self._sessions.end(session)
        return go("./", cookie(asked, _SESSION, "", seconds=0))

    def knock(self, asked: Asked) -> Answer:
        """See Door. Whatever was asked for, the answer is the form; what was posted is lost."""
        kept = password.load(self._slots)
        if kept is None:
            return page(frame.login(asked.view(), None, unset=True), 403)
        if asked.posted and asked.name == "login":
            return self._try(asked, kept)
        return self._ask(asked, None)

    def _ask(self, asked: Asked, problem: Html | None, status: int = 200, *more: tuple[str, str]) -> Answer:
        knock = _sent(asked, _KNOCK)
        if len(knock) != 43:
            knock = secrets.token_urlsafe()
            more += (cookie(asked, _KNOCK, knock),)
        return page(frame.login(asked.view(self._bound(knock)), problem, unset=False), status, *more)

    def _try(self, asked: Asked, kept: password.Password) -> Answer:
        form = asked.form(MOST_LOGIN)
        knock = _sent(asked, _KNOCK)
        ours = hmac.compare_digest(self._bound(knock).encode(), form.text("csrf").encode())
        if not knock or not ours or not same_origin(asked):
            return self._ask(asked, asked.view().say("login-expired"), 403)
        browser = _known(kept, _sent(asked, _KNOWN))
        if not self._one.acquire(timeout=_QUEUE_SECONDS):
            return self._wait(asked, _QUEUE_SECONDS)
        try:
            wait = self._throttle.wait(asked.link.client, browser, asked.now)
            if wait:
                return self._wait(asked, wait)
            if not kept.matches(form.text("password")):
                self._throttle.failed(asked.link.client, browser, asked.now)
                return self._ask(asked, asked.view().say("login-wrong"), 403)
            self._throttle.succeeded(asked.link.client, browser)
        finally:
            self._one.release()
        session = self._sessions.begin("administrator", asked.now)  # a new token: what was planted before is nobody's
        browser = browser or secrets.token_hex(16)
        return go(
            "probation" if asked.snapshot.on_probation else "./", cookie(asked, _SESSION, session.token),
            cookie(asked, _KNOCK, "", seconds=0),
            cookie(asked, _KNOWN, f"{browser}.{_mark(kept, browser)}", seconds=_KNOWN_SECONDS),
        )  # fmt: skip

    def _wait(self, asked: Asked, seconds: float) -> Answer:
        told = str(ceil(seconds))
        return self._ask(asked, asked.view().say("login-wait", seconds=told), 429, ("Retry-After", told))

    def _bound(self, knock: str) -> str:
        return hmac.new(self._secret, knock.encode(), sha256).hexdigest()


def _sent(asked: Asked, name: str) -> str:
    value = cookies(asked.environ).get(cookie_name(asked.link, name), "")
    return value if value.isascii() and len(value) <= 128 else ""


def _known(kept: password.Password, value: str) -> str:
    """A browser that was let in before, by the mark that only we can have made."""
    browser, _, mark = value.partition(".")
    return browser if browser and hmac.compare_digest(_mark(kept, browser).encode(), mark.encode()) else ""


def _mark(kept: password.Password, browser: str) -> str:
    return hmac.new(kept.browsers, browser.encode(), sha256).hexdigest()
