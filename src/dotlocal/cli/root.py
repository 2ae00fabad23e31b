"""`dotlocal root`: the ceremony, and what the root signs."""

from __future__ import annotations

import argparse
import os
from typing import Any

from dotlocal.cli import terms


def add(actors: Any) -> None:
    """Add the root's commands."""
    commands = terms.actor(actors, "root", "the root CA: plan, ceremony, signatures")
    plan = terms.command(
        commands, "plan", _plan, "write an example plan, with comments, to be edited and reviewed",
        "  dotlocal root plan > plan.toml",
    )  # fmt: skip
    terms.add_out(plan, "the plan")

    create = terms.command(
        commands, "create", _create, "the ceremony: make a root from a plan, or rehearse it",
        "  dotlocal root create plan.toml --rehearse\n  dotlocal root create plan.toml --home /media/root",
    )  # fmt: skip
    create.add_argument("plan", metavar="PLAN.toml", help="the reviewed plan, or - for stdin")
    create.add_argument("--rehearse", action="store_true", help="do everything on a throw-away key and write nothing")
    terms.add_home(create)
    terms.add_passphrase(create, "the new key")
    terms.add_json(create)

    sign = terms.command(
        commands, "sign", _sign, "answer a station's request with a factory CA, or a device's with a device CA",
        "  dotlocal root sign station.pem --home /media/root --out factory.pem\n"
        "  dotlocal root sign SN0001.pem --device --home /media/root --out birth.pem",
    )  # fmt: skip
    sign.add_argument("request", metavar="REQUEST.pem", help="a file, or - for stdin")
    sign.add_argument("--device", action="store_true", help="the request is a device's; the answer its birth record")
    sign.add_argument("--hostname", metavar="NAME", help="with --device: one more exact name; {serial} may stand in it")
    sign.add_argument(
        "--replace", metavar="REASON", help="with --device: a known serial number gets a new key, and why"
    )
    sign.add_argument("--years", type=int, metavar="N", help="years of life (default: as long as the root)")
    terms.add_home(sign)
    terms.add_out(sign, "the answer")
    terms.add_passphrase(sign, "the root's key")


def _plan(options: argparse.Namespace) -> int:
    from dotlocal.core.errors import Refused
    from dotlocal.root.plan import EXAMPLE

    if options.out and os.path.isfile(options.out) and not os.path.islink(options.out):
        raise Refused(
            "file-exists",
            f"{options.out} exists already; an edited plan is never overwritten",
            hint="name another file",
        )
    terms.deliver(EXAMPLE, options.out)
    return 0


def _create(options: argparse.Namespace) -> int:
    from dotlocal.core.chain import fingerprint
    from dotlocal.core.errors import Refused
    from dotlocal.root import ceremony
    from dotlocal.root.plan import Plan

    plan = Plan.parse(terms.read_input(options.plan))
    if options.rehearse:
        certificate = ceremony.rehearse(plan, now=terms.now(), say=terms.say)
    else:
        home = ceremony.Home(terms.home(options))
        passphrase = terms.passphrase(options, "the new root key", twice=True)
        if passphrase is None:
            raise Refused("passphrase-missing", "a root key is never unencrypted", hint="give --passphrase-file FILE")
        certificate = ceremony.create(plan, home, passphrase, now=terms.now(), say=terms.say)
    shown = fingerprint(certificate)
    if not options.rehearse:  # that of a throw-away key must not end up on a label
        terms.say(f"fingerprint, to print on labels and compare at every import (SHA-256):\n  {shown}")
    if options.json:
        terms.deliver_json({
            "rehearsed": options.rehearse, "subject": certificate.subject.rfc4514_string(),
            "serial": f"{certificate.serial_number:x}", "fingerprint_sha256": shown,
            "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        })  # fmt: skip
    return 0


def _sign(options: argparse.Namespace) -> int:
    from dotlocal.core import pem
    from dotlocal.core.chain import named
    from dotlocal.root.authority import RootAuthority
    from dotlocal.root.ceremony import Home

    if not options.device and not (options.hostname is None and options.replace is None):
        options.parser.error("--hostname and --replace go with --device")
    data = terms.read_input(options.request)
    authority = RootAuthority.open(Home(terms.home(options)), terms.passphrase(options, "the root's key"))
    if options.device:
        answer = authority.sign_device(
            data, years=options.years, hostname=options.hostname, replace=options.replace, now=terms.now()
        )
    else:
        answer = authority.sign_factory(data, years=options.years, now=terms.now())
    signed = pem.certificate(pem.parse(answer.encode(), "the answer")[0][1], "the answer")
    terms.say(f"{named(signed)}, until {signed.not_valid_after_utc:%Y-%m-%d}")
    terms.deliver(answer, options.out)
    return 0
