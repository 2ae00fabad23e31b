"""The command line: words into values, one call, the value rendered. Data on stdout, talk on stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from dotlocal import VERSION
from dotlocal.cli import demo, device, doctor, factory, root, trust
from dotlocal.cli.terms import Parser, report, speak_any_locale
from dotlocal.core.errors import Absent, Refused

_STORY = "one root that customers import once, one device CA per device, a fresh certificate at every boot"


def main(words: Sequence[str]) -> int:
    """Run one command. 0: fine; 1: refused, or problems found; 2: could not look, or could not understand."""
    speak_any_locale()
    options, unknown = parser().parse_known_args(words)
    if unknown:  # told by the command itself, whose --help is the one to read
        options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if not hasattr(options, "handler"):
        options.parser.print_help(sys.stderr)
        return 2
    try:
        return int(options.handler(options))
    except Refused as refused:
        return report(refused, as_json=getattr(options, "json", False))
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "cryptography":
            raise
        need = Absent(
            "cryptography-missing", "this command reads what others wrote, and needs the package `cryptography`",
            hint="pip install dotlocal, with its dependencies; what a device does by itself (boot, watch, serve,"
            " status, reset) works without",
        )  # fmt: skip
        if getattr(options, "plugin", False):
            return doctor.unknown(need)
        return report(need, as_json=getattr(options, "json", False))
    except BrokenPipeError:
        return 1  # the reader of our stdout has left; there is nobody to tell
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The whole command line; docs/commands.md is rendered from it."""
    top = Parser(prog="dotlocal", description=_STORY)
    top.add_argument("--version", action="version", version=f"dotlocal {VERSION}")
    top.set_defaults(parser=top)
    actors = top.add_subparsers(metavar="ACTOR", title="actors")
    for actor in (root, factory, device, trust):
        actor.add(actors)
    doctor.add(actors)
    demo.add(actors)
    return top
