"""`dotlocal trust`: this computer's trust stores, and what an administrator hands out."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from dotlocal.cli import export, roots, terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dotlocal.browser.appraisal import Appraisal
    from dotlocal.browser.report import Outcome
    from dotlocal.browser.stores.found import Found
    from dotlocal.core.errors import Refused

_KINDS = ("system", "chromium", "firefox", "java")
_BEYOND = (
    "not reached from here: other people's browsers on this computer, phones, containers, and programs with a list of "
    "their own (Node.js: NODE_EXTRA_CA_CERTS=root.pem; Python's requests: REQUESTS_CA_BUNDLE)"
)


def add(actors: Any) -> None:
    """Add the customer's commands about a root."""
    commands = terms.actor(
        actors, "trust", "a maker's root on this computer: what it could do, in and out of the stores"
    )
    show = terms.command(
        commands, "show", _show, "what this root could and couldn't vouch for; changes nothing",
        "  dotlocal trust show root.pem",
    )  # fmt: skip
    roots.add(show)
    terms.add_json(show)

    install = terms.command(
        commands, "install", _install, "make this computer's browsers and programs trust a root, and see that they do",
        "  dotlocal trust install root.pem --probe press-07.local\n"
        "  sudo dotlocal trust install root.pem --store system --yes",
    )  # fmt: skip
    roots.add(install)
    _add_stores(install)
    install.add_argument("--fingerprint", metavar="SHA256", help="from the label or the maker: compared, not asked")
    install.add_argument("--yes", action="store_true", help="don't ask; you have compared the fingerprint yourself")
    install.add_argument(
        "--domain", action="append", default=[], metavar="NAME",
        help="a domain that the root may vouch for and you agree to (repeatable)",
    )  # fmt: skip
    install.add_argument("--force", action="store_true", help="import what `trust show` warns about as an error")
    install.add_argument("--dry-run", action="store_true", help="say what would be done, by which commands")

    remove = terms.command(
        commands, "remove", _remove, "take a root out of this computer's stores again",
        "  dotlocal trust remove root.pem\n  dotlocal trust remove AB:CD:…",
    )  # fmt: skip
    remove.add_argument("root", metavar="ROOT", help="the root certificate, or its SHA-256 fingerprint")
    _add_stores(remove)
    remove.add_argument("--all", action="store_true", help="also entries of the same root that others have made")
    remove.add_argument("--dry-run", action="store_true", help="say what would be done, by which commands")

    check = terms.command(
        commands, "check", _check, "what each store of this computer says about a root; changes nothing",
        "  dotlocal trust check root.pem --probe press-07.local",
    )  # fmt: skip
    roots.add(check)
    _add_stores(check)
    export.add(commands)


def _add_stores(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", action="append", choices=_KINDS, default=[], help="only stores of this kind (repeatable)"
    )
    parser.add_argument("--user-only", action="store_true", help="only your own stores, none that needs root")
    parser.add_argument(
        "--probe", action="append", default=[], metavar="HOST[:PORT]",
        help="a device of this maker: every store is proved by connecting to it (repeatable)",
    )  # fmt: skip
    parser.add_argument(
        "--java-password-file", metavar="FILE", help="file whose first line opens Java's keystores (default: changeit)"
    )
    terms.add_json(parser)


def _show(options: argparse.Namespace) -> int:
    from dotlocal.browser import enforcement
    from dotlocal.browser.words import appraisal_lines

    appraisal = roots.appraised(roots.read(options.root, force=True))
    if options.json:
        terms.deliver_json({**appraisal.as_dict(), "programs": [row.as_dict() for row in enforcement.ROWS]})
    else:
        terms.write("\n".join((*appraisal_lines(appraisal, enforcement.ROWS), "")))
    return 1 if appraisal.refusals else 0


