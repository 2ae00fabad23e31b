"""`dotlocal device status`: what is served. Root may ask about what another user has put there, and follows nothing."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from dotlocal.cli import places, terms
from dotlocal.core.errors import Absent, Refused
from dotlocal.device import status, store

_TEXTS = ("names", "addresses")
_ROWS = {"left_out": ("value", "code", "reason"), "findings": ("code", "severity", "message", "hint")}


def add(commands: Any) -> None:
    """Add the command to those of the device."""
    shown = terms.command(
        commands, "status", _status, "what is served, until when, what was left out and why",
        "  dotlocal device status\n  dotlocal device status --json | jq .not_after",
    )  # fmt: skip
    places.add_run(shown)
    terms.add_json(shown)


def current_status(run: store.Run) -> dict[str, Any]:
    """What status.json of the current set says, through no link but run/current; refuses `no-status`,
    `status-damaged`, and what can't be read.
    """
    from dotlocal.device.handover import folder as folders
    from dotlocal.host import files

    try:
        with folders.current(run) as (folder, place):
            try:
                report = json.loads(files.read("status.json", place=place))
            except Refused as refused:
                raise type(refused)(refused.code, f"{folder}/{refused.message}", hint=refused.hint) from None
        if isinstance(report, dict) and _whole(report):
            return report
    except Absent as absent:
        raise Absent("no-status", absent.message, hint="`dotlocal device boot` makes it") from None
    except (ValueError, RecursionError):
        pass
    raise _damaged(run)


def _damaged(run: store.Run) -> Absent:
    path = os.path.join(run.current, "status.json")
    return Absent("status-damaged", f"{path} is damaged", hint="`dotlocal device boot` makes it anew")


def _whole(report: dict[str, Any]) -> bool:
    """Whether what is used of it has the types that it must have."""
    texts = [report.get("serial"), report.get("not_after")]
    try:
        for name in _TEXTS:
            texts += _list(report[name])
        for name, words in _ROWS.items():
            texts += [row[word] for row in _list(report[name]) for word in words]
    except (KeyError, TypeError):
        return False
    return all(isinstance(each, str) for each in texts)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _status(options: argparse.Namespace) -> int:
    run = places.run(options)
    try:
        report = current_status(run)
        report["findings"] += status.findings(status.since(report, terms.now(), waits=os.path.exists(run.handover_due)))
        lines = _lines(report)
        problems = any(finding["severity"] == "error" for finding in report["findings"])
    except Absent:
        raise
    except Refused as refused:
        hint = "ask as root, or as a user in the group of device.toml"
        raise Absent("no-status", refused.message, hint=hint) from None
    except (ValueError, KeyError, TypeError):
        raise _damaged(run) from None
    if options.json:
        terms.deliver_json(report)
    else:
        terms.write("".join(f"{line}\n" for line in lines))
    return 1 if problems else 0


def _lines(report: dict[str, Any]) -> list[str]:
    lines = [
        f"serves     {', '.join([*report['names'], *report['addresses']]) or 'nothing that a browser accepts'}",
        f"until      {report['not_after']} (from {report['not_before']}, made {report['issued']})",
        f"clock      {report['clock']['quality']}, not before {report['clock']['floor']}",
        f"device CA  until {report['device_ca']['not_after']}",
    ]
    if (served := report.get("served", "vendor")) != "vendor":
        lines.insert(1, f"of         the customer's own {served}: `dotlocal device own status`")
    return [*(status.printable(line) for line in lines), *status.remarks(report)]
