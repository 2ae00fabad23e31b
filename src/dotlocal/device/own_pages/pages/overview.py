"""The first page: what is served, what there is, and every way to something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dotlocal.device.own_pages.pages.frame import document
from dotlocal.device.own_pages.view import View, box, findings, section
from dotlocal.device.web.html import Html, tag

WAYS = ("request", "import", "alone", "issuer", "acme")
_SLOTS = ("candidate", "certificate", "issuer")


def overview(view: View, told: Html) -> str:
    """The page."""
    return document(
        view, view.say("heading"), view.p("lead", "lead"), told, _served(view), *_findings(view), _ways(view),
        _order(view), *_anchor(view), *_back(view),
    )  # fmt: skip


def _served(view: View) -> Html:
    snapshot = view.snapshot
    if snapshot.on_probation:
        left = view.p("probation-left", time=view.seconds(snapshot.left))
        return box(
            "wait", view.say("on-probation"), view.p("on-probation-more"), left,
            view.link("on-probation-open", "probation"),
        )  # fmt: skip
    more = []
    if snapshot.report:
        report = snapshot.report
        names = view.listed([*report["names"], *report["addresses"]])
        more = [view.p("served-more", until=view.date(report["not_after"]), names=names)]
    good = snapshot.served and not any(each["severity"] == "error" for each in snapshot.findings)
    return box("good" if good else "plain", view.say(f"served-{snapshot.served}"), *more)


def _findings(view: View) -> Sequence[Html]:
    found = [each for each in view.snapshot.findings if each["severity"] != "note"]
    return [section(tag("h2", view.say("findings")), findings(view, found))] if found else []


def _ways(view: View) -> Html:
    items = [
        tag("li", tag("a", view.say(f"way-{way}"), href=way), tag("p", view.say(f"way-{way}-more"), class_="quiet"))
        for way in WAYS
    ]
    return section(tag("h2", view.say("ways")), tag("ul", *items, class_="ways"))


def _order(view: View) -> Html:
    lines = [_row(view, name, view.snapshot.own[name]) for name in _SLOTS if name in view.snapshot.own]
    in_use = view.say("state-served") if view.snapshot.served == "vendor" else view.say("state-usable")
    until = view.date(view.snapshot.report["not_after"]) if view.snapshot.served == "vendor" else "–"
    lines.append(tag("tr", tag("td", view.say("slot-vendor")), tag("td", in_use), tag("td", until)))
    columns = [tag("th", view.say(key), scope="col") for key in ("order-what", "order-state", "order-until")]
    table = tag("table", tag("thead", tag("tr", *columns)), tag("tbody", *lines))
    return section(tag("h2", view.say("order")), view.p("order-more", "quiet"), table)


def _row(view: View, name: str, slot: dict[str, Any]) -> Html:
    by = [tag("div", view.say("slot-by", issuer=slot["issuer"]), class_="quiet")] if slot.get("issuer") else []
    for_ = [*slot.get("names", ()), *slot.get("addresses", ())]
    names = [tag("div", ", ".join(for_), class_="quiet")] if for_ else []
    until = view.date(slot["not_after"]) if "not_after" in slot else Html("–")
    return tag(
        "tr", tag("td", view.say(f"slot-{name}"), *by, *names), tag("td", view.say(f"state-{slot['state']}")),
        tag("td", until),
    )  # fmt: skip


def _anchor(view: View) -> Sequence[Html]:
    if not view.snapshot.anchor:
        return ()
    get = view.link("anchor-get", "root.pem", kind="button second")
    return [section(tag("h2", view.say("anchor")), view.p("anchor-more", "quiet"), get)]


def _back(view: View) -> Sequence[Html]:
    if view.snapshot.served in ("", "vendor") and not view.snapshot.own and not view.snapshot.previous:
        return ()
    open_ = view.link("back-open", "revert", kind="button second")
    return [section(tag("h2", view.say("back")), view.p("back-more", "quiet"), open_)]
