"""What a page is made for, and the parts that every page is made of. Pure; every link in it is relative."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dotlocal.device.own_pages import english, german
from dotlocal.device.own_pages.snapshot import Snapshot
from dotlocal.device.web.hosts import Host
from dotlocal.device.web.html import Html, filled, tag

WORDS = {"en": english.WORDS, "de": german.WORDS}
ICONS = {
    "good": '<circle cx="16" cy="16" r="13"/><path d="M10 16.5l4.2 4.2L22.5 12"/>',
    "warn": '<path d="M16 4 3.5 27h25z"/><path d="M16 12v7M16 22.6v1.4"/>',
    "wait": '<circle cx="16" cy="16" r="11"/><path d="M16 10v6l4 3"/>',
    "plain": '<circle cx="16" cy="16" r="13"/><path d="M16 15v7M16 10v1.4"/>',
}


@dataclass(frozen=True, slots=True)
class View:
    """One page for one browser. `csrf` goes into every form; `leave` tells whether signing out is ours to offer; `path`
    is that of the pages, `port` what follows the host in their address, with its colon.
    """

    language: str
    host: Host
    scheme: str
    path: str
    page: str = ""
    csrf: str = field(default="", repr=False)
    leave: bool = False
    snapshot: Snapshot = field(default_factory=lambda: Snapshot({}))

    def say(self, key: str, **facts: str) -> Html:
        """A text of the pages' own, with facts in it."""
        return filled(WORDS[self.language][key], **facts)

    def p(self, key: str, kind: str = "", **facts: str) -> Html:
        """A paragraph of it."""
        return tag("p", self.say(key, **facts), class_=kind or False)

    def date(self, moment: str) -> Html:
        """A day as people write it, of a moment in RFC 3339."""
        year, month, day = moment[:10].split("-")
        written = f"{day}.{month}.{year}" if self.language == "de" else f"{year}-{month}-{day}"
        return tag("time", written, datetime=moment[:10])

    def hour(self, moment: str) -> Html:
        """A day and the time, in UTC."""
        return Html(f"{self.date(moment)} {moment[11:16]} UTC")

    def seconds(self, count: int) -> Html:
        """A span of time."""
        if count < 60:
            return self.say("time-seconds", seconds=str(count))
        return self.say("time-minutes", minutes=str(count // 60), seconds=str(count % 60))

    def listed(self, texts: Iterable[str]) -> Html:
        """Texts in a row."""
        return Html(", ".join(tag("b", each) for each in texts)) or self.say("nothing")

    def elsewhere(self) -> Html:
        """Links to this page by every name and address that the served certificate holds for."""
        # no browser takes the zone that a link-local address would need (whatwg/url#392)
        useful = [host for host in self.snapshot.hosts if not host.text.startswith("fe80:")]
        links = [
            tag("li", tag("a", f"https://{host.in_url}{self.host.port}", href=self.address(host))) for host in useful
        ]
        return tag("ul", *links) if links else self.p("nothing")

    def address(self, host: Host) -> str:
        """The probation page by another host; a certificate is always shown anew there."""
        return f"https://{host.in_url}{self.host.port}{self.path}probation"

    def form(self, action: str, *inner: str, files: bool = False) -> Html:
        """A form of this session's."""
        hidden = Html(f'<input type="hidden" name="csrf" value="{self.csrf}">')
        return tag(
            "form", hidden, *inner, method="post", action=action,
            enctype="multipart/form-data" if files else False,
        )  # fmt: skip

    def button(self, key: str, *, second: bool = False) -> Html:
        """What sends a form."""
        return tag("p", tag("button", self.say(key), class_="button second" if second else "button"), class_="send")

    def link(self, key: str, href: str, *, kind: str = "button") -> Html:
        """A link that stands alone."""
        return tag("p", tag("a", self.say(key), href=href, class_=kind or False), class_="send")

    def minutes(self) -> Html:
        """How long the probation is."""
        choices = [
            tag("option", self.say("minutes-count", count=str(each)), value=str(each), selected=each == 10)
            for each in (5, 10, 30, 60)
        ]
        return labelled(self, "minutes", tag("select", *choices, id="minutes", name="minutes", **_described("minutes")))


def section(*inner: str, name: str = "", kind: str = "") -> Html:
    """A card."""
    return tag("section", *inner, id=name or False, class_=kind or False)


def box(icon: str, headline: Html, *more: str) -> Html:
    """A coloured box with a drawing: the colours are not alone in telling."""
    drawing = Html(
        '<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"'
        f' stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">{ICONS[icon]}</svg>'
    )
    told = tag("div", drawing, tag("strong", headline), *more, class_="said")
    return section(told, kind=f"state {icon}")


def labelled(view: View, key: str, control: Html, *, hint: bool = True) -> Html:
    """A control with its label above and its hint below."""
    more = [tag("p", view.say(f"{key}-hint"), class_="hint", id=f"{key}-hint")] if hint else []
    return tag("div", tag("label", view.say(key), for_=key), control, *more, class_="field")


def line(view: View, key: str, *, kind: str = "text", hint: bool = False, value: str = "", **more: str | bool) -> Html:
    """A field of one line."""
    said = _described(key) if hint else {}
    control = _void("input", type=kind, id=key, name=key, value=value or False, **said, **more)
    return labelled(view, key, control, hint=hint)


def area(view: View, key: str, texts: Sequence[str] = (), *, hint: bool = True, rows: int = 3) -> Html:
    """A field of several lines."""
    said = _described(key) if hint else {}
    return labelled(
        view, key,
        tag(
            "textarea", "\n".join(texts), id=key, name=key, rows=str(max(rows, len(texts))), spellcheck="false",
            autocapitalize="off", autocomplete="off", **said,
        ), hint=hint,
    )  # fmt: skip


def files(view: View, key: str, *, many: bool = True, hint: bool = True) -> Html:
    """Files to choose."""
    said = _described(key) if hint else {}
    return labelled(view, key, _void("input", type="file", id=key, name=key, multiple=many, **said), hint=hint)


def secret(view: View, key: str, *, hint: bool = True, complete: str = "off") -> Html:
    """A secret; never filled in by us."""
    return line(view, key, kind="password", hint=hint, autocomplete=complete, spellcheck="false")


def tick(view: View, key: str, *, required: bool = False) -> Html:
    """A box to tick."""
    control = _void("input", type="checkbox", id=key, name=key, required=required)
    return tag("div", control, tag("label", view.say(key), for_=key), class_="tick")


def findings(view: View, found: Sequence[Any], *, heading: str = "h3") -> Html:
    """Findings by how grave they are, each with what to do; they are told in the language that they are told in
    everywhere.
    """
    told = []
    for severity, key in (("error", "errors"), ("warning", "warnings"), ("note", "notes")):
        items = [_finding(each) for each in found if each["severity"] == severity]
        if items:
            kind = "" if severity == "note" else "caution"
            told.append(tag("div", tag(heading, view.say(key)), tag("ul", *items, lang="en"), class_=kind or False))
    return Html("".join(told))


def _finding(each: Any) -> Html:
    hint = tag("p", each["hint"], class_="quiet") if each["hint"] else ""
    return tag("li", each["message"], " ", tag("code", each["code"]), hint)


def rows(*pairs: tuple[str, str]) -> Html:
    """Terms and what they are."""
    return tag("dl", *(part for key, value in pairs for part in (tag("dt", key), tag("dd", value))))


def _described(key: str) -> dict[str, str | bool]:
    return {"aria_describedby": f"{key}-hint"}


def _void(name: str, /, **attributes: str | bool) -> Html:
    """An element that has no end."""
    return Html(tag(name, **attributes).removesuffix(f"</{name}>"))
