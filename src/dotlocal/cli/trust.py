"""`dotlocal trust`: this computer's trust stores, and what an administrator hands out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from dotlocal.cli import terms

if TYPE_CHECKING:
    from dotlocal.browser.anchor import Anchor
    from dotlocal.browser.appraisal import Appraisal


def add(actors: Any) -> None:
    """Add the customer's commands about a root."""
    commands = terms.actor(
        actors, "trust", "a maker's root on this computer: what it could do, in and out of the stores"
    )
    show = terms.command(
        commands, "show", _show, "what this root could and couldn't vouch for; changes nothing",
        "  dotlocal trust show root.pem",
    )  # fmt: skip
    add_root(show)
    terms.add_json(show)


def add_root(parser: argparse.ArgumentParser) -> None:
    """The root that every command is about."""
    parser.add_argument("root", metavar="ROOT", help="the maker's root certificate, PEM or DER, or - for stdin")


def read_root(path: str, *, force: bool = False) -> Anchor:
    """The root from its file; whatever else it is, is refused by what it is."""
    from dotlocal.browser.anchor import Anchor

    return Anchor.parse(terms.read_input(path), force=force)


def appraised(anchor: Anchor) -> Appraisal:
    """The root judged at this moment, with the list of public suffixes that is here."""
    from dotlocal.browser import suffixes
    from dotlocal.browser.appraisal import appraise

    return appraise(anchor, now=terms.now(), suffixes=suffixes.load())


def _show(options: argparse.Namespace) -> int:
    from dotlocal.browser import enforcement
    from dotlocal.browser.words import appraisal_lines

    appraisal = appraised(read_root(options.root))
    if options.json:
        terms.deliver_json(appraisal.as_dict())
    else:
        terms.write("\n".join((*appraisal_lines(appraisal, enforcement.ROWS), "")))
    return 1 if appraisal.refusals else 0
