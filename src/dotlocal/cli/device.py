"""`dotlocal device`: on the product. What a device does every day is imported only when asked for."""

from __future__ import annotations

import argparse
from typing import Any

from dotlocal.cli import handover, install, own, own_acme, own_pages, places, status, terms, upkeep
from dotlocal.cli.acting import as_owner


def add(actors: Any) -> None:
    """Add the device's commands."""
    commands = terms.actor(actors, "device", "on the product: key, birth record, boot, HTTPS")
    init = terms.command(
        commands, "init", _init, "make the device CA's key; print its request for the factory",
        "  dotlocal device init --serial SN0001 > SN0001.pem",
    )  # fmt: skip
    init.add_argument("--serial", required=True, help="the device's serial number")
    init.add_argument("--force", action="store_true", help="make a new key, and forget the birth record of the old one")
    places.add_state(init)
    places.add_config(init, "[key]")
    terms.add_out(init, "the request")

    adopt = terms.command(
        commands, "adopt", _adopt, "check and keep the birth record", "  dotlocal device adopt birth.pem"
    )
    adopt.add_argument("birth", metavar="BIRTH.pem", help="a file, or - for stdin")
    places.add_state(adopt)

    boot = terms.command(
        commands, "boot", _boot, "a fresh key and certificate for the names and addresses of this moment",
        "  dotlocal device boot\n  dotlocal device boot --json | jq .left_out",
    )  # fmt: skip
    places.add(boot)
    boot.add_argument(
        "--changed", action="store_true",
        help="for hooks and timers: many calls at once are one, and a set that is as good as a new one stays",
    )  # fmt: skip
    boot.add_argument("--quiet", "-q", action="store_true", help="say nothing when all is well")
    terms.add_json(boot)

    watch = terms.command(
        commands, "watch", _watch, "boot, and again whenever a name, an address, the clock or the settings change",
        "  dotlocal device watch\n  kill -HUP PID    # issue now",
    )  # fmt: skip
    places.add(watch)

    status.add(commands)
    _add_serve(commands)
    handover.add(commands)
    install.add(commands)
    upkeep.add(commands)
    mine = own.add(commands)
    own_acme.add(mine)
    own_pages.add(mine)


def _add_serve(commands: Any) -> None:
    serve = terms.command(
        commands, "serve", _serve, "HTTPS in front of the device's own web interface, or of a folder",
        "  dotlocal device serve --listen :443 --to 127.0.0.1:8080 --user www-data\n"
        "  dotlocal device serve --listen :443 --folder /srv/www --http-listen :80\n"
        "  dotlocal device serve --boot --listen :443 --to 127.0.0.1:8080 --user www-data",
    )  # fmt: skip
    serve.add_argument("--listen", metavar="HOST:PORT", help="where browsers connect; without HOST on every address")
    back_end = serve.add_mutually_exclusive_group()
    back_end.add_argument("--to", metavar="HOST:PORT", help="the web interface that speaks plain HTTP")
    back_end.add_argument("--folder", metavar="DIR", help="serve the files of a folder")
    serve.add_argument(
        "--proxy-protocol", type=int, nargs="?", const=1, choices=(1, 2), metavar="1|2",
        help="tell the back end each client's address (HAProxy's protocol; version 1 unless said)",
    )  # fmt: skip
    serve.add_argument(
        "--http-listen", metavar="HOST:PORT", help="also the help pages, on plain HTTP (or alone, without --listen)"
    )
    serve.add_argument(
        "--probe-listen", metavar="HOST:PORT",
        help="where the help pages ask whether a browser trusts the root (default: port 7443)",
    )  # fmt: skip
    serve.add_argument("--wait", metavar="SECONDS", help="wait for a first set of certificates (default: don't)")
    serve.add_argument(
        "--boot", action="store_true", help="boot as well, beside it in a process of its own, and serve what it makes"
    )
    serve.add_argument("--state", metavar="DIR", help="what --boot reads (default: as for `device boot`)")
    serve.add_argument("--user", metavar="NAME", help="become this user once the port is open")
    places.add_run(serve)
    places.add_config(serve, "[serve]")


def _init(options: argparse.Namespace) -> int:
    from dotlocal.device import adoption

    state, settings = places.state(options), places.settings(options)
    place = settings.key if settings else None
    if not (place and place.kind == "sealed"):  # which takes root; what it writes is given to the owner
        as_owner(options, state)
    request = adoption.init(state, options.serial, force=options.force, place=place)
    terms.deliver(request, options.out)
    return 0


def _adopt(options: argparse.Namespace) -> int:
    from dotlocal.core.chain import fingerprint, named
    from dotlocal.device import adoption, time
    from dotlocal.host import clock

    state, birth = places.state(options), terms.read_input(options.birth)
    as_owner(options, state)
    judged = time.judge(clock.read(), state.floor(), built=0, ca_not_before=0)
    # a clock that nobody has set must not call a birth record expired (a board's may start in 2099 as well as in 1970)
    now = judged.floor if judged.quality == time.UNKNOWN else judged.now
    record = adoption.adopt(state, birth, now=now)
    terms.say(f"adopted {named(record.device_ca)}, until {record.device_ca.not_valid_after_utc:%Y-%m-%d}")
    terms.say(f"customers import {named(record.root)}, fingerprint (SHA-256):\n  {fingerprint(record.root)}")
    return 0


def _boot(options: argparse.Namespace) -> int:
    from dotlocal.device import boot

    chosen = places.for_boot(options)
    chosen.json, chosen.quiet, chosen.changed = options.json, options.quiet, options.changed
    return boot.main(chosen)


def _watch(options: argparse.Namespace) -> int:
    from dotlocal.device.watch import watcher

    return watcher.main(places.for_boot(options))


def _serve(options: argparse.Namespace) -> int:
    from dotlocal.device.serve import command

    chosen = command.Options()
    chosen.run = places.run(options).path
    if options.state is not None and not (options.boot and options.state):
        options.parser.error("argument --state: expected a path, and only together with --boot")
    for name in ("listen", "to", "folder", "http_listen", "probe_listen", "user", "wait", "config", "state"):
        setattr(chosen, name, getattr(options, name) or "")
    chosen.boot = options.boot
    chosen.proxy_protocol = options.proxy_protocol
    command.main(chosen)
    return 0
