"""One printable page per platform and language: fingerprint, steps, what the root can do, and how it is removed.

The steps are those of `guide`. A page holds all that it shows: no script, nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib import resources

from dotlocal import guide
from dotlocal.browser.export import qr
from dotlocal.browser.export.handout import LANGUAGES, File, Handout, Said
from dotlocal.browser.export.vouching import Vouching
from dotlocal.guide import markup
from dotlocal.guide.platforms import Platform

_WORDS = {
    "title": Said("Trust {root} on {platform}", "{root} vertrauen: {platform}"),
    "covers": Said("For {covers}", "Für {covers}"),
    "compare": Said("Compare this fingerprint", "Diesen Fingerabdruck vergleichen"),
    "compare_why": Said(
        "SHA-256 of the root. It is on the label of the device as well, or in its manual. If what your computer or"
        " phone shows differs in one character, stop: it is another file.",
        "SHA-256 des Stammzertifikats. Er steht auch auf dem Etikett des Geräts oder in seiner Anleitung. Zeigt Ihr"
        " Computer oder Telefon auch nur ein anderes Zeichen: nicht weitermachen, es ist eine andere Datei.",
    ),
    "thumbprint": Said(
        "The shorter number that Windows shows (SHA-1):", "Die kürzere Zahl, die Windows zeigt (SHA-1):"
    ),
    "fingerprint_code": Said("fingerprint", "Fingerabdruck"),
    "url_code": Said("get the file", "Datei holen"),
    "from_url": Said("It is at {url}.", "Sie liegt unter {url}."),
    "steps": Said("What to do, once", "Was zu tun ist, einmal"),
    "check": Said("See that it worked", "Nachsehen, ob es geklappt hat"),
    "vouch": Said("What this root can do", "Was dieses Stammzertifikat kann"),
    "can": Said("It can vouch for", "Es kann bürgen für"),
    "cannot": Said("It can never vouch for", "Es kann nie bürgen für"),
    "ignored": Said(
        "{who} does not hold a root to its own limits. Those in the certificates of the devices hold there as well.",
        "{who} hält ein Stammzertifikat nicht an dessen eigene Grenzen. Die in den Zertifikaten der Geräte gelten auch"
        " dort.",
    ),
    "remove": Said("Remove it again", "Wieder entfernen"),
    "notes": Said("Good to know", "Gut zu wissen"),
    "valid": Said("valid from {start} to {end}", "gültig vom {start} bis {end}"),
    "host": Said("name-of-the-device.{suffix}", "name-des-geraets.{suffix}"),
    "page": Said(
        "{name}, in {tongue}: to print, or for the intranet", "{name}, auf {tongue}: zum Drucken oder fürs Intranet"
    ),
    "on_page": Said("as the page says", "wie es auf der Seite steht"),
}  # fmt: skip
_TONGUES = {"en": Said("English", "Englisch"), "de": Said("German", "Deutsch")}
# browser/enforcement.py has what this rests on. Java's instructions say it themselves.
_IGNORED = {"ios": "iOS", "macos": "Safari"}


def files(handout: Handout, vouching: Vouching, languages: Iterable[str], valid: tuple[str, str]) -> list[File]:
    """A page for every platform in every language; `valid` are the root's first and last day."""
    made = []
    for language in languages:
        for platform in guide.PLATFORMS:
            use = Said(
                *(
                    _say("page", each, name=guide.told(platform.key, each).name, tongue=_TONGUES[language].to(each))
                    for each in LANGUAGES
                )
            )
            page = render(handout, vouching, platform, language, valid)
            made.append(File(f"pages/{platform.key}.{language}.html", page.encode(), use, _WORDS["on_page"]))
    return made


