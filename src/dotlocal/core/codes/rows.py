"""A row of the table of codes, and a group of rows."""

from __future__ import annotations

from dataclasses import dataclass

REFUSED = "refused"  # nothing was done and nothing was changed; exit status 1
ABSENT = "absent"  # there was nothing to look at; exit status 2
ERROR = "error"  # a finding that makes the exit status 1
WARNING = "warning"  # a finding that leaves it 0
NOTE = "note"  # the same, for what is worth knowing: a name that was left out

VENDOR = "vendor"  # who runs root and factory
INTEGRATOR = "integrator"  # who builds the device's software and settings
CUSTOMER = "customer"  # who runs the device
ADMINISTRATOR = "administrator"  # who looks after this computer and its network


@dataclass(frozen=True, slots=True)
class Row:
    """One code: its gravest use, who must act, what it means, and what that person does."""

    code: str
    severity: str
    actor: str
    meaning: str
    action: str


@dataclass(frozen=True, slots=True)
class Group:
    """Codes about one subject."""

    title: str
    rows: tuple[Row, ...]
