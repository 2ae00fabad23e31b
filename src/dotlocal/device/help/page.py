"""The one page, in one language and for one platform. Pure: facts in, HTML out; every link in it is relative."""

from __future__ import annotations

from collections.abc import Sequence

from dotlocal import guide
from dotlocal.device.help.facts import Root
from dotlocal.device.help.inventory import inventory
from dotlocal.device.help.trust_box import trust_box
from dotlocal.device.help.view import WORDS, View
from dotlocal.device.web.html import Html, safe, tag
from dotlocal.guide import LANGUAGES, PLATFORMS, Platform, markup
from dotlocal.guide.platforms import FileKind

# For a name that isn't the device's: whoever has typed it gets on, and a web site that plays with it learns nothing.
OTHER_NAME = (
    "This device does not go by that name. Open it by its address, or by the name on its label.\n"
    "Dieses Gerät hört nicht auf diesen Namen. Öffnen Sie es über seine Adresse oder den Namen auf dem Etikett.\n"
)
_LOCK = Html(
    '<svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><path d="M11 14v-3a5 5 0 0 1 10 0v3" fill="none"'
    ' stroke="currentColor" stroke-width="2.4"/><rect x="8.5" y="14" width="15" height="11" rx="2.5"'
    ' fill="currentColor"/></svg>'
)
_SCRIPT = '<script src="script.js" defer></script>\n'
_GROUP = 4  # digits of a fingerprint that an eye takes in at once
_FORGIVEN_YEARS = 2  # of a certificate's life that Apple takes, roughly: 825 days


def page(view: View) -> str:
    """The whole document."""
    root = view.facts.root
    lead = view.say(view.of_its_issuer("lead"), vendor=root.vendor) if root else view.say("lead-own")
    main = tag(
        "main", tag("h1", view.say("heading")), tag("p", lead, class_="lead"), trust_box(view),
        *((_import(view, root), _check(view, root), _remove(view, root)) if root else ()), inventory(view),
    )  # fmt: skip
    footer = tag("footer", tag("p", view.say("footer")))
    title = view.say("title", host=view.host.text)
    return _document(view.language, title, Html(_bar(view) + main + footer), script=view.probed)


def starting(language: str) -> str:
    """The page of a device that has no certificate so far."""
    words = WORDS[language]
    body = tag("main", tag("h1", words["starting"]), tag("p", words["starting-more"], class_="lead"))
    return _document(language, safe(words["starting"]), body, script=False)


def profile_about(language: str, root: Root) -> str:
    """What Apple's profile says about itself."""
    return WORDS[language]["profile"].format(vendor=root.vendor)


def file_path(kind: FileKind) -> str:
    """Where the root is, relative to the page."""
    return f"root-{kind.key}{kind.suffix}"


def _document(language: str, title: Html, body: Html, *, script: bool) -> str:
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{title}</title>\n<link rel="stylesheet" href="style.css">\n'
        '<link rel="icon" href="icon.svg" type="image/svg+xml">\n'
        f"{_SCRIPT if script else ''}</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _bar(view: View) -> Html:
    (other,) = (language for language in LANGUAGES if language != view.language)
    link = tag("a", view.say("other-language"), href=view.query(language=other), lang=other, hreflang=other)
    return tag("header", _LOCK, tag("p", view.host.text), link, class_="bar")


def _import(view: View, root: Root) -> Html:
    told = guide.told(view.platform.key, view.language)
    warnings = [_points(view, root, told.warnings)] if told.warnings else []
    if _apple_refuses(view):
        warnings.append(tag("p", view.say("apple-clock")))
    caution = [tag("div", tag("h3", view.say("warnings")), *warnings, class_="caution")] if warnings else []
    notes = [tag("h3", view.say("notes")), _points(view, root, told.notes)] if told.notes else []
    return tag(
        "section", tag("h2", view.say("import", platform=told.name)),
        tag("p", view.say("import-for", covers=told.covers), class_="quiet"), _platforms(view), _get(view, root),
        _fingerprint(view, root), _steps(view, root, (told.fetch, *told.install)), *caution, *notes, id="import",
    )  # fmt: skip


def _check(view: View, root: Root) -> Html:
    looks = (WORDS[view.language]["check-page"],) if view.probed else ()
    steps = _steps(view, root, (*looks, *guide.told(view.platform.key, view.language).check))
    return tag("section", tag("h2", view.say("check")), steps, id="check")


def _remove(view: View, root: Root) -> Html:
    steps = _steps(view, root, guide.told(view.platform.key, view.language).remove)
    more = tag("p", view.say(view.of_its_issuer("remove-more"), vendor=root.vendor))
    return tag("section", tag("details", tag("summary", tag("h2", view.say("remove"))), more, steps), id="remove")


def _steps(view: View, root: Root, texts: Sequence[str]) -> Html:
    return tag("ol", *_items(view, root, texts), class_="steps")


def _points(view: View, root: Root, texts: Sequence[str]) -> Html:
    return tag("ul", *_items(view, root, texts))


def _items(view: View, root: Root, texts: Sequence[str]) -> Sequence[Html]:
    facts = {
        "file": _file_name(view, root), "root": root.name, "alias": root.slug, "host": view.url.removeprefix("https://"),
    }  # fmt: skip
    return [tag("li", Html(markup.html(text.format(**facts)))) for text in texts]


def _apple_refuses(view: View) -> bool:
    report = view.facts.report
    years = int(str(report["not_after"])[:4]) - int(str(report["not_before"])[:4])
    unknown = report["clock"]["quality"] == "unknown"
    return view.platform.key in ("ios", "macos") and unknown and years > _FORGIVEN_YEARS


def _platforms(view: View) -> Html:
    def chosen(platform: Platform) -> Html:
        current = "true" if platform == view.platform else False
        name = guide.told(platform.key, view.language).name
        return tag("li", tag("a", name, href=view.query(platform=platform.key), aria_current=current))

    label = view.say("platforms")
    choice = tag("details", tag("summary", label), tag("ul", *map(chosen, PLATFORMS)))
    return tag("nav", choice, aria_label=label, class_="platforms")


def _file_name(view: View, root: Root) -> str:
    return root.slug + view.platform.file.suffix


def _get(view: View, root: Root) -> Html:
    kind = view.platform.file
    size = f"{max(len(root.der), 1024) / 1024:.0f} kB"
    button = tag("a", view.say("file"), href=f"{file_path(kind)}?lang={view.language}", class_="button")
    about = tag("p", view.say("file-more", file=_file_name(view, root), size=size), class_="quiet")
    # a profile opens at once, and is not kept as a file
    warned = [] if kind.inline else [tag("p", view.say("file-warned"), class_="quiet")]
    return tag("div", button, about, *warned, class_="get")


def _fingerprint(view: View, root: Root) -> Html:
    digits = root.fingerprint
    groups = (digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))
    return tag(
        "figure", tag("figcaption", view.say("fingerprint")),
        tag("code", *(Html(f"<span>{group}</span> ") for group in groups), class_="groups"),
        tag("p", view.say(view.of_its_issuer("fingerprint-more")), class_="quiet"),
        tag("p", view.say("fingerprint-line"), Html(" "), tag("code", digits, class_="line"), class_="quiet"),
        class_="print",
    )  # fmt: skip
