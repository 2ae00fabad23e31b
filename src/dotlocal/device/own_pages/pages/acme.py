"""The page for ACME: how it stands, and what is wanted."""

from __future__ import annotations

from typing import Any

from dotlocal.device.own_pages.pages.frame import document
from dotlocal.device.own_pages.pages.ways import names_and_addresses
from dotlocal.device.own_pages.view import View, area, box, findings, labelled, line, rows, secret, section, tick
from dotlocal.device.web.html import Html, tag

CHALLENGES = {"": "acme-as-made", "http-01": "acme-http-01", "tls-alpn-01": "acme-tls-alpn-01"}


def acme(view: View, told: Html) -> str:
    """The page."""
    status = view.snapshot.acme
    head = view.say("acme"), view.p("acme-lead", "lead"), told
    if not status.get("set_up"):
        return document(view, *head, section(_form(view, {})))
    change = tag("details", tag("summary", tag("h2", view.say("acme-change"))), _form(view, status))
    return document(view, *head, *_failed(view, status), _standing(view, status), section(change))


def _standing(view: View, status: dict[str, Any]) -> Html:
    pairs = [
        (view.say("acme-server"), status["directory"]),
        (view.say("acme-for"), view.listed([*status["names"], *status["addresses"]])),
    ]
    for key, word in (("not_after", "acme-until"), ("last_success", "acme-last"), ("next_attempt", "acme-next")):
        if status[key]:
            pairs.append((view.say(word), view.hour(status[key])))
    if status["next_in"] is not None and not status["next_attempt"]:
        pairs.append((view.say("acme-next"), view.say("acme-next-in", hours=str(status["next_in"] // 3600))))
    ended = [view.p("acme-ended")] if status["superseded"] else []
    renew = view.form("acme-renew", view.button("acme-renew"))
    return section(tag("h2", view.say("acme-status")), rows(*pairs), *ended, renew)


def _failed(view: View, status: dict[str, Any]) -> list[Html]:
    if not status["error"]:
        return []
    return [
        box("warn", view.say("acme-failed"), findings(view, [{**status["error"], "severity": "error"}], heading="h2"))
    ]


def _form(view: View, status: dict[str, Any]) -> Html:
    asked = [*status.get("names", ()), *status.get("addresses", ())] or view.snapshot.answers
    challenge = tag(
        "select",
        *(tag("option", view.say(word), value=each) for each, word in CHALLENGES.items()),
        id="acme-challenge", name="acme-challenge",
    )  # fmt: skip
    directory = line(
        view, "acme-directory", kind="url", hint=True, value=str(status.get("directory", "")), required=True,
        pattern="https://.*", autocomplete="off",
    )  # fmt: skip
    contact = ", ".join(each.removeprefix("mailto:") for each in status.get("contact", ()))
    account = tag(
        "details", tag("summary", view.say("acme-eab")),
        line(view, "acme-kid", autocomplete="off", spellcheck="false"), secret(view, "acme-mac"),
    )  # fmt: skip
    return view.form(
        "acme", directory, area(view, "acme-roots", rows=4), tick(view, "acme-system"),
        *names_and_addresses(view, asked), labelled(view, "acme-challenge", challenge, hint=False),
        line(view, "acme-contact", kind="email", value=contact, autocomplete="email"), account,
        tick(view, "acme-terms"), view.minutes(), view.button("acme-start"),
    )  # fmt: skip
