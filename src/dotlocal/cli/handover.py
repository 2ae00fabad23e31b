"""`dotlocal device handover`: the current set to the web server that is there already."""

from __future__ import annotations

import argparse
from typing import Any

from dotlocal.cli import places, terms
from dotlocal.cli.status import current_status
from dotlocal.core.errors import Absent
from dotlocal.device import store

_MOST_SETS = 5  # that may come, one during the hand-over of the other


def add(commands: Any) -> None:
    """Add the command to those of the device."""
    handover = terms.command(
        commands, "handover", _handover, "hand the current certificates over to the web server, and prove it",
        "  dotlocal device handover\n  dotlocal device handover --json | jq .handover",
    )  # fmt: skip
    places.add_run(handover)
    places.add_config(handover, "[handover]", needed=True)
    terms.add_json(handover)


def _handover(options: argparse.Namespace) -> int:
    from dotlocal.device import status
    from dotlocal.device.handover.outcome import SUPERSEDED
    from dotlocal.device.handover.steps import hand_over
    from dotlocal.host import files

    run = places.run(options)
    files.remove(run.handover_due)  # first of all: what comes from here on is due again
    settings = places.settings(options)
    if settings is None:
        raise Absent(
            "handover-where", f"{store.CONFIG} does not exist", hint="its [handover] table says which server is told"
        )
    if not settings.handover:
        path = options.config or store.CONFIG
        raise Absent("handover-where", f"{path} has no [handover] table", hint="it wants server, and connect")
    for _ in range(_MOST_SETS):
        report = hand_over(current_status(run), settings, run)
        overtaken = report["handover"]["outcome"] == SUPERSEDED
        if not overtaken:
            break
    told = {"handover": report["handover"], "findings": [each for each in report["findings"] if _ours(each)]}
    if options.json:
        terms.deliver_json(told)
    for line in status.remarks({**told, "left_out": []}):
        terms.say(line)
    return 1 if overtaken or any(finding["severity"] == "error" for finding in told["findings"]) else 0


def _ours(finding: dict[str, str]) -> bool:
    return finding["code"].startswith("handover-")
