"""`dotlocal factory`: the production station."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dotlocal.cli import terms

if TYPE_CHECKING:
    from dotlocal.factory.station import Home
    from dotlocal.wire.birth import BirthRecord


def add(actors: Any) -> None:
    """Add the station's commands."""
    commands = terms.actor(actors, "factory", "the production station: one device CA per device")
    init = terms.command(
        commands, "init", _init, "make the station's key; print its request for the root",
        "  dotlocal factory init --name 'line 1' --home /srv/station --out station.pem",
    )  # fmt: skip
    init.add_argument("--name", required=True, help="the station's name, as its certificate will say it")
    init.add_argument("--key", default="P-256", choices=("P-256", "P-384"), help="kind of key (default: P-256)")
    terms.add_home(init)
    terms.add_out(init, "the request")
    terms.add_passphrase(init, "the station's key; without one it is protected by its file's mode alone")

    accept = terms.command(
        commands, "accept", _accept, "check and keep the root's answer",
        "  dotlocal factory accept factory.pem --home /srv/station",
    )  # fmt: skip
    accept.add_argument("answer", metavar="FACTORY.pem", help="what `root sign` wrote, or - for stdin")
    accept.add_argument("--fingerprint", metavar="SHA256", help="go on only if the root has this fingerprint")
    terms.add_home(accept)
    terms.add_passphrase(accept, "the station's key")

    provision = terms.command(
        commands, "provision", _provision, "answer one device's request with its birth record",
        "  dotlocal factory provision SN0001.pem --home /srv/station --out birth.pem\n"
        "  dotlocal factory provision SN0001.pem --home /srv/station --replace 'new board' --out birth.pem",
    )  # fmt: skip
    provision.add_argument("request", metavar="REQUEST.pem", help="a file, or - for stdin")
    provision.add_argument("--hostname", metavar="NAME", help="one more exact name; {serial} may stand in it")
    provision.add_argument("--replace", metavar="REASON", help="a known serial number gets a new key, and why")
    provision.add_argument("--years", type=int, metavar="N", help="years of life (default: as long as the factory CA)")
    terms.add_home(provision)
    terms.add_out(provision, "the birth record")
    terms.add_passphrase(provision, "the station's key")

    ledger = terms.command(
        commands, "ledger", _ledger, "list what this station meant to sign, signed and released",
        "  dotlocal factory ledger --home /srv/station\n  dotlocal factory ledger --json --home /srv/station",
    )  # fmt: skip
    ledger.add_argument("--device", metavar="SERIAL", help="only this device")
    terms.add_home(ledger)
    terms.add_json(ledger)


def _init(options: argparse.Namespace) -> int:
    from dotlocal.factory import station

    home = station.Home(terms.home(options))
    secret = terms.passphrase(options, "the station's key", ask=False)
    terms.deliver(station.init(home, options.name, kind=options.key, passphrase=secret), options.out)
    if secret is None:
        terms.say(f"{home.key} is not encrypted; its mode protects it, or --passphrase-file does from the start")
    return 0


def _accept(options: argparse.Namespace) -> int:
    from dotlocal.core.chain import fingerprint, named
    from dotlocal.factory import station

    answer = station.accept(
        station.Home(terms.home(options)), terms.read_input(options.answer), root_fingerprint=options.fingerprint,
        passphrase=terms.passphrase(options, "the station's key"), now=terms.now(),
    )  # fmt: skip
    terms.say(f"accepted {named(answer.factory_ca)}")
    terms.say(f"below {named(answer.root)}, fingerprint (SHA-256):\n  {fingerprint(answer.root)}")
    return 0


def _provision(options: argparse.Namespace) -> int:
    from dotlocal.core.chain import named
    from dotlocal.factory.station import Home, Station

    home, data = Home(terms.home(options)), terms.read_input(options.request)
    station = Station.open(home, passphrase=terms.passphrase(options, "the station's key"), clock=terms.now)
    record = station.provision(data, hostname=options.hostname, replace=options.replace, years=options.years)
    terms.say(f"{named(record.device_ca)}, until {record.device_ca.not_valid_after_utc:%Y-%m-%d}")
    for remark in _remarks(home, record, replace=options.replace, years=options.years):
        terms.say(remark)
    terms.deliver(record.encode(), options.out)
    return 0


def _remarks(home: Home, record: BirthRecord, *, replace: str | None, years: int | None) -> Iterator[str]:
    from dotlocal.core.chain import window_of
    from dotlocal.core.window import YEAR
    from dotlocal.factory.ledger import Ledger

    window = window_of(record.device_ca)
    if years is not None and round((window.not_after - window.not_before) / YEAR) != years:
        yield "this request was answered before, and the same request gets the same answer: --years changes nothing"
    if replace is not None:
        ledger = Ledger(home.ledger, create=False)
        known = ledger.enrolled(record.serial_number, "")
        ledger.close()
        if len(known) == 1:
            yield f"this ledger knows no other device CA of {record.serial_number}: nothing was replaced"


def _ledger(options: argparse.Namespace) -> int:
    from dotlocal.factory.ledger import Ledger
    from dotlocal.factory.station import Home

    ledger = Ledger(Home(terms.home(options)).ledger, create=False)
    entries = [e.as_dict() for e in ledger.entries() if options.device in (None, e.identity)]
    ledger.close()
    if options.json:
        terms.deliver_json({"schema": 1, "entries": entries})
        return 0
    for entry in entries:
        replaces = f"  replaces: {entry['replaces']}" if entry["replaces"] else ""
        terms.write(f"{entry['at']}  {entry['what']:<9}  {entry['identity']:<32}  {entry['serial']}{replaces}\n")
    return 0
