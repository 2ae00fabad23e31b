"""`dotlocal device own`: the customer's own certificate, in, out, and back."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dotlocal.cli import own_report, places, terms
from dotlocal.cli.acting import as_owner
from dotlocal.core.errors import Refused
from dotlocal.device import store

if TYPE_CHECKING:
    from dotlocal.core.findings import Finding
    from dotlocal.device.owned.material import Upload
    from dotlocal.device.owned.steps import Owned

    Examine = Callable[[Sequence[Upload], bytes | None], Any]
    Take = Callable[..., dict[str, Any]]

_LOCKED = "own-passphrase-missing"


def add(commands: Any) -> Any:
    """Add the commands to those of the device; returns where more of them go."""
    own = terms.actor(commands, "own", "the customer's own certificate: of their CA, or made here; and the way back")
    _add_ways(own)
    _add_issuer(own)
    _add_upkeep(own)
    return own


def _add_ways(own: Any) -> None:
    request = terms.command(
        own, "request", _request, "make a key here; print its request for the customer's CA",
        "  dotlocal device own request --name press-07.example.com --address 10.20.0.7 --out press-07.csr",
    )  # fmt: skip
    request.add_argument(
        "--name", action="append", default=[], help="a host name (repeatable; default: what it answers to)"
    )
    request.add_argument(
        "--address", action="append", default=[], help="an address (repeatable; default: those it has)"
    )
    request.add_argument("--force", action="store_true", help="make a new key; the answer to the old one is lost")
    places.add(request)
    terms.add_out(request, "the request")

    bring = terms.command(
        own, "import", _import, "check a certificate with its chain, and its key unless it is an answer; serve it",
        "  dotlocal device own import press-07.p7b\n"
        "  dotlocal device own import press-07.pfx --passphrase-file pass --confirm\n"
        "  dotlocal device own import key.pem cert.pem chain.pem --check",
    )  # fmt: skip
    _add_import(bring)

    alone = terms.command(
        own, "self-signed", _self_signed, "make a root for this one device; print it, to be imported into browsers",
        "  dotlocal device own self-signed --out press-07-root.pem",
    )  # fmt: skip
    _add_within(alone)
    alone.add_argument("--force", action="store_true", help="make a new root; browsers must import that as well")
    alone.add_argument("--years", metavar="N", type=int, default=10, help="years of life of the root (default: 10)")
    _add_probation(alone)
    places.add(alone)
    terms.add_out(alone, "the root")


def _add_issuer(own: Any) -> None:
    issuer = terms.actor(own, "issuer", "the customer's CA in place of the vendor's: a fresh certificate at every boot")
    request = terms.command(
        issuer, "request", _issuer_request, "make a CA key here; print its request for the customer's CA",
        "  dotlocal device own issuer request --within example.com --within 10.20.0.0/16 --out press-07-ca.csr",
    )  # fmt: skip
    _add_within(request)
    request.add_argument("--force", action="store_true", help="make a new key; the answer to the old one is lost")
    request.add_argument("--extensions", metavar="FILE", help="write an OpenSSL section [device_ca] for it")
    places.add(request)
    terms.add_out(request, "the request")
    bring = terms.command(
        issuer, "import", _issuer_import, "check what the customer's CA has answered; issue below it from now on",
        "  dotlocal device own issuer import press-07-ca.pem chain.pem",
    )  # fmt: skip
    _add_import(bring)


def _add_upkeep(own: Any) -> None:
    confirm = terms.command(
        own, "confirm", _confirm, "connect to this device, and keep what is on probation if that is what it serves",
        "  dotlocal device own confirm --connect 127.0.0.1:443",
    )  # fmt: skip
    confirm.add_argument("--connect", metavar="HOST:PORT", default="", help="its web server (default: device.toml's)")
    places.add(confirm)
    terms.add_json(confirm)

    revert = terms.command(
        own, "revert", _revert, "go back: from what is on probation, else from what is confirmed",
        "  dotlocal device own revert\n  dotlocal device own revert --to vendor",
    )  # fmt: skip
    revert.add_argument(
        "--to", choices=("previous", "issuer", "vendor"), default="",
        help="the certificate before, the customer's issuer, or the vendor's chain",
    )  # fmt: skip
    places.add(revert)
    terms.add_json(revert)

    root = terms.command(
        own, "root", _root, "print the root that browsers must have, where it is known",
        "  dotlocal device own root --out root.pem",
    )  # fmt: skip
    places.add(root)
    terms.add_out(root, "the root")

    status = terms.command(own, "status", _status, "what is served and on probation", "  dotlocal device own status")
    places.add(status)
    terms.add_json(status)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="PEM, DER, PKCS#7, PKCS#12, in any order; - is stdin")
    parser.add_argument("--check", action="store_true", help="say what would be found, and change nothing")
    parser.add_argument("--accept", action="store_true", help="install it in spite of warnings")
    terms.add_passphrase(parser, "the key or the PKCS#12 file")
    _add_probation(parser)
    places.add(parser)
    terms.add_json(parser)


def _add_within(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--within", action="append", default=[], metavar="SUFFIX|RANGE",
        help="a DNS suffix or address range to permit (repeatable; default: its own names, and the ranges it is in)",
    )  # fmt: skip


def _add_probation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--minutes", metavar="N", type=float, default=10, help="how long the probation is (default: 10)"
    )
    parser.add_argument("--confirm", action="store_true", help="no probation: keep it as soon as it is served")


def owned(options: argparse.Namespace) -> Owned:
    """The customer's own of the device that the options name, as the user whom its state belongs to."""
    from dotlocal.device.owned.steps import Owned

    chosen = places.for_boot(options)
    as_owner(options, store.State(chosen.state), store.Run(chosen.run), chosen.config)
    return Owned(chosen)


