"""Names below which anybody may register one, as far as their shape tells. Pure; no list grows old (docs/adr/0013)."""

from __future__ import annotations

# Under country codes registries sell names below these; the Public Suffix List has all of them, with every exception.
_SECOND_LEVEL = frozenset((
    "ac", "asn", "biz", "co", "com", "edu", "firm", "gen", "go", "gob", "gouv", "gov", "govt", "gr", "id", "ind",
    "info", "ltd", "me", "mil", "name", "ne", "net", "nhs", "nom", "or", "org", "plc", "police", "pro", "res", "sch",
    "school", "web",
))  # fmt: skip


def by_rule(name: str) -> bool:
    """Whether a name is a public suffix, as far as its shape tells: `co.uk`, `com.au` and their like."""
    labels = name.split(".")
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVEL
