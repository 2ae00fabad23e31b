# Serve path: no dataclasses, typing, pathlib, re, json or argparse at run time.
"""`dotlocal device serve`: from words to a service, without the rest of the command line, whose imports would cost more
memory and time than all else that a process does that stays for years.
"""

from __future__ import annotations

import gc
import posix as os
import sys

from dotlocal.core.errors import Absent, Refused
from dotlocal.device import CONFIG, RUN
from dotlocal.host import paths
from dotlocal.host.environment import variable

_VALUES = (
    "--listen", "--to", "--folder", "--http-listen", "--probe-listen", "--user", "--config", "--state", "--run",
    "--wait",
)  # fmt: skip
_MOST_SECONDS = 3600
TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.help.serving import Offer
    from dotlocal.device.serve.boot_beside import BootBeside
    from dotlocal.device.settings import Settings


class Options:
    """What was said, as texts; empty: not said."""

    __slots__ = (
        "boot", "config", "folder", "hsts", "http_listen", "listen", "probe_listen", "proxy_protocol", "redirect",
        "run", "state", "to", "user", "wait",
    )  # fmt: skip

    def __init__(self) -> None:
        self.listen = ""
        self.to = ""
        self.folder = ""
        self.http_listen = ""
        self.probe_listen = ""
        self.user = ""
        self.wait = ""
        self.config = ""
        self.boot = False
        self.state = ""  # for the boot alone
        self.run = variable("DOTLOCAL_RUN") or RUN
        self.proxy_protocol: int | None = None
        self.redirect = False  # these two in the settings alone: they are for browsers that somebody has in mind
        self.hsts = False

    @property
    def helps(self) -> bool:
        """Whether the help pages or their probe are to be served."""
        return bool(self.http_listen or self.probe_listen)

    @property
    def serves(self) -> bool:
        """Whether anything is said about HTTPS."""
        return bool(self.listen or self.to or self.folder)


def run(words: list[str]) -> None:
    """Serve, and end the process; returns when the words are for the full command line."""
    options = parse(words)
    if options is None:
        return
    try:
        main(options)
    except Refused as refused:
        sys.stderr.write(f"dotlocal: error: {refused}\ndotlocal: hint: {_hint_of(refused)}\n")
        sys.exit(2 if isinstance(refused, Absent) else 1)
    except KeyboardInterrupt:  # before it serves; after that it is a way to end it well
        sys.exit(130)
    try:
        sys.stderr.flush()
    except OSError:
        pass  # lines that nobody took; see Notices
    os._exit(0)  # every connection is ended, and what is left of the interpreter needs no good order


def _hint_of(refused: Refused) -> str:
    if refused.hint:
        return refused.hint
    try:
        from dotlocal.core import codes  # nobody is in a hurry any more
    except ImportError:  # the user that this process has become can't reach Python's library
        return "docs/codes.md says what to do"
    return codes.hint_of(refused)


def parse(words: list[str]) -> Options | None:
    """The options, or None where only the full command line knows what to say."""
    options = Options()
    rest = list(words)
    while rest:
        word, equals, value = rest.pop(0).partition("=")
        if word == "--proxy-protocol":
            if not equals and rest and not rest[0].startswith("-"):
                value = rest.pop(0)
            if value not in ("", "1", "2") or (equals and not value):
                return None
            options.proxy_protocol = int(value or "1")
        elif word == "--boot" and not equals:
            options.boot = True
        elif word in _VALUES and (equals or rest):
            value = value if equals else rest.pop(0)
            if not value or value.startswith("-"):
                return None
            setattr(options, word[2:].replace("-", "_"), value)
        else:
            return None
    return None if (options.to and options.folder) or (options.state and not options.boot) else options


def main(options: Options) -> None:
    """Serve until a signal. Refuses what `serve` refuses, `endpoint`, and `serve-where`: what is missing in the options
    and in the [serve] table of the settings. A boot that was asked for has ended when this has.
    """
    if not options.boot:
        _serve(options, None)
        return
    from dotlocal.device.serve.boot_beside import BootBeside

    boot = BootBeside(state=options.state, run=options.run, config=options.config)
    try:
        _serve(options, boot)
    finally:
        boot.status()


