"""`dotlocal device handover`: the current set to the web server that is there already."""

from __future__ import annotations

import argparse
import os
from typing import Any

from dotlocal.cli import terms
from dotlocal.cli.status import add_run, current_status, run_of
from dotlocal.core.errors import Absent
from dotlocal.device import store

_MOST_SETS = 5  # that may come, one during the hand-over of the other


def add(commands: Any) -> None:
    """Add the command to those of the device."""
    handover = terms.command(
        commands, "handover", _handover, "hand the current certificates over to the web server, and prove it",
        "  dotlocal device handover\n  dotlocal device handover --json | jq .handover",
    )  # fmt: skip
    handover.add_argument("--config", metavar="FILE", help=f"settings with [handover] (default: {store.CONFIG})")
    add_run(handover)
    terms.add_json(handover)


def _handover(options: argparse.Namespace) -> int:
    from dotlocal.device import configuration, status
    from dotlocal.device.handover.outcome import SUPERSEDED
    from dotlocal.device.handover.steps import hand_over
    from dotlocal.host import files

    run = run_of(options)
    files.remove(run.handover_due)  # first of all: what comes from here on is due again
    path = options.config or store.CONFIG
    if not options.config and not os.path.exists(path):
        raise Absent("handover-where", f"{path} does not exist", hint="its [handover] table says which server is told")
    settings = configuration.parse(files.read(path), path)
    if not settings.handover:
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
