"""`dotlocal device own password` and `own serve`: the pages for the customer's own certificate, in stand-alone use."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import signal
import socket
import stat
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

from dotlocal.cli import own, places, terms
from dotlocal.core.errors import Refused

if TYPE_CHECKING:
    from dotlocal.device.own_pages.link import Read

_LISTEN = "127.0.0.1:8090"


def add(actions: Any) -> None:
    """Add the commands to those of `device own`."""
    password = terms.command(
        actions, "password", _password, "set the administrator's password of the device's own pages",
        "  dotlocal device own password\n  dotlocal device own password --password-file new",
    )  # fmt: skip
    source = password.add_mutually_exclusive_group()
    source.add_argument("--password-file", metavar="FILE", help="file whose first line is the password")
    source.add_argument("--password-fd", metavar="N", type=int, help="the same from an open file descriptor")
    places.add(password)

    serve = terms.command(
        actions, "serve", _serve, "serve the pages to what ends TLS in front of them, on this machine",
        "  dotlocal device own serve --listen 127.0.0.1:8090 --proxy-protocol &\n"
        "  dotlocal device serve --listen :8443 --to 127.0.0.1:8090 --proxy-protocol 2",
    )  # fmt: skip
    serve.add_argument(
        "--listen", metavar="WHERE", default=_LISTEN,
        help=f"a port of this machine's own, or a socket's path (default: {_LISTEN})",
    )  # fmt: skip
    front = serve.add_mutually_exclusive_group()
    front.add_argument(
        "--proxy-protocol", action="store_true", help="`device serve` is in front, with --proxy-protocol 2"
    )
    front.add_argument(
        "--connection-header", metavar="NAME", help="a web server is in front, and sets this field: docs/own-pages.md"
    )
    places.add(serve)


def _password(options: argparse.Namespace) -> int:
    from dotlocal.device.own_pages import password

    made = password.make(_wanted(options), salt=secrets.token_bytes(16), browsers=secrets.token_bytes(32))
    own.owned(options).slots.save(password.SLOT, made.dump())
    terms.say("the password is set; whoever was signed in to the pages is signed out")
    return 0


def _wanted(options: argparse.Namespace) -> str:
    if options.password_file:
        return terms.first_line(options.password_file)
    if options.password_fd is not None:
        return terms.read_descriptor(options.password_fd).decode(errors="replace")
    if not sys.stdin.isatty():
        raise Refused(
            "pages-password-missing", "nobody is here to be asked for a password",
            hint="give --password-file or --password-fd",
        )  # fmt: skip
    first = getpass.getpass("password of the pages: ")
    if getpass.getpass("once more: ") != first:
        raise Refused("passphrase-differs", "the two passwords differ")
    return first


def _serve(options: argparse.Namespace) -> int:
    mine = own.owned(options)
    listener = _listener(options.listen)
    from dotlocal.device.own_pages.app import application
    from dotlocal.device.own_pages.server import Server

    with closing(listener):
        server = Server(
            listener, application(mine, connection=_connection(options)), speaks_proxy=options.proxy_protocol,
            say=terms.say,
        )  # fmt: skip
        signal.set_wakeup_fd(server.ending, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        terms.say(f"own pages on {_where(listener)}")
        server.run()
    return 0


def _connection(options: argparse.Namespace) -> Read:
    from dotlocal.device.own_pages import link

    if options.connection_header:
        return link.by_header(options.connection_header)
    return link.by_proxy_protocol if options.proxy_protocol else link.direct


def _listener(where: str) -> socket.socket:
    from dotlocal.device.own_pages import link
    from dotlocal.device.serve.command import endpoint
    from dotlocal.device.serve.listener import bind

    if where.startswith("/"):
        return _unix(where)
    host, port = endpoint("--listen", where)
    if not host or not link.is_local(host):
        raise Refused(
            "pages-listen", f"the pages would listen on {where}, where others than this machine can reach them",
            hint="127.0.0.1:PORT, [::1]:PORT, or a socket's path; `device serve` or a web server goes in front",
        )  # fmt: skip
    return bind((host, port)).high_level()


def _unix(path: str) -> socket.socket:
    """A socket that its group may connect to; one that was left behind is replaced."""
    made = socket.socket(socket.AF_UNIX)
    try:
        if os.path.lexists(path) and stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
        before = os.umask(0o117)
        try:
            made.bind(path)
        finally:
            os.umask(before)
    except OSError as error:
        made.close()
        raise Refused("cannot-listen", f"can't listen on {path}: {error.strerror or error}") from None
    return made


def _where(listener: socket.socket) -> str:
    name = listener.getsockname()
    return str(name) if isinstance(name, str) else f"{name[0]} port {name[1]}"
