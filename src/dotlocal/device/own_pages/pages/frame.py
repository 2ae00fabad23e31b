"""What is around every page, and the pages for those who are not signed in."""

from __future__ import annotations

from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.device.own_pages.view import View, box, findings, secret, section
from dotlocal.device.web.html import Html, safe, tag
from dotlocal.guide import LANGUAGES

COMMAND = "dotlocal device own password"
_LOCK = Html(
    '<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path d="M11 14v-3a5 5 0 0 1 10 0v3" fill="none"'
    ' stroke="currentColor" stroke-width="2.4"/><rect x="8.5" y="14" width="15" height="11" rx="2.5"'
    ' fill="currentColor"/></svg>'
)


def document(view: View, title: Html, *main: str, script: bool = False) -> str:
    """The whole document: `main` follows its heading, which is the title."""
    (other,) = (language for language in LANGUAGES if language != view.language)
    link = tag("a", view.say("other-language"), href=f"{view.page or './'}?lang={other}", lang=other, hreflang=other)
    home = [tag("nav", tag("a", view.say("overview"), href="./"), aria_label=view.say("overview"), class_="home")]
    leave = [view.form("logout", tag("button", view.say("sign-out"), class_="leave"))] if view.leave else []
    header = tag("header", _LOCK, tag("p", view.host.text), link, *leave, class_="bar")
    body = tag("main", *(home if view.page and view.csrf else ()), tag("h1", title), *main)
    footer = tag("footer", view.p("footer"))
    loaded = '<script src="own.js" defer></script>\n' if script else ""
    return (
        f'<!doctype html>\n<html lang="{view.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{view.say('title', page=title, host=view.host.text)}</title>\n"
        '<link rel="stylesheet" href="style.css">\n<link rel="stylesheet" href="own.css">\n'
        f'<link rel="icon" href="icon.svg" type="image/svg+xml">\n{loaded}</head>\n'
        f"<body>\n{header}{body}{footer}\n</body>\n</html>\n"
    )


def login(view: View, problem: Html | None, *, unset: bool) -> str:
    """Where the built-in password is asked for; `view.csrf` is that of the form alone."""
    said = [box("warn", problem)] if problem else []
    if unset:
        told = section(view.p("login-unset"), tag("p", tag("code", COMMAND)))
    else:
        told = section(
            view.form("login", secret(view, "password", hint=False, complete="current-password"),
                      view.button("login-button"))
        )  # fmt: skip
    return document(view, view.say("login"), view.p("login-lead", "lead"), *said, told)


def elsewhere(view: View, url: str) -> str:
    """For those whom the product's own web interface doesn't know."""
    link = [view.link("login-elsewhere-link", url)] if url else []
    return document(view, view.say("login"), section(view.p("login-elsewhere"), *link))


def insecure(view: View) -> str:
    """For plain HTTP."""
    return document(view, view.say("insecure"), view.p("login-lead", "lead"))


def forbidden(view: View) -> str:
    """For what came from elsewhere."""
    return document(view, view.say("login"), box("warn", view.say("forbidden"), view.link("forbidden-back", "./")))


def told(view: View, what: tuple[str, Any] | None) -> Html:
    """What is said once, at the top of the next page."""
    if what is None:
        return Html("")
    kind, fact = what
    if isinstance(fact, Refused):
        found: Any = fact.facts.get("findings", ())
        listed = [{"code": e.code, "severity": e.severity, "message": e.message, "hint": e.hint} for e in found]
        single = {"code": fact.code, "severity": "error", "message": fact.message, "hint": fact.hint}
        return box("warn", view.say(kind), findings(view, listed or [single], heading="h2"))
    return box("good" if kind in ("told-confirmed", "told-renewed", "told-reverted") else "warn", safe(view.say(kind)))
