"""The page for the administrator: every file, for whom, and how it is undone; as HTML and as plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from html import escape

from dotlocal.browser.export import page
from dotlocal.browser.export.handout import File, Handout, Said
from dotlocal.browser.export.vouching import Vouching
from dotlocal.guide import markup

_WIDTH = 100
_MOST_SHOWN = 24
_WORDS = {
    "title": Said("{root}: what to hand out", "{root}: was zu verteilen ist"),
    "intro": Said(
        "These files make computers and phones trust this root certificate, so that browsers show the padlock for the"
        " maker's devices. Each kind of computer needs one of them. Check one computer before you do the others.",
        "Mit diesen Dateien vertrauen Computer und Telefone diesem Stammzertifikat, und Browser zeigen das Schloss für"
        " die Geräte des Herstellers. Jede Art von Computer braucht eine davon. Prüfen Sie einen, bevor Sie die anderen"
        " angehen.",
    ),
    "can": Said("It can vouch for", "Es kann bürgen für"),
    "cannot": Said("It can never vouch for", "Es kann nie bürgen für"),
    "held": Said(
        "The policies for Chrome and Edge hold it to: {names}; {cidrs}.",
        "Die Richtlinien für Chrome und Edge halten es an: {names}; {cidrs}.",
    ),
    "file": Said("File", "Datei"),
    "use": Said("For whom, and how", "Für wen, und wie"),
    "removal": Said("To undo it", "Rückgängig"),
    "sums": Said("`sha256sum -c SHA256SUMS` compares all of them.", "`sha256sum -c SHA256SUMS` vergleicht sie alle."),
    "beside": Said("What belongs to them", "Was dazugehört"),
    "this": Said("this list", "diese Liste"),
}
_FOLDERS = {
    "root": Said("The root itself", "Das Stammzertifikat selbst"),
    "windows": Said("Windows", "Windows"),
    "apple": Said("iPhone, iPad, Mac", "iPhone, iPad, Mac"),
    "linux": Said("Linux", "Linux"),
    "ansible": Said("Ansible", "Ansible"),
    "chrome": Said("Chrome, Chromium and Edge by policy", "Chrome, Chromium und Edge per Richtlinie"),
    "firefox": Said("Firefox by policy", "Firefox per Richtlinie"),
    "java": Said("Java", "Java"),
    "pages": Said("Pages for people", "Seiten für Menschen"),
}


def files(handout: Handout, vouching: Vouching, listed: Sequence[File], languages: Iterable[str]) -> list[File]:
    """README in every language, in both forms."""
    made = []
    for language in languages:
        for name, text in (
            (f"README.{language}.html", as_html(handout, vouching, listed, language)),
            (f"README.{language}.txt", as_text(handout, vouching, listed, language)),
        ):
            made.append(File(name, text.encode(), _WORDS["this"], Said("", "")))
    return made


def as_html(handout: Handout, vouching: Vouching, listed: Sequence[File], language: str) -> str:
    """The page."""
    title = _say("title", language, root=handout.name)
    heading = f'<p class="maker">{escape(handout.organisation or handout.name)}</p><h1>{escape(title)}</h1>'
    thumbprint = f'<p class="small">SHA-1 <code>{handout.thumbprint}</code></p>'
    columns = _column("can", vouching.can, language) + _column("cannot", vouching.cannot, language)
    parts = [
        f'<header><div>{heading}<p class="covers">{_say("intro", language)}</p></div></header>',
        f'<section class="print"><div><h2>SHA-256</h2>{page.digits(handout)}{thumbprint}</div></section>',
        f'<section class="columns">{columns}</section>',
        f'<p class="small">{escape(_held(handout, language))}</p>',
    ]
    for folder, named in _FOLDERS.items():
        rows = [file for file in listed if file.path.startswith(f"{folder}/")]
        if rows:
            shown = _links(rows, language) if folder == "pages" else _table(rows, language)
            parts.append(f"<section><h2>{escape(named.to(language))}</h2>{shown}</section>")
    parts.append(f"<footer><p>{markup.html(_say('sums', language))}</p></footer>")
    return page.document(title, language, parts)


def as_text(handout: Handout, vouching: Vouching, listed: Sequence[File], language: str) -> str:
    """The same for a terminal."""
    title = _say("title", language, root=handout.name)
    lines = [title, "=" * len(title), "", *textwrap.wrap(_say("intro", language), _WIDTH), ""]
    lines += [f"SHA-256 {handout.fingerprint}", f"SHA-1   {handout.thumbprint}", ""]
    for word, said in (("can", vouching.can), ("cannot", vouching.cannot)):
        lines += [f"{_say(word, language)}:", *(f"- {each.to(language)}" for each in said)]
    lines += ["", *textwrap.wrap(_held(handout, language), _WIDTH)]
    for folder, heading in _FOLDERS.items():
        rows = [file for file in listed if file.path.startswith(f"{folder}/")]
        if rows:
            lines += ["", heading.to(language), "-" * len(heading.to(language))]
        for file in rows:
            lines += ["", file.path, *_indented(markup.plain(file.use.to(language)))]
            if not file.part:
                lines += _indented(f"{_say('removal', language)}: {markup.plain(file.removal.to(language))}")
    return "\n".join((*lines, "", markup.plain(_say("sums", language)), ""))


def _table(rows: Iterable[File], language: str) -> str:
    heads = "".join(f"<th>{_say(word, language)}</th>" for word in ("file", "use", "removal"))
    cells = "".join(
        f'<tr><td><a href="{escape(file.path)}">{escape(file.path.partition("/")[2])}</a></td>'
        f"<td>{markup.html(file.use.to(language))}</td><td>{markup.html(file.removal.to(language))}</td></tr>"
        for file in rows
        if not file.part
    )
    parts = ", ".join(f"<a href='{escape(file.path)}'>{escape(file.path)}</a>" for file in rows if file.part)
    beside = f'<p class="small">{_say("beside", language)}: {parts}</p>' if parts else ""
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>{beside}"


def _links(rows: Iterable[File], language: str) -> str:
    items = "".join(
        f'<li><a href="{escape(file.path)}">{escape(file.path.partition("/")[2])}</a>:'
        f" {markup.html(file.use.to(language))}</li>"
        for file in rows
    )
    return f'<ul class="links">{items}</ul>'


def _column(word: str, said: Iterable[Said], language: str) -> str:
    items = "".join(f"<li>{escape(each.to(language))}</li>" for each in said)
    return f"<div><h2>{_say(word, language)}</h2><ul>{items}</ul></div>"


def _held(handout: Handout, language: str) -> str:
    return _say("held", language, names=_some(handout.dns), cidrs=_some(handout.cidrs))


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_MOST_SHOWN]) + (", …" if len(texts) > _MOST_SHOWN else "")


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False)


def _say(word: str, language: str, **facts: str) -> str:
    return _WORDS[word].to(language).format(**facts)
