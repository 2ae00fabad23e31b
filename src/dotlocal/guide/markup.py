"""The little markup of the texts: **what stands on a screen**, `what is typed`, and nothing else."""

from __future__ import annotations

import re
from html import escape

_MARKED = re.compile(r"\*\*(?P<label>[^*]+)\*\*|`(?P<code>[^`]+)`")


def html(text: str) -> str:
    """As HTML: labels bold, what is typed as code, the rest escaped."""
    out, at = [], 0
    for found in _MARKED.finditer(text):
        element = "b" if found["label"] else "code"
        out += [
            escape(text[at : found.start()]),
            f"<{element}>",
            escape(found["label"] or found["code"]),
            f"</{element}>",
        ]
        at = found.end()
    return "".join((*out, escape(text[at:])))


def plain(text: str) -> str:
    """As plain text: labels in quotation marks, what is typed as it is."""
    return _MARKED.sub(lambda found: f'"{found["label"]}"' if found["label"] else found["code"], text)
