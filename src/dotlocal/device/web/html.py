"""Writing HTML without ever forgetting to escape: text is escaped, and what is `Html` already isn't again."""

from __future__ import annotations

from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def safe(text: str) -> Html:
    """Text as HTML, fit for an attribute as well."""
    return text if isinstance(text, Html) else Html(escape(text))


def filled(template: str, **facts: str) -> Html:
    """A text of ours with facts in its braces, all of it escaped, but for facts that are Html."""
    return Html(escape(template, quote=False).format(**{name: safe(fact) for name, fact in facts.items()}))


def tag(name: str, /, *inner: str, **attributes: str | bool) -> Html:
    """An element. Attributes: `_` is written as `-`, a trailing one is left out (`class_`); True stands alone, False is
    left out.
    """
    written = "".join(
        f" {_name(key)}" if value is True else f' {_name(key)}="{safe(str(value))}"'
        for key, value in attributes.items()
        if value is not False
    )
    return Html(f"<{name}{written}>{''.join(map(safe, inner))}</{name}>")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")
