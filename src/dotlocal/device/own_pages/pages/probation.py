"""Probation with its countdown, the way back, and the page for while something is under way."""

from __future__ import annotations

from base64 import b64encode

from dotlocal.device.own_pages import evidence
from dotlocal.device.own_pages.pages.frame import document
from dotlocal.device.own_pages.view import View, box, section
from dotlocal.device.web.html import Html, tag

CONSOLE = "dotlocal device own confirm"


def switched(view: View, anchor: str) -> str:
    """The answer to what has brought something on probation, still by the connection from before: all that is needed
    next must be in it, the root as well, for the next page comes by the new certificate.
    """
    head = box("good", view.say("on-probation"), view.p("on-probation-more"), _left(view))
    root = []
    if anchor:
        data = b64encode(anchor.encode("ascii")).decode("ascii")
        link = tag(
            "a", view.say("anchor-get"), href=f"data:application/x-pem-file;base64,{data}",
            download="device-root.pem", class_="button",
        )  # fmt: skip
        root = [tag("h2", view.say("switched-root")), view.p("switched-root-more"), tag("p", link, class_="send")]
    open_ = [tag("h2", view.say("switched-open")), view.p("switched-open-more"), view.elsewhere()]
    rest = view.p("switched-nothing", "quiet")
    return document(
        view, view.say("probation"), head, *([section(*root)] if root else ()), section(*open_, rest), script=True
    )


def went_back(view: View) -> str:
    """The answer to going back; the next page comes by what is in use then."""
    told = view.p("went-back-more", now=view.say(f"served-{view.snapshot.served}"))
    return document(view, view.say("revert"), box("good", view.say("told-reverted"), told), section(view.elsewhere()))


def probation(view: View, told: Html = Html(""), verdict: str = evidence.UNTOLD) -> str:  # noqa: B008  a text
    """The page; what it offers depends on what this connection proves."""
    snapshot = view.snapshot
    if not snapshot.on_probation:
        none = box("plain", view.say("probation-none"), view.p("probation-none-more"))
        return document(view, view.say("probation"), told, none)
    report = snapshot.report
    names = view.listed([*report["names"], *report["addresses"]])
    about = view.p("served-more", until=view.date(report["not_after"]), names=names)
    again = view.link("look-again", "probation", kind="button second")
    head = box("wait", view.say("on-probation"), about, _left(view), again)
    return document(
        view, view.say("probation"), view.p("probation-lead", "lead"), told, head, _confirm(view, verdict),
        *_root(view), section(tag("h2", view.say("back")), _candidate_back(view)), script=True,
    )  # fmt: skip


def _confirm(view: View, verdict: str) -> Html:
    heading = tag("h2", view.say("confirm"))
    if verdict == evidence.PROVED:
        form = view.form("confirm", view.button("confirm"))
        return section(heading, view.p("confirm-proved"), view.p("confirm-warned", "quiet"), form, name="confirm")
    console = [tag("p", tag("code", CONSOLE))] if verdict in (evidence.UNTOLD, evidence.REPEATED) else []
    return section(heading, view.p(f"confirm-{verdict}"), view.elsewhere(), *console, name="confirm")


def _left(view: View) -> Html:
    # the script counts on by itself; without it, the time at which the page was made stands there
    time = tag("span", view.seconds(view.snapshot.left), data_left=str(view.snapshot.left))
    return tag("p", view.say("probation-left", time=time), class_="left")


def _root(view: View) -> list[Html]:
    if not view.snapshot.anchor:
        return []
    get = view.link("anchor-get", "root.pem", kind="button second")
    return [section(tag("h2", view.say("anchor")), view.p("anchor-more", "quiet"), get)]


def _candidate_back(view: View) -> Html:
    return view.form("revert", Html('<input type="hidden" name="to" value="">'), view.button("give-up", second=True))


def revert(view: View, told: Html) -> str:
    """What to go back to."""
    choices = _choices(view)
    if not choices:
        return document(view, view.say("revert"), told, section(view.p("revert-nothing")))
    radios = [
        tag(
            "div",
            Html(f'<input type="radio" id="to-{key}" name="to" value="{value}"{" checked" if number == 0 else ""}>'),
            tag("label", view.say(f"revert-{key}"), for_=f"to-{key}"), class_="tick",
        )
        for number, (key, value) in enumerate(choices)
    ]  # fmt: skip
    legend = tag("legend", view.say("revert"), class_="unseen")
    form = view.form("revert", tag("fieldset", legend, *radios), view.button("revert-do"))
    return document(view, view.say("revert"), view.p("revert-lead", "lead"), told, section(form))


def _choices(view: View) -> list[tuple[str, str]]:
    snapshot = view.snapshot
    choices = [("candidate", "")] if snapshot.on_probation else []
    if snapshot.previous:
        choices.append(("previous", "previous"))
    if "certificate" in snapshot.own and snapshot.issuer:
        choices.append(("issuer", "issuer"))
    if "certificate" in snapshot.own or snapshot.issuer:
        choices.append(("vendor", "vendor"))
    return choices


def busy(view: View, what: str) -> str:
    """While something is under way; the script looks again by itself."""
    told = view.p("busy-more", what=view.say(f"job-{what}"))
    again = view.link("look-again", "busy", kind="button second")
    waiting = tag("div", box("wait", told, again), data_again="2")
    return document(view, view.say("busy"), waiting, script=True)
