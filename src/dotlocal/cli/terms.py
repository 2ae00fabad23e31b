"""What all commands say in the same way: options, passphrases, output, errors."""

from __future__ import annotations

import argparse
import getpass
import io
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from dotlocal.cli.outlet import Outlet
from dotlocal.core.errors import Absent, Refused
from dotlocal.host import clock, files

Handler = Callable[[argparse.Namespace], int]
UNKNOWN = 3  # https://www.monitoring-plugins.org/doc/guidelines.html
_MOST_INPUT = 1 << 20


class _Help(argparse.RawDescriptionHelpFormatter):
    """Examples kept as they were written, and a first column wide enough for every option and command."""

    def __init__(self, *places: Any, **words: Any) -> None:
        super().__init__(*places, **{"max_help_position": 30, **words})


class Parser(argparse.ArgumentParser):
    """argparse with our voice: `dotlocal: error:`, exit status 2, examples kept as they were written.

    `watched_by` is an option with which a monitoring system reads the outcome: to it 2 says that something is broken.
    """

    watched_by = ""

    def __init__(self, **words: Any) -> None:
        super().__init__(formatter_class=_Help, allow_abbrev=False, **words)
        self._words: list[str] = []

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does; the words are kept for `error`."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End with 2, the mistake, and where to read on."""
        if self.watched_by and self.watched_by in self._words:
            write(f"UNKNOWN - {message} (usage)\n")
            raise SystemExit(UNKNOWN)
        sys.stderr.write(f"dotlocal: error: {message} (usage)\ndotlocal: hint: `{self.prog} --help` shows how\n")
        raise SystemExit(2)


def command(actions: Any, name: str, handler: Handler, summary: str, example: str) -> Parser:
    """Add one command, its one-line summary, and an example that can be pasted."""
    parser: Parser = actions.add_parser(name, help=summary, description=summary, epilog=f"example:\n{example}")
    parser.set_defaults(handler=handler, parser=parser)
    return parser


def actor(actions: Any, name: str, summary: str) -> Any:
    """Add an actor, and return where its commands go."""
    parser = actions.add_parser(name, help=summary, description=summary)
    parser.set_defaults(parser=parser)
    return parser.add_subparsers(metavar="COMMAND", title="commands")


def add_home(parser: argparse.ArgumentParser) -> None:
    """The option --home."""
    parser.add_argument("--home", metavar="DIR", help="where everything is kept (default: DOTLOCAL_HOME)")


def add_out(parser: argparse.ArgumentParser, what: str) -> None:
    """The option --out."""
    parser.add_argument("--out", metavar="FILE", help=f"write {what} to a file, whole or not at all (default: stdout)")


def add_passphrase(parser: argparse.ArgumentParser, what: str) -> None:
    """Where a passphrase comes from: never from the command line itself."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--passphrase-file", metavar="FILE", help=f"file whose first line is the passphrase of {what}")
    source.add_argument("--passphrase-fd", metavar="N", type=int, help="the same from an open file descriptor")


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help="the report as JSON on stdout")


def home(options: argparse.Namespace) -> Path:
    """The home directory that was named, or refused as `home-missing`."""
    named = options.home or os.environ.get("DOTLOCAL_HOME")
    if not named:
        raise Absent("home-missing", "no home directory was named", hint="give --home DIR, or set DOTLOCAL_HOME")
    return Path(named)


def passphrase(options: argparse.Namespace, what: str, *, twice: bool = False, ask: bool = True) -> bytes | None:
    """The passphrase from a file, a descriptor, or a prompt; None when there is no terminal to ask at."""
    if options.passphrase_file:
        return files.read(options.passphrase_file, most=4096).split(b"\n", 1)[0].rstrip(b"\r")
    if options.passphrase_fd is not None:
        return read_descriptor(options.passphrase_fd)
    if not ask or not sys.stdin.isatty():
        return None
    first = getpass.getpass(f"passphrase of {what}: ")
    if twice and getpass.getpass("once more: ") != first:
        raise Refused("passphrase-differs", "the two passphrases differ")
    return first.encode()


def first_line(path: str) -> str:
    """A secret that a file holds, in its first line."""
    return files.read(path, most=4096).split(b"\n", 1)[0].rstrip(b"\r").decode(errors="replace")


def confirmed(question: str, otherwise: str) -> bool:
    """Whether the person at the terminal types `yes`; refused as `not-confirmed` where there is nobody to ask."""
    if not sys.stdin.isatty():
        raise Refused("not-confirmed", "nobody is here to be asked, and nothing was done", hint=otherwise)
    sys.stderr.write(f"{question} [yes/no] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def read_descriptor(number: int) -> bytes:
    """The first line of what an open file descriptor holds; refuses `passphrase-unreadable`."""
    try:
        with os.fdopen(number, "rb", closefd=False) as source:
            return source.read(4096).split(b"\n", 1)[0].rstrip(b"\r")
    except (OSError, ValueError) as error:
        raise Refused("passphrase-unreadable", f"descriptor {number} can't be read: {error}") from None


def read_input(path: str) -> bytes:
    """A file that somebody else wrote, or `-` for stdin; bounded, so that nothing can fill the memory."""
    if path != "-":
        return files.read(path, most=_MOST_INPUT)
    data = sys.stdin.buffer.read(_MOST_INPUT + 1)
    if len(data) > _MOST_INPUT:
        raise Refused("file-too-large", f"stdin has more than {_MOST_INPUT} octets")
    return data


def deliver(text: str, out: str | Outlet | None, *, mode: int = 0o644) -> None:
    """Data to stdout, or to the file that --out names. What is no plain file there, a pipe or /dev/stdout, is written
    to and never replaced.
    """
    if not out:
        write(text)
    elif isinstance(out, Outlet):
        out.deliver(text, mode)
    elif os.path.lexists(out) and not stat.S_ISREG(os.lstat(out).st_mode):
        try:
            with open(out, "w", encoding="utf-8") as plain:
                plain.write(text)
        except OSError as error:
            raise Refused("file-unwritable", f"{out} can't be written: {error.strerror}") from None
    else:
        files.write(out, text.encode(), mode=mode)
        say(f"wrote {out}")


def deliver_json(value: object) -> None:
    """A report as JSON on stdout."""
    write(json.dumps(value, indent=1) + "\n")


def write(text: str) -> None:
    """Data to stdout, all of it or refused as `file-unwritable`. BrokenPipeError: the reader has had enough."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # what is left in the buffer goes nowhere, or the interpreter would try again, and complain, at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise Refused("file-unwritable", f"standard output can't be written: {error.strerror}") from None


def speak_any_locale() -> None:
    """From now on what this terminal's encoding lacks is written as an escape; stderr does so anyway."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def say(message: str) -> None:
    """Talk, on stderr."""
    sys.stderr.write(f"dotlocal: {message}\n")


def now() -> int:
    """This moment, in POSIX seconds."""
    return clock.now()


def report(refused: Refused, *, as_json: bool = False) -> int:
    """Tell what was refused and what to do next; the exit status."""
    from dotlocal.core.codes import hint_of  # a hundred rows, where something went wrong

    hint = hint_of(refused)
    if as_json:
        try:
            deliver_json({"error": {"code": refused.code, "message": refused.message, "hint": hint}})
        except (Refused, BrokenPipeError):
            pass  # stdout itself may be what went wrong; stderr tells
    sys.stderr.write(f"dotlocal: error: {refused}\n")
    if hint:
        sys.stderr.write(f"dotlocal: hint: {hint}\n")
    return 2 if isinstance(refused, Absent) else 1