def _serve(options: Options, boot: BootBeside | None) -> None:
    from dotlocal.device import preload

    preload.load(preload.SERVE)
    from dotlocal.device.serve import service

    if options.helps or not options.listen or not (options.to or options.folder):
        _complete(options)
    elif options.config and not paths.exists(options.config):
        raise Absent("file-missing", f"{options.config} does not exist")
    offer = _offer(options) if options.helps else None
    if offer and not options.serves:
        if boot:
            boot.warn(_say, has_set=paths.exists(paths.join(options.run, "current")))
        service.serve_help(offer, user=options.user or None, say=_say, ready=_serving)
        return
    serving = service.Serving(
        run=options.run, listen=endpoint("--listen", options.listen),
        to=endpoint("--to", options.to) if options.to else None, folder=options.folder or None,
        proxy_protocol=options.proxy_protocol, user=options.user or None, offer=offer,
        wait=seconds("--wait", options.wait or "0"), boot=boot,
    )  # fmt: skip
    service.serve(serving, say=_say, ready=_ready)


def _offer(options: Options) -> Offer:
    from dotlocal.device.help import app, serving

    pages = endpoint("--http-listen", options.http_listen) if options.http_listen else None
    if options.probe_listen:
        probe = endpoint("--probe-listen", options.probe_listen)
    else:
        probe = ((pages or ("", 0))[0], app.PROBE_PORT)
    return serving.Offer(options.run, pages, probe, redirect=options.redirect, hsts=options.hsts)


def seconds(option: str, text: str) -> int:
    """A whole number of seconds, an hour at most; refuses `seconds`."""
    if not text.isascii() or not text.isdigit() or int(text[:5]) > _MOST_SECONDS:
        raise Refused("seconds", f"{option} is {text!r}, not a number of seconds", hint=f"0 to {_MOST_SECONDS}")
    return int(text)


def endpoint(option: str, text: str) -> tuple[str, int]:
    """Host and port; refuses `endpoint`."""
    host, colon, port = text.rpartition(":")
    inner = host[1:-1] if host[:1] + host[-1:] == "[]" else host
    whole = bool(inner) == bool(host) and "[" not in inner and "]" not in inner
    if not whole or not colon or not port.isascii() or not port.isdigit() or int(port[:6]) > 65535:
        hint = "as in 127.0.0.1:8080, [::1]:8080 or :443"
        raise Refused("endpoint", f"{option} is {text!r}, not HOST:PORT", hint=hint)
    return inner, int(port)


def _complete(options: Options) -> None:
    path = options.config or CONFIG
    if options.config or paths.exists(path):
        _take(options, _configured(path))
        problem, hint = f"{path} has no whole [serve] table", "it wants listen, and to or folder"
    elif options.listen:
        problem, hint = "nothing says what to serve", "give --to or --folder"
    elif options.to or options.folder:
        problem, hint = "nothing says where to listen", "give --listen"
    else:
        problem, hint = "nothing says where to listen and what to serve", "give --listen, and --to or --folder"
    if options.helps and not options.serves:
        return  # the pages alone: another server has HTTPS
    if not options.listen or not (options.to or options.folder):
        raise Absent("serve-where", problem, hint=hint)


def _take(options: Options, found: Settings) -> None:
    options.listen = options.listen or found.serve_listen
    if not (options.to or options.folder):
        options.to, options.folder = found.serve_to, found.serve_folder
    options.http_listen = options.http_listen or found.serve_http_listen
    options.probe_listen = options.probe_listen or found.serve_probe_listen
    options.redirect, options.hsts = found.serve_redirect, found.serve_hsts


def _configured(path: str) -> Settings:
    from dotlocal.device import settings
    from dotlocal.host.child import answer  # the TOML parser would stay for years

    read = answer("dotlocal.device.configuration", path, path)
    try:
        return settings.load(read)
    except (Refused, ValueError):
        code, _, message = read.partition("\t")
        missing = Absent if code == "file-missing" else Refused
        raise missing(code or "config-unreadable", message or f"{path} can't be read") from None


def _serving() -> None:
    if variable("NOTIFY_SOCKET"):
        from dotlocal.host.supervisor import notify

        notify("READY=1")
    gc.freeze()  # what was imported stays, and need not be looked at ever again
    gc.enable()


def _ready(bound: tuple[str, int]) -> None:
    _serving()
    _say(f"serving https on {bound[0]} port {bound[1]}")


def _say(line: str) -> None:
    try:
        sys.stderr.write(f"dotlocal: {line}\n")
    except OSError:
        pass  # no reason not to serve; see Notices