def _request(options: argparse.Namespace) -> int:
    text = owned(options).request(options.name, options.address, force=options.force)
    terms.deliver(text, options.out)
    return 0


def _import(options: argparse.Namespace) -> int:
    return _bring(options, lambda mine: (mine.examine, mine.take))


def _issuer_import(options: argparse.Namespace) -> int:
    return _bring(options, lambda mine: (mine.examine_issuer, mine.take_issuer))


def _bring(options: argparse.Namespace, ways: Callable[[Owned], tuple[Examine, Take]]) -> int:
    # while it is still root that reads files
    uploads, passphrase = _uploads(options), terms.passphrase(options, "the upload", ask=False)
    examine, take = ways(owned(options))
    judged = _examined(options, examine, uploads, passphrase)
    if options.check:
        return own_report.judged(options, judged.findings)
    report = _taken(options, judged.findings, lambda: take(
        judged, accept=options.accept, minutes=options.minutes, confirm=options.confirm
    ))  # fmt: skip
    return own_report.served(options, report, judged.findings)


def _issuer_request(options: argparse.Namespace) -> int:
    from dotlocal.device.owned import proposal

    text, wanted = owned(options).issuer_request(options.within, force=options.force)
    if options.extensions:
        terms.deliver(proposal.openssl_section(wanted), options.extensions)
    terms.deliver(text, options.out)
    terms.say(f"asks for a CA of path length 0 that may vouch for {', '.join(proposal.spoken(wanted))}")
    return 0


def _self_signed(options: argparse.Namespace) -> int:
    mine = owned(options)
    report = mine.self_signed(
        options.within, years=options.years, force=options.force, minutes=options.minutes, confirm=options.confirm
    )
    terms.deliver(mine.anchor(), options.out)
    own_report.say_served(report)
    return 0


def _confirm(options: argparse.Namespace) -> int:
    return own_report.served(options, owned(options).confirm_here(options.connect), ())


def _revert(options: argparse.Namespace) -> int:
    return own_report.served(options, owned(options).revert(options.to), ())


def _root(options: argparse.Namespace) -> int:
    terms.deliver(owned(options).anchor(), options.out)
    return 0


def _status(options: argparse.Namespace) -> int:
    from dotlocal.device.acme import standing

    mine = owned(options)
    report = mine.status()
    if standing.is_set_up(mine.state):
        from dotlocal.device.acme.steps import Acme

        report["acme"] = Acme(mine.options).status()
    if options.json:
        terms.deliver_json(report)
    else:
        terms.write("".join(f"{line}\n" for line in own_report.status_lines(report)))
    return 1 if any(each["severity"] == "error" for each in report["findings"]) else 0


def _uploads(options: argparse.Namespace) -> list[Upload]:
    from dotlocal.device.owned.material import Upload

    return [
        Upload("stdin" if path == "-" else os.path.basename(path), terms.read_input(path)) for path in options.files
    ]


def _examined(options: argparse.Namespace, examine: Examine, uploads: list[Upload], passphrase: bytes | None) -> Any:
    """What was found; where a passphrase is needed and none was given, somebody is asked for it."""
    judged = examine(uploads, passphrase)
    if passphrase is None and any(each.code == _LOCKED for each in judged.findings):
        passphrase = terms.passphrase(options, "the upload")
        judged = judged if passphrase is None else examine(uploads, passphrase)
    return judged


def _taken(options: argparse.Namespace, findings: Sequence[Finding], take: Callable[[], dict[str, Any]]) -> Any:
    try:
        return take()
    except Refused as refused:
        if refused.code not in ("own-refused", "own-unaccepted"):
            raise
        own_report.say_findings(findings)
        if options.json:
            error = {"code": refused.code, "hint": refused.hint}
            terms.deliver_json({"findings": own_report.as_data(findings), "error": error})
            options.json = False  # told
        why = "browsers would refuse it" if refused.code == "own-refused" else "nobody has accepted the warnings"
        hint = "mend what is said above" if refused.code == "own-refused" else "--accept installs it nonetheless"
        raise Refused(refused.code, f"nothing was changed: {why}", hint=hint) from None
