"""`dotlocal device own acme`: a certificate from an ACME server in the customer's network, and its renewals."""

from __future__ import annotations

import argparse
import getpass
import socket
import sys
from typing import TYPE_CHECKING, Any

from dotlocal.cli import own, own_report, places, terms
from dotlocal.core.errors import Refused
from dotlocal.host import files

if TYPE_CHECKING:
    from dotlocal.device.acme.steps import Acme

_HTTP = 80
_EXAMPLE = """\
  dotlocal device own acme --directory https://ca.example.com/acme/dir --ca-file ca.pem --name press-07.example.com
  dotlocal device own acme --renew    # for timers: does what is due, and nothing else
  dotlocal device own acme --status --json | jq .next_attempt"""


def add(actions: Any) -> None:
    """Add the command to those of `device own`."""
    parser = terms.command(
        actions,
        "acme",
        _acme,
        "get it from an ACME server (RFC 8555) in the customer's network, and renew it",
        _EXAMPLE,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--directory", metavar="URL", help="set it up: the ACME server's directory")
    what.add_argument(
        "--status", action="store_true", help="what is set up, and when the next attempt is (the default)"
    )
    what.add_argument("--renew", action="store_true", help="do what is due; `device watch` does so by itself")
    what.add_argument("--rollover-key", action="store_true", help="move the account to a new key")
    what.add_argument("--deactivate", action="store_true", help="end the account, and forget it here")
    _add_wishes(parser)
    _add_server(parser)
    parser.add_argument("--now", action="store_true", help="with --renew: whether it is due or not")
    parser.add_argument("--forget", action="store_true", help="with --deactivate: without asking the server")
    places.add(parser)
    terms.add_json(parser)


def _add_wishes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="NAME", action="append", help="a host name (repeatable)")
    parser.add_argument("--address", metavar="ADDRESS", action="append", help="an address (repeatable; RFC 8738)")
    parser.add_argument("--challenge", metavar="KIND", help="http-01 (the default), or tls-alpn-01 by `device serve`")
    parser.add_argument("--webroot", metavar="DIR", help="http-01 by the web server that serves this folder at port 80")
    parser.add_argument("--hook", metavar="CMD", help="http-01 by a command: set|clear NAME TOKEN ANSWER")
    parser.add_argument("--listen", metavar="HOST:PORT", help="where the challenge is answered (default: :80, or :443)")
    parser.add_argument("--minutes", type=int, metavar="N", help="how long the first one's probation is (default: 10)")
    parser.add_argument("--confirm", action="store_true", help="no probation: keep it as soon as it is served")


def _add_server(parser: argparse.ArgumentParser) -> None:
    roots = parser.add_mutually_exclusive_group()
    roots.add_argument("--ca-file", metavar="FILE", help="the root that the server's own certificate comes from")
    roots.add_argument("--system-roots", action="store_true", help="trust those of this device's operating system")
    parser.add_argument("--contact", metavar="MAIL", action="append", help="whom the CA writes to (repeatable)")
    parser.add_argument("--agree-terms", action="store_true", help="agree to the CA's terms of service")
    parser.add_argument("--eab-kid", metavar="KID", help="external account: the key identifier that the CA has given")
    key = parser.add_mutually_exclusive_group()
    key.add_argument("--eab-key-file", metavar="FILE", help="file with its key, as the CA wrote it")
    key.add_argument("--eab-key-fd", metavar="N", type=int, help="the same from an open file descriptor")
    parser.add_argument("--preferred-root", metavar="NAME", help="of several chains the one below this root")


def _acme(options: argparse.Namespace) -> int:
    from dotlocal.device.acme.steps import Acme

    _check(options)
    # while it is still root that reads files and opens ports
    wanted, key = (_wanted(options), _mac_key(options)) if options.directory else ({}, "")
    reserved = _reserved(options)
    acme = Acme(own.owned(options).options, reserved=reserved)
    if options.directory:
        _told(acme.set_up(wanted, mac_key=key, minutes=options.minutes, confirm=options.confirm))
    elif options.renew:
        _told(acme.attempt(force=options.now))
    elif options.rollover_key:
        acme.roll_over()
        terms.say("the account has a new key")
    elif options.deactivate:
        acme.deactivate(ended_elsewhere=options.forget)
        terms.say("the account is ended, and forgotten here; the certificate is served until its end")
    return _status(options, acme)


