"""Where a device's things are: the options --state, --run and --config. An option wins over the environment."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from dotlocal.device import store

if TYPE_CHECKING:
    from dotlocal.device.boot import Options
    from dotlocal.device.settings import Settings


def add(parser: argparse.ArgumentParser) -> None:
    """All three."""
    add_state(parser)
    add_run(parser)
    add_config(parser)


def add_state(parser: argparse.ArgumentParser) -> None:
    """The option --state."""
    parser.add_argument(
        "--state", metavar="DIR", type=_path, help=f"what it keeps (default: DOTLOCAL_STATE, or {store.STATE})"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """The option --run."""
    parser.add_argument(
        "--run", metavar="DIR", type=_path, help=f"what boot makes (default: DOTLOCAL_RUN, or {store.RUN})"
    )


def add_config(parser: argparse.ArgumentParser, table: str = "", *, needed: bool = False) -> None:
    """The option --config; `table` is what the command looks for there, `needed` that it can't do without."""
    about = f"settings with {table}" if table else "settings"
    default = store.CONFIG if needed else f"{store.CONFIG}, which may be missing"
    parser.add_argument("--config", metavar="FILE", type=_path, help=f"{about} (default: {default})")


def state(options: argparse.Namespace) -> store.State:
    """The state that the options name."""
    return store.State(options.state or os.environ.get("DOTLOCAL_STATE") or store.STATE)


def run(options: argparse.Namespace) -> store.Run:
    """The run directory that the options name, as an absolute path: other programs are told of it."""
    return store.Run(os.path.abspath(options.run or os.environ.get("DOTLOCAL_RUN") or store.RUN))


def settings(options: argparse.Namespace) -> Settings | None:
    """What device.toml says, None where nobody named one and the default is missing; refuses one that can't be read."""
    from dotlocal.device import configuration
    from dotlocal.host import files

    path = options.config or store.CONFIG
    if not options.config and not os.path.exists(path):
        return None
    return configuration.parse(files.read(path), path)


def for_boot(options: argparse.Namespace) -> Options:
    """All three, as boot takes them."""
    from dotlocal.device.boot import Options

    chosen = Options()
    for name in ("state", "run", "config"):
        setattr(chosen, name, getattr(options, name) or getattr(chosen, name))
    chosen.config_named = options.config is not None
    return chosen


def _path(text: str) -> str:
    if not text:  # a variable of a script that is not set, and must not mean the default
        raise argparse.ArgumentTypeError("expected a path, not nothing")
    return text
