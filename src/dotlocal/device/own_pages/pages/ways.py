"""The pages on which something is asked for or brought in, but for ACME's."""

from __future__ import annotations

from dotlocal.device.own_pages import snapshot as looking
from dotlocal.device.own_pages.pages.frame import document
from dotlocal.device.own_pages.view import View, area, files, line, secret, section, tick
from dotlocal.device.web import hosts
from dotlocal.device.web.html import Html, tag


def request(view: View, told: Html) -> str:
    """A request for the customer's CA, filled in with what the device answers to."""
    waiting = view.snapshot.request
    asked = looking.asked(waiting) if waiting else view.snapshot.answers
    fields = names_and_addresses(view, asked)
    head = view.say("request"), view.p("request-lead", "lead"), told
    if not waiting:
        return document(view, *head, section(view.form("request", *fields, view.button("request-make"))))
    ready = section(
        tag("h2", view.say("request-waiting")), view.p("request-waiting-more", names=view.listed(asked)),
        view.link("request-get", "request.csr"), view.p("request-next"),
        view.link("upload-open", "import", kind="button second"),
    )  # fmt: skip
    again = tag("summary", tag("h2", view.say("other-request")))
    form = view.form("request", *fields, view.button("request-again", second=True))
    return document(view, *head, ready, section(tag("details", again, form)))


def upload(view: View, told: Html) -> str:
    """Files in, and a passphrase where one is needed."""
    form = view.form(
        "import", files(view, "files"), area(view, "pasted", hint=False, rows=4), secret(view, "passphrase"),
        view.button("check"), files=True,
    )  # fmt: skip
    return document(view, view.say("import"), view.p("import-lead", "lead"), told, section(form))


def alone(view: View, told: Html) -> str:
    """A root for this one device."""
    have = view.snapshot.own.get("issuer", {}).get("origin") == "self-signed"
    already = [view.p("alone-have"), tick(view, "alone-force")] if have else []
    years = line(view, "years", kind="number", hint=True, value="10", min="1", max="30", required=True)
    form = view.form("alone", area(view, "within"), years, *already, view.minutes(), view.button("alone-make"))
    return document(view, view.say("alone"), view.p("alone-lead", "lead"), told, section(form))


def issuer(view: View, told: Html) -> str:
    """The customer's CA in place of the vendor's: request out, certificate in."""
    waiting = view.snapshot.issuer_request
    ready: list[Html] = []
    if waiting:
        names = view.listed(looking.asked(waiting))
        ready = [
            view.p("issuer-waiting", names=names), view.link("issuer-get", "issuer.csr"),
            view.link("issuer-section", "device-ca.cnf", kind="button second"),
        ]  # fmt: skip
    form = view.form("issuer", area(view, "within"), view.button("request-make"))
    if waiting:
        form = tag("details", tag("summary", view.say("other-request")), form)
    ask = section(tag("h2", view.say("issuer-ask")), *ready, *([] if waiting else [view.p("issuer-ask-more")]), form)
    bring = view.form(
        "issuer-import", files(view, "files"), area(view, "pasted", hint=False, rows=4), view.button("check"),
        files=True,
    )  # fmt: skip
    answer = section(tag("h2", view.say("issuer-bring")), view.p("issuer-bring-more"), bring)
    return document(view, view.say("issuer"), view.p("issuer-lead", "lead"), told, ask, *([answer] if waiting else ()))


def names_and_addresses(view: View, asked: list[str] | tuple[str, ...]) -> tuple[Html, Html]:
    """Two fields, filled in."""
    parsed = [(text, hosts.of(text)) for text in asked]
    addresses = [text for text, host in parsed if host and host.is_address]
    return area(view, "names", [text for text in asked if text not in addresses]), area(view, "addresses", addresses)
