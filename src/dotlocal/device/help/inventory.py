"""What the device answers to, what was left out and why, and its clock: status.json for people who never saw one."""

from __future__ import annotations

from collections.abc import Sequence

from dotlocal.device.help.view import REASONS, View
from dotlocal.device.web.html import Html, tag


def inventory(view: View) -> Html:
    """The section at the end of the page."""
    report, root = view.facts.report, view.facts.root
    rows = [
        ("names", _list(view, report["names"])), ("addresses", _list(view, report["addresses"])),
        ("until", view.date(str(report["not_after"]))), ("clock", view.say(_clock(view))),
    ]  # fmt: skip
    if root:
        rows.append(("root", view.say("root-until", name=root.name, until=view.date(root.until))))
    listed = tag("dl", *(part for key, value in rows for part in (tag("dt", view.say(key)), tag("dd", value))))
    more = tag("p", view.say("device-more"), class_="quiet")
    return tag("section", tag("h2", view.say("device")), more, listed, *_left_out(view), *_problems(view), id="device")


def _list(view: View, texts: Sequence[str]) -> Html:
    return tag("ul", *(tag("li", text) for text in texts)) if texts else view.say("nothing")


def _clock(view: View) -> str:
    clock = view.facts.report["clock"]
    if clock["quality"] in ("synchronised", "kept"):
        return f"clock-{clock['quality']}"
    return "clock-hint" if "hint" in clock else "clock-unknown"


def _left_out(view: View) -> Sequence[Html]:
    reasons = REASONS[view.language]
    rows = [
        tag("tr", tag("td", each["value"]), tag("td", reasons.get(each["code"], each["reason"])))
        for each in view.facts.report["left_out"]
    ]
    if not rows:
        return ()
    columns = [tag("th", view.say(key), scope="col") for key in ("left-out-what", "left-out-why")]
    table = tag("table", tag("thead", tag("tr", *columns)), tag("tbody", *rows))
    return tag("h3", view.say("left-out")), tag("p", view.say("left-out-more"), class_="quiet"), table


def _problems(view: View) -> Sequence[Html]:
    told = [
        tag("li", f"{each['message']} ({each['code']})" + (f". {each['hint']}" if each["hint"] else ""))
        for each in view.facts.report["findings"]
        if each["severity"] == "error"
    ]
    if not told:
        return ()
    # what boot found is told in the language that it is told in everywhere
    return (tag("div", tag("h3", view.say("problems")), tag("ul", *told, lang="en"), class_="caution"),)
