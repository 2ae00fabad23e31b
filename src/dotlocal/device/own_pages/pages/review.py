"""What was found in an upload, before anything is changed."""

from __future__ import annotations

from typing import Any

from dotlocal.core.findings import ERROR, WARNING
from dotlocal.core.window import rfc3339
from dotlocal.device import status
from dotlocal.device.own_pages.pages.frame import document
from dotlocal.device.own_pages.sessions import Staged
from dotlocal.device.own_pages.view import View, box, findings, rows, section, tick
from dotlocal.device.owned import proposal
from dotlocal.device.web.html import Html, tag

BACK = {"import": "import", "issuer": "issuer"}


def review(view: View, staged: Staged) -> str:
    """The page: every finding at once, with what to do; and the button, unless one of them is an error."""
    found = staged.judged.findings
    severities = {each.severity for each in found}
    told = findings(view, status.findings(list(found)), heading="h2")
    again = view.link("again", BACK[staged.kind], kind="button second")
    if ERROR in severities:
        return document(view, view.say("review"), box("warn", view.say("review-refused")), section(told, again))
    warned = WARNING in severities
    headline = box("warn", view.say("review-warned")) if warned else box("good", view.say("review-good"))
    accept = [tick(view, "accept", required=True)] if warned else []
    form = view.form("take", *accept, view.minutes(), view.button("use"))
    about = section(_about(view, staged))
    return document(
        view, view.say("review"), headline, about, *([section(told)] if found else ()), section(form, again)
    )


def _about(view: View, staged: Staged) -> Html:
    judged: Any = staged.judged
    if staged.kind == "issuer":
        first, issuer = judged.certificates[0], judged.issuer
        pairs = [
            (view.say("review-key"), view.say("issuer-key")),
            (view.say("within"), view.listed(proposal.spoken(issuer.permitted))),
            (view.say("review-until"), view.date(rfc3339(issuer.window.not_after))),
            (view.say("review-from"), first.issuer.rfc4514_string()),
        ]
    else:
        names = [*judged.names, *(each.text for each in judged.addresses)]
        pairs = [
            (view.say("review-for"), view.listed(names)),
            (view.say("review-until"), view.date(rfc3339(judged.window.not_after))),
            (view.say("review-from"), judged.chain[0].issuer.rfc4514_string()),
            (view.say("review-key"), judged.key.kind),
        ]
    return rows(*pairs)


def gone(view: View) -> str:
    """When nothing waits for a yes."""
    link = view.link("again", "import", kind="button second")
    return document(view, view.say("review"), section(tag("p", view.say("review-gone")), link))