def render(handout: Handout, vouching: Vouching, platform: Platform, language: str, valid: tuple[str, str]) -> str:
    """The page of one platform."""
    told = guide.told(platform.key, language)
    host = _say("host", language, suffix=handout.dns[0])
    facts = {"file": file_name(handout, platform), "root": handout.name, "host": host, "alias": handout.entry}

    def html(text: str) -> str:
        return markup.html(text.format(**facts))

    given = [html(told.given)]
    if handout.url:
        given.append(_say("from_url", language, url=f"<a href='{escape(handout.url)}'>{escape(handout.url)}</a>"))
    parts = [
        _header(handout, told.name, _say("covers", language, covers=told.covers), language),
        _fingerprint(handout, platform, language),
        _section("steps", language, _list((" ".join(given), *map(html, told.install)), "ol", "steps")),
        _section("check", language, "".join(f"<p>{html(text)}</p>" for text in told.check)),
        _warnings(map(html, told.warnings)),
        _vouching(vouching, platform.key, language),
        _section("remove", language, _list(map(html, told.remove), "ol")),
        _section("notes", language, _list(map(html, told.notes), "ul")) if told.notes else "",
        f"<footer>{escape(handout.name)}, {_say('valid', language, start=valid[0], end=valid[1])}</footer>",
    ]
    return document(_say("title", language, root=handout.name, platform=told.name), language, parts)


def document(title: str, language: str, parts: Iterable[str]) -> str:
    """A whole document that loads nothing."""
    css = (resources.files("dotlocal.browser.export.files") / "page.css").read_text(encoding="utf-8")
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def file_name(handout: Handout, platform: Platform) -> str:
    """The file that a person on this platform needs, by its name."""
    return handout.slug + platform.file.suffix


def digits(handout: Handout) -> str:
    """The fingerprint in groups that an eye can hold."""
    octets = handout.fingerprint.split(":")
    groups = (":".join(octets[start : start + 8]) for start in range(0, len(octets), 8))
    return f'<p class="digits">{" ".join(f"<span>{group}</span>" for group in groups)}</p>'


def _header(handout: Handout, title: str, below: str, language: str) -> str:
    named = f"{escape(handout.organisation)} · {escape(handout.name)}" if handout.organisation else escape(handout.name)
    texts = f'<p class="maker">{named}</p>\n<h1>{escape(title)}</h1>\n<p class="covers">{escape(below)}.</p>'
    return f"<header>\n<div>{texts}</div>\n{_code(handout.url, 'url_code', language)}</header>"


def _fingerprint(handout: Handout, platform: Platform, language: str) -> str:
    texts = [f"<h2>{_say('compare', language)}</h2>", digits(handout)]
    texts.append(f'<p class="small">{_say("compare_why", language)}</p>')
    if platform.key == "windows":
        texts.append(f'<p class="small">{_say("thumbprint", language)} <code>{handout.thumbprint}</code></p>')
    # upper case and few signs: the small alphabet of QR codes, so that the squares are large
    code = _code(f"SHA-256 {handout.fingerprint}", "fingerprint_code", language)
    return f'<section class="print">\n<div>{"".join(texts)}</div>\n{code}</section>'


def _code(text: str, caption: str, language: str) -> str:
    drawn = qr.svg(text) if text else ""
    if not drawn:
        return ""
    drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{_say(caption, language)}" ', 1)
    return f"<figure>{drawn}<figcaption>{_say(caption, language)}</figcaption></figure>\n"


def _vouching(vouching: Vouching, platform: str, language: str) -> str:
    columns = "".join(
        f"<div><h3>{_say(word, language)}</h3>{_list((escape(each.to(language)) for each in said), 'ul')}</div>"
        for word, said in (("can", vouching.can), ("cannot", vouching.cannot))
    )
    who = _IGNORED.get(platform)
    return _section("vouch", language, f'<div class="columns">{columns}</div>') + (
        _warnings([_say("ignored", language, who=who)]) if who else ""
    )


def _section(title: str, language: str, contents: str) -> str:
    return f"<section>\n<h2>{_say(title, language)}</h2>\n{contents}\n</section>\n"


def _list(items: Iterable[str], kind: str, style: str = "") -> str:
    classed = f' class="{style}"' if style else ""
    return f"<{kind}{classed}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{kind}>"


def _warnings(texts: Iterable[str]) -> str:
    shown = "".join(f"<p>{text}</p>" for text in texts)
    return f'<div class="warning">{shown}</div>' if shown else ""


def _say(word: str, language: str, **facts: str) -> str:
    return _WORDS[word].to(language).format(**facts)
