"""`dotlocal doctor`: why a browser trusts this device, or why not."""

from __future__ import annotations

import argparse
import math
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dotlocal.cli import terms
from dotlocal.core.errors import Absent, Refused

if TYPE_CHECKING:
    from dotlocal.browser.observation import Roots
    from dotlocal.browser.probe import Manner
    from dotlocal.browser.target import Target

_AT_ONCE = 8  # devices that `--all` looks at


def add(actors: Any) -> None:
    """Add the command."""
    doctor = terms.command(
        actors, "doctor", _doctor, "why a browser trusts a device, of any make, or why not; and who must do what",
        "  dotlocal doctor press-07.local\n"
        "  dotlocal doctor 192.168.77.7:8443 --root root.pem --html for-support.html\n"
        "  dotlocal doctor press-07.local --root root.pem --warn-days 14 --plugin\n"
        "  dotlocal doctor --all",
    )  # fmt: skip
    doctor.watched_by = "--plugin"
    doctor.add_argument("target", nargs="?", metavar="HOST[:PORT]", help="as it stands in the address bar")
    doctor.add_argument("--all", action="store_true", help="every device that announces HTTPS by mDNS")
    doctor.add_argument(
        "--root", metavar="FILE", action="append",
        help="the maker's root (repeatable; default: what this computer trusts)",
    )  # fmt: skip
    doctor.add_argument("--address", metavar="ADDRESS", help="connect there, whatever the name resolves to")
    doctor.add_argument(
        "--timeout", type=_seconds, default=5.0, metavar="SECONDS", help="for each connection (default: 5)"
    )
    doctor.add_argument("--warn-days", type=int, metavar="N", help="a problem when fewer days are left")
    doctor.add_argument(
        "--twice", type=_seconds, metavar="SECONDS",
        help="look again after so many seconds, with the sessions of before: restart the device meanwhile",
    )  # fmt: skip
    doctor.add_argument("--html", metavar="FILE", help="write a page to send to support")
    shown = doctor.add_mutually_exclusive_group()
    shown.add_argument("--plugin", action="store_true", help="one line and 0, 1, 2, 3, for Nagios and its kin")
    shown.add_argument("--quiet", "-q", action="store_true", help="no notes, and nothing of what was seen")
    terms.add_json(doctor)


def _doctor(options: argparse.Namespace) -> int:
    warnings.simplefilter("ignore")  # what libraries say about odd certificates; ours says it in its own words
    if bool(options.target) == options.all:
        options.parser.error("name one host, or give --all")
    if options.all and (options.address or options.html or options.plugin or options.twice is not None):
        options.parser.error("--address, --html, --plugin and --twice are for one host")
    if options.plugin and options.json:
        options.parser.error("--plugin and --json are two reports: ask for one of them")
    if not options.plugin:
        return _all(options) if options.all else _one(options)
    try:
        return _one(options)
    except Refused as refused:
        return unknown(refused)


def unknown(refused: Refused) -> int:
    """Tell a monitoring system that nothing could be looked at; the exit status."""
    terms.write(f"UNKNOWN - {refused}\n")
    return terms.UNKNOWN


def _one(options: argparse.Namespace) -> int:
    from dotlocal.browser.target import Target
    from dotlocal.browser.telling import page, plugin, words

    target = Target.parse(options.target)
    report = _report(target, _roots(options), _manner(options))
    if options.html:
        terms.deliver(page.html(report), options.html)
    if options.plugin:
        line, status = plugin.line(report, options.warn_days)
        terms.write(line + "\n")
        return status
    if options.json:
        terms.deliver_json(report)
    else:
        terms.write("\n".join(words.lines(report, quiet=options.quiet)) + "\n")
    return 0 if report["accepted"] else 1


def _all(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from dotlocal.browser import discover
    from dotlocal.browser.anchor import printable
    from dotlocal.browser.telling import overview

    terms.say("asking for devices that announce HTTPS by mDNS")
    found, roots, manner = discover.announced(), _roots(options), _manner(options)

    def look(each: discover.Announced) -> tuple[str, dict[str, Any]]:
        told = replace(manner, at=each.addresses[0] if each.addresses else None)
        return printable(each.label), _report(each.target, roots, told)

    with ThreadPoolExecutor(_AT_ONCE) as looking:
        table = list(overview.rows(list(looking.map(look, found))))
    if options.json:
        terms.deliver_json({"schema": 1, "devices": table})
    elif table:
        terms.write("\n".join(overview.lines(table)) + "\n")
    if not table:
        terms.say("no device announces HTTPS here; those that don't can still be named")
    return 0 if all(row["accepted"] for row in table) else 1


def _report(target: Target, roots: Roots, manner: Manner) -> dict[str, Any]:
    from dotlocal.browser import probe
    from dotlocal.browser.diagnosis import diagnose
    from dotlocal.browser.telling import report

    return report.of(diagnose(probe.observe(target, roots, manner)))


def _roots(options: argparse.Namespace) -> Roots:
    from dotlocal.browser import roots

    if options.root:
        return roots.given([(os.path.basename(path), terms.read_input(path)) for path in options.root])
    return roots.of_this_computer()


def _manner(options: argparse.Namespace) -> Manner:
    from dotlocal.browser.probe import Manner
    from dotlocal.core.names import Address

    try:
        at = Address.parse(options.address) if options.address else None
    except Refused as refused:
        raise Absent(refused.code, refused.message, hint=refused.hint) from None
    return Manner(options.timeout, at, options.warn_days, options.twice)


def _seconds(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 3600):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds up to 3600")
    return value
