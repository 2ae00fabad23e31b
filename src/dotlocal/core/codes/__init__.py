"""Every code that a person can be given: how grave, whose turn it is, what it means, and what to do.

Codes are stable: they are never renamed and never mean something else later. docs/codes.md is rendered from here, and a
test compares this table with the source, both ways. At run time it is read for two things: what to do about a refusal
that has no hint of its own, and by doctor, whose part of it ranks causes and says who must act.
"""

from __future__ import annotations

from collections.abc import Iterator

from dotlocal.core.codes import acme, certificates, commands, device, doctor, export, own, own_pages, trust, vendor
from dotlocal.core.codes.rows import (
    ABSENT,
    ADMINISTRATOR,
    CUSTOMER,
    ERROR,
    INTEGRATOR,
    NOTE,
    REFUSED,
    VENDOR,
    WARNING,
    Group,
    Row,
)
from dotlocal.core.errors import Refused

__all__ = [
    "ABSENT", "ADMINISTRATOR", "CUSTOMER", "ERROR", "GROUPS", "INTEGRATOR", "NOTE", "REFUSED", "ROWS", "VENDOR",
    "WARNING", "Group", "Row", "hint_of", "markdown",
]  # fmt: skip

GROUPS = (
    *device.GROUPS,
    *own.GROUPS,
    *own_pages.GROUPS,
    *vendor.GROUPS,
    *certificates.GROUPS,
    *trust.GROUPS,
    *doctor.GROUPS,
    *export.GROUPS,
    *acme.GROUPS,
    *commands.GROUPS,
)
ROWS = tuple(row for group in GROUPS for row in group.rows)


def hint_of(refused: Refused) -> str:
    """What its reader can do next: the refusal's own hint, or what the table says of its code."""
    return refused.hint or next((row.action for row in ROWS if row.code == refused.code), "")


def markdown() -> Iterator[str]:
    """The lines of docs/codes.md."""
    for group in GROUPS:
        yield from (f"## {group.title}", "", "| code | severity | who acts | what it means | what to do |")
        yield "|---|---|---|---|---|"
        for row in group.rows:
            yield f"| `{row.code}` | {row.severity} | {row.actor} | {row.meaning} | {row.action} |"
        yield ""
