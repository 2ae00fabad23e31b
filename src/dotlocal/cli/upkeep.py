"""`dotlocal device reset` and `dotlocal device time`: what an owner, or the owner's browser, asks of a device."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from dotlocal.cli import places, terms
from dotlocal.cli.acting import as_owner
from dotlocal.core.errors import Refused


def add(commands: Any) -> None:
    """Add the commands to those of the device."""
    reset = terms.command(
        commands, "reset", _reset, "for the next owner: keep the device CA, drop what the owner added",
        "  dotlocal device reset\n  dotlocal device reset --scrap --yes-scrap SN0001",
    )  # fmt: skip
    reset.add_argument("--scrap", action="store_true", help="destroy the device's key instead: the end of the device")
    reset.add_argument("--settings", action="store_true", help="forget settings alone: the owner's own stays")
    reset.add_argument("--yes-scrap", metavar="SERIAL", help="the device's serial number, where nobody can be asked")
    places.add_state(reset)
    places.add_run(reset)
    terms.add_json(reset)

    time = terms.command(
        commands, "time", _time, "take the time from a logged-in customer's browser, as a hint",
        "  dotlocal device time --hint 2026-11-23T12:00:00Z && dotlocal device boot",
    )  # fmt: skip
    time.add_argument("--hint", metavar="TIME", required=True, help="RFC 3339, as JavaScript's toISOString() writes it")
    places.add_state(time)
    places.add_config(time, "browser_time", needed=True)
    terms.add_json(time)


def _reset(options: argparse.Namespace) -> int:
    from dotlocal.device import reset

    state, run = places.state(options), places.run(options)
    if options.yes_scrap is not None and not options.scrap:
        options.parser.error("--yes-scrap goes with --scrap")
    if options.settings and options.scrap:
        options.parser.error("--settings and --scrap exclude each other")
    as_owner(options, state, run)
    if options.settings:
        report = reset.reset_settings(state, run)
    else:
        report = reset.scrap(state, run, _confirmed(options)) if options.scrap else reset.reset(state, run)
    if options.json:
        terms.deliver_json(asdict(report))
        return 0
    for word, names in (("kept", report.kept), ("dropped", report.dropped), ("left alone", report.left)):
        if names:
            terms.say(f"{word}: {', '.join(names)}")
    for note in report.notes:
        terms.say(note)
    return 0


def _confirmed(options: argparse.Namespace) -> str:
    if options.yes_scrap is not None:
        return str(options.yes_scrap)
    if not sys.stdin.isatty():
        raise Refused(
            "scrap-unconfirmed", "nobody is there to confirm that the key is to be destroyed",
            hint="--yes-scrap SERIAL, with the device's serial number",
        )  # fmt: skip
    sys.stderr.write("this destroys the device's key for good; its serial number, to confirm: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _time(options: argparse.Namespace) -> int:
    from dotlocal.core.window import rfc3339
    from dotlocal.device import browser_time
    from dotlocal.device.settings import Settings
    from dotlocal.host import clock

    moment = browser_time.parse(options.hint)
    settings, state = places.settings(options) or Settings(), places.state(options)
    as_owner(options, state)
    outcome = browser_time.take(state, settings, clock.read(), moment)
    if options.json:
        terms.deliver_json({"outcome": outcome, "hint": rfc3339(moment)})
        return 0
    terms.say({
        browser_time.RECORDED: f"recorded {rfc3339(moment)} as a hint; `dotlocal device boot` makes certificates by it",
        browser_time.AGREES: "the hint before says the same; nothing to do",
        browser_time.NOT_NEEDED: "the clock is known; no hint is needed",
    }[outcome])  # fmt: skip
    return 0
