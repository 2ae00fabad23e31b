"""`dotlocal device install`: what the device's system and its web server need."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

from dotlocal.cli import places, terms
from dotlocal.cli.status import current_status
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.names import HostName
from dotlocal.device.handover.snippet import INSTALLABLE
from dotlocal.device.store import Run

_KITS = ("systemd", "boot", "acme", "own", "avahi", "init", "networkd", "networkmanager", "udhcpc", "dhcpcd")


def add(commands: Any) -> None:
    """Add the command to those of the device."""
    install = terms.command(
        commands, "install", _install, "units, hooks, or the configuration of a web server",
        "  dotlocal device install systemd\n"
        "  dotlocal device install init udhcpc --prefix build/rootfs --command /usr/bin/dotlocal\n"
        "  dotlocal device install --server nginx --out /etc/nginx/conf.d/dotlocal.conf",
    )  # fmt: skip
    install.add_argument(
        "kits", nargs="*", metavar="KIT",
        help=f"{', '.join(_KITS)}: a process that watches, or hooks in place of one",
    )  # fmt: skip
    install.add_argument("--prefix", metavar="DIR", default="/", help="root of the image to write to (default: /)")
    install.add_argument("--command", metavar="PATH", help="where dotlocal will be there (default: this one)")
    install.add_argument("--force", action="store_true", help="replace files that somebody has changed")
    install.add_argument("--server", choices=INSTALLABLE, help="print the configuration of this web server instead")
    install.add_argument("--port", type=_port, default=443, metavar="PORT", help="where it serves HTTPS (default: 443)")
    places.add_run(install)
    terms.add_out(install, "the web server's configuration")


def _install(options: argparse.Namespace) -> int:
    if options.kits and options.server:
        options.parser.error("kits and --server don't go together: say it twice")
    if not options.kits and not options.server:
        options.parser.error("name kits to install, or a web server with --server")
    return _configure(options) if options.server else _write(options)


def _write(options: argparse.Namespace) -> int:
    from dotlocal.device.install import KITS, bare, install

    unknown = [name for name in options.kits if name not in KITS]
    if unknown:
        hint = f"there are {', '.join(KITS)}"
        if servers := [name for name in unknown if name in INSTALLABLE]:
            hint = f"a web server's configuration comes with --server {servers[0]}"
        raise Refused("unknown-kit", f"there is no kit {', '.join(unknown)}", hint=hint)
    command = options.command or shutil.which(sys.argv[0])
    if not command or not os.path.isabs(command):
        raise Refused("command-unknown", f"{command!r} is no absolute path", hint="give --command PATH")
    _plain(command)
    here = "" if options.command else bare()  # of an image's Python nothing is known
    for path in install(options.kits, Path(options.prefix), command, force=options.force, bare=here):
        terms.say(f"wrote {path}")
    for name in options.kits:
        terms.say(f"{name}, next: {KITS[name].next_steps}")
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 1 to 65535")
    return int(text)


def _plain(path: str) -> None:
    """Refuses what one of units, scripts and servers would have to quote: each does it in a way of its own."""
    odd = sorted({each for each in path if not (each.isalnum() or each in "/._-+@~:")})
    if odd:
        raise Refused(
            "path-odd", f"{path!a} has {''.join(odd)!a} in it, which configuration of other programs can't hold",
            hint="name a path without blanks, quotes and special characters",
        )  # fmt: skip


def _configure(options: argparse.Namespace) -> int:
    from dotlocal.device.handover import snippet
    from dotlocal.host import files

    run = places.run(options)
    _plain(run.path)
    _plain(options.out or "")
    site = snippet.Site(run.path, options.port, _names(run), secret=secrets.token_hex(16))
    planned = snippet.plan(options.server, site, path=os.path.abspath(options.out) if options.out else "")
    for number, (path, text) in enumerate(planned.files.items()):
        if options.out:
            if number:
                files.folder(os.path.dirname(path))  # of a unit's drop-in, which nobody has made yet
            terms.deliver(text, path, mode=planned.mode)
        else:
            terms.deliver(f"# {path}\n{text}" if number else text, None)
    terms.say(f"include: {planned.include}")
    terms.say(f"access: {planned.reader}")
    terms.say(f"yours: {planned.yours}")
    return 0


def _names(run: Run) -> tuple[HostName, ...]:
    """What is served under; nothing where that can't be told, and the suffixes are those of the default policy."""
    names = []
    try:
        for text in current_status(run)["names"]:
            names.append(HostName.parse(text))  # another user may have written it, and no configuration may hold more
    except Absent:
        pass  # not booted yet
    except Refused as refused:
        terms.say(f"names are those of the default policy, for {refused}")
        return ()
    return tuple(names)