def _install(options: argparse.Namespace) -> int:
    from dotlocal.browser import consent, trust

    anchor = roots.read(options.root, force=options.force)
    found = _stores(options)
    appraisal = roots.appraised(anchor)
    _tell(appraisal, found)
    consent.check(appraisal, fingerprint=options.fingerprint, force=options.force)
    if not options.dry_run:
        _ask(appraisal, options)
    devices, troubles = trust.witnesses(options.probe, anchor)
    outcomes = trust.install(found, anchor, _file(options), devices=devices, dry_run=options.dry_run)
    terms.say(_BEYOND)
    return _deliver(options, outcomes, troubles, wanted=True, appraisal=appraisal)


def _remove(options: argparse.Namespace) -> int:
    from dotlocal.browser import consent, trust

    found = _stores(options)
    if consent.is_fingerprint(options.root) and not os.path.exists(options.root):
        anchor = trust.named(found, options.root)
    else:
        anchor = roots.read(options.root, force=True)
    if anchor is None:
        return _deliver(options, trust.unheld(found), [], wanted=False)
    devices, troubles = trust.witnesses(options.probe, anchor)
    outcomes = trust.remove(found, anchor, devices=devices, others=options.all, dry_run=options.dry_run)
    return _deliver(options, outcomes, troubles, wanted=False)


def _check(options: argparse.Namespace) -> int:
    from dotlocal.browser import trust

    anchor = roots.read(options.root, force=True)
    devices, troubles = trust.witnesses(options.probe, anchor)
    outcomes = trust.check(_stores(options), anchor, _file(options), devices=devices)
    return _deliver(options, outcomes, troubles, wanted=True)


def _stores(options: argparse.Namespace) -> Found:
    from dotlocal.browser.machine import Machine
    from dotlocal.browser.stores import found, java
    from dotlocal.core.errors import Absent

    password = terms.first_line(options.java_password_file) if options.java_password_file else java.PASSWORD
    here = found.find(Machine.here(), options.store, user_only=options.user_only, java_password=password)
    if not (here.stores or here.troubles or here.missing):
        kinds = " or ".join(options.store or ("any",))
        raise Absent("store-none", f"no store of kind {kinds} is on this computer", hint="`dotlocal trust install -h`")
    return here


def _tell(appraisal: Appraisal, found: Found) -> None:
    """What a person must know before they agree: on stderr, line by line."""
    from dotlocal.browser import enforcement
    from dotlocal.browser.words import appraisal_lines

    programs = enforcement.for_stores(store.kind for store in found.stores)
    for line in appraisal_lines(appraisal, programs):
        terms.say(line)


def _ask(appraisal: Appraisal, options: argparse.Namespace) -> None:
    from dotlocal.core.errors import Refused

    for domain in appraisal.domains:
        if domain in options.domain:
            continue
        if not terms.confirmed(f"May this root vouch for {domain} and everything below it?", f"--domain {domain}"):
            raise Refused("not-confirmed", f"{domain} is not agreed to, and nothing was done")
    if options.yes or options.fingerprint:
        return
    question = "Is this the fingerprint on the label of the device, and do you want to trust this root?"
    if not terms.confirmed(question, "--fingerprint SHA256 compares it with the label's, --yes says you have compared"):
        raise Refused("not-confirmed", "nothing was done")


def _file(options: argparse.Namespace) -> str:
    return "root.pem" if options.root == "-" else os.path.abspath(options.root)


def _deliver(
    options: argparse.Namespace,
    outcomes: Sequence[Outcome],
    troubles: list[Refused],
    *,
    wanted: bool,
    appraisal: Appraisal | None = None,
) -> int:
    from dotlocal.browser.report import Report, lines

    report = Report(wanted, tuple(outcomes), tuple(troubles))
    if options.json:
        root = {"root": appraisal.as_dict()} if appraisal else {}
        terms.deliver_json({**root, **report.as_dict()})
    else:
        terms.write("\n".join((*lines(report, probing=bool(options.probe)), "")))
    return 0 if report.well else 1