def _reserved(options: argparse.Namespace) -> socket.socket | None:
    """The port of http-01, which the user whom the state belongs to may not open."""
    from dotlocal.device.acme.store import AcmeStore
    from dotlocal.device.serve.command import endpoint
    from dotlocal.device.serve.listener import bind
    from dotlocal.host.privileges import Acting

    state = places.state(options)
    if not state.of_another_user():
        return None
    try:
        if options.renew:
            with Acting.as_owner_of(state.path):
                kept = AcmeStore(state).settings()
            # the port that http-01 is for (RFC 8555 8.3); any other that takes root is not the owner's to ask for
            elsewhere = kept.challenge != "http-01" or kept.webroot or kept.hook or kept.listen[1] != _HTTP
            listen = kept.listen
        else:
            elsewhere = options.challenge not in (None, "http-01") or options.webroot or options.hook
            listen = endpoint("--listen", options.listen or ":80")
        return None if elsewhere or not (options.renew or options.directory) else bind(listen).high_level()
    except Refused:
        return None  # said when it is needed


def _check(options: argparse.Namespace) -> None:
    """Options that only go with others."""
    if not options.directory:
        wishes = ("name", "address", "challenge", "webroot", "hook", "listen", "minutes", "confirm", "ca_file",
                  "system_roots", "contact", "agree_terms", "eab_kid", "eab_key_file", "preferred_root")  # fmt: skip
        for wish in wishes:
            if getattr(options, wish):
                options.parser.error(f"--{wish.replace('_', '-')} goes with --directory")
    if options.now and not options.renew:
        options.parser.error("--now goes with --renew")
    if options.forget and not options.deactivate:
        options.parser.error("--forget goes with --deactivate")
    options.minutes = 10 if options.minutes is None else options.minutes


def _wanted(options: argparse.Namespace) -> dict[str, Any]:
    from dotlocal.device.acme.transport import SYSTEM

    wanted: dict[str, Any] = {
        "directory": options.directory, "names": options.name or [], "addresses": options.address or [],
        "challenge": options.challenge, "webroot": options.webroot, "hook": options.hook, "listen": options.listen,
        "contact": options.contact or [], "kid": options.eab_kid, "preferred_root": options.preferred_root,
    }  # fmt: skip
    wanted = {key: value for key, value in wanted.items() if value is not None}
    wanted["terms_agreed"] = options.agree_terms
    if options.system_roots:
        wanted["roots"] = SYSTEM
    elif options.ca_file:
        try:
            wanted["roots"] = terms.read_input(options.ca_file).decode("ascii")
        except UnicodeDecodeError:
            raise Refused("acme-root", f"{options.ca_file} is no PEM", hint="give the root as PEM") from None
    return wanted


def _mac_key(options: argparse.Namespace) -> str:
    if options.eab_key_file:
        found = files.read(options.eab_key_file, most=4096)
    elif options.eab_key_fd is not None:
        found = terms.read_descriptor(options.eab_key_fd)
    elif options.eab_kid and sys.stdin.isatty():
        return getpass.getpass("key of the external account: ")
    else:
        return ""
    return found.decode("ascii", "replace").strip()


def _told(outcome: str) -> None:
    terms.say({
        "renewed": "a certificate was issued and installed", "looked": "asked the CA: not to be renewed yet",
        "waiting": "nothing is due",
    }[outcome])  # fmt: skip


def _status(options: argparse.Namespace, acme: Acme) -> int:
    report = acme.status()
    if options.json:
        terms.deliver_json(report)
    elif report["set_up"] or options.deactivate:
        terms.write("".join(f"{line}\n" for line in _lines(report)))
    else:
        acme.store.settings()  # refuses, and says how to set it up
    return 1 if report.get("error") else 0


def _lines(report: dict[str, Any]) -> list[str]:
    if not report["set_up"]:
        return []
    lines = [
        f"server     {report['directory']}",
        f"asks for   {', '.join([*report['names'], *report['addresses']])} by {report['challenge']}",
        f"issued     {report['last_success'] or 'nothing yet'}"
        + (f", until {report['not_after']}" if report["not_after"] else ""),
        f"next       {own_report.next_attempt(report)}",
    ]
    if suggested := report["suggested"]:
        why = f": {suggested['why']}" if suggested["why"] else ""
        lines.append(f"suggested  {suggested['start']} to {suggested['end']}{why}")
    if error := report["error"]:
        lines.append(f"error      {error['message']} ({error['code']})")
        lines.append(f"failures   {report['failures']} in a row, the last {report['last_try']}")
        lines += [f"hint       {error['hint']}"] if error["hint"] else []
    return lines
