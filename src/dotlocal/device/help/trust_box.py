"""The box at the top: does this browser trust the device? All it can say is there, and script.js shows a part."""

from __future__ import annotations

from dotlocal.device.help.view import View
from dotlocal.device.web.html import Html, tag

# A clock, a tick, a raised finger, a question: the colours are not alone in telling.
_ICONS = {
    "wait": '<circle cx="16" cy="16" r="11"/><path d="M16 10v6l4 3"/>',
    "trusted": '<circle cx="16" cy="16" r="13"/><path d="M10 16.5l4.2 4.2L22.5 12"/>',
    "untrusted": '<path d="M16 4 3.5 27h25z"/><path d="M16 12v7M16 22.6v1.4"/>',
    "unknown": (
        '<circle cx="16" cy="16" r="13"/><path d="M12.5 13a3.6 3.6 0 1 1 5 3.3c-1 .5-1.5 1.1-1.5 2.2M16 22v1.4"/>'
    ),
}


def trust_box(view: View) -> Html:
    """The box; nothing where the certificate isn't the vendor's, so that there is no root to speak of."""
    if not view.facts.root:
        return Html("")
    heading = tag("h2", view.say("state"), class_="quiet")
    if view.probed:
        return _asked(view, heading)
    if not view.covered:
        # no browser takes the zone that a link-local address would need (whatwg/url#392)
        useful = [host for host in view.hosts if not host.text.startswith("fe80:")]
        links = Html(", ".join(map(view.elsewhere, useful))) or view.say("nothing")
        headline = view.say("state-uncovered", host=view.host.text)
        told = _said(
            "unknown", headline, tag("p", view.say("state-uncovered-more", links=links)), kind="said uncovered"
        )
    else:
        told = _said(
            "unknown", view.say("state-unprobed"), tag("p", view.say("state-unprobed-more", check=_check(view)))
        )
    return tag("section", heading, told, class_="state")


def _asked(view: View, heading: Html) -> Html:
    port, check = str(view.probe_port), _check(view)
    again = tag("p", tag("button", view.say("state-again"), type="button", class_="button second"))
    # Only who trusts the device is offered its secure address: everybody else would be met by a warning there.
    on = tag("p", tag("a", view.say("state-open", url=view.url), href=f"{view.url}/", class_="button"))
    unknown = view.say("state-unknown-more", port=port, check=check)
    states = tag(
        "div",
        _said("wait", view.say("state-wait"), state="wait"),
        _said("trusted", view.say("state-trusted"), tag("p", view.say("state-trusted-more")), on, state="trusted"),
        _said(
            "untrusted", view.say("state-untrusted"), tag("p", view.say("state-untrusted-more")), again,
            state="untrusted",
        ),
        _said("unknown", view.say("state-unknown"), tag("p", unknown), again, state="unknown"),
        role="status", aria_live="polite",
    )  # fmt: skip
    by_hand = tag("noscript", tag("p", view.say("state-script", check=check)))
    return tag(
        "section", heading, states, by_hand, id="state", class_="state", data_port=port,
        data_redirect=f"{view.url}/" if view.redirect else False, data_hsts="1" if view.hsts else False,
    )  # fmt: skip


def _check(view: View) -> Html:
    return view.say("check-by-hand", link=tag("a", view.url, href=f"{view.url}/"))


def _said(icon: str, headline: Html, *more: Html, state: str = "", kind: str = "said") -> Html:
    drawing = Html(
        '<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"'
        f' stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">{_ICONS[icon]}</svg>'
    )
    return tag(
        "div", drawing, tag("strong", headline), *more, class_=kind, hidden=bool(state), data_state=state or False
    )
