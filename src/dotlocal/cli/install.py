"""`dotlocal device install`: what other programs of the device need in their configuration."""

from __future__ import annotations

import argparse
import os
from typing import Any

from dotlocal.cli import terms
from dotlocal.cli.handover import add_run, current_status, run_of
from dotlocal.core.errors import Absent
from dotlocal.device.handover.snippet import INSTALLABLE


def add(commands: Any) -> None:
    """Add the command to those of the device."""
    install = terms.command(
        commands, "install", _install, "the configuration of a web server, for both certificates",
        "  dotlocal device install --server nginx --out /etc/nginx/conf.d/dotlocal.conf",
    )  # fmt: skip
    install.add_argument("--server", required=True, choices=INSTALLABLE, help="which web server")
    install.add_argument("--port", type=int, default=443, help="where it serves HTTPS (default: 443)")
    add_run(install)
    terms.add_out(install, "the configuration")


def _install(options: argparse.Namespace) -> int:
    from dotlocal.device.handover import snippet

    run = run_of(options)
    try:
        names = tuple(current_status(run)["names"])
    except Absent:
        names = ()  # not booted yet: the suffixes of the default policy
    site = snippet.Site(run.path, options.port, names)
    planned = snippet.plan(options.server, site, path=os.path.abspath(options.out) if options.out else "")
    for number, (path, text) in enumerate(planned.files.items()):
        if options.out:
            terms.deliver(text, path)
        else:
            terms.deliver(f"# {path}\n{text}" if number else text, None)
    terms.say(f"include: {planned.include}")
    terms.say(f"access: {planned.reader}")
    return 0
