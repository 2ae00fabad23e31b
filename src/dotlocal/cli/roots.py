"""A maker's root, as the commands of `dotlocal trust` are given it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dotlocal.cli import terms

if TYPE_CHECKING:
    from dotlocal.browser.anchor import Anchor
    from dotlocal.browser.appraisal import Appraisal


def add(parser: argparse.ArgumentParser) -> None:
    """The root that a command is about."""
    parser.add_argument("root", metavar="ROOT", help="the maker's root certificate, PEM or DER, or - for stdin")


def read(path: str, *, force: bool = False) -> Anchor:
    """The root from its file; whatever else it is, is refused by what it is."""
    from dotlocal.browser.anchor import Anchor

    return Anchor.parse(terms.read_input(path), force=force)


def appraised(anchor: Anchor) -> Appraisal:
    """The root judged at this moment, with the list of public suffixes that is here."""
    from dotlocal.browser import suffixes
    from dotlocal.browser.appraisal import appraise

    return appraise(anchor, now=terms.now(), suffixes=suffixes.load())
