"""All devices of a network in one table: address, names served, days left, root, and what is wrong first. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

_HEADINGS = ("device", "address", "names", "days", "root", "first")


def rows(reports: Sequence[tuple[str, dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """One row per device: the label that it announces itself by, and its report."""
    for label, report in reports:
        addresses = report["addresses"]
        first = next((each for each in report["findings"] if each["severity"] != "note"), None)
        yield {
            "label": label,
            "target": report["target"],
            "addresses": [each["address"] for each in addresses] or report["resolution"]["given"],
            "names": list(dict.fromkeys(name for each in addresses for name in each["names"])),
            "days_left": report["days_left"],
            "root": next((each["root"] for each in addresses if each["root"]), None),
            "trusted_by": list(dict.fromkeys(store for each in addresses for store in each["trusted_by"])),
            "accepted": report["accepted"],
            "worst": report["worst"],
            "first": first,
        }


def lines(table: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The table as text, its columns as wide as they must be."""
    cells = [_HEADINGS, *(_cells(row) for row in table)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADINGS))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    first, left = row["first"], row["days_left"]
    names = ", ".join(row["names"][:4]) + (" …" if len(row["names"]) > 4 else "")
    return (
        row["target"], ", ".join(row["addresses"]), names, "" if left is None else f"{left:.0f}", row["root"] or "",
        f"{first['severity']}: {first['code']} ({first['who']})" if first else "fine",
    )  # fmt: skip
