"""Commands that root may give, and that act as the owner of the state."""

from __future__ import annotations

import argparse
from functools import partial

from dotlocal.cli import terms
from dotlocal.cli.outlet import Outlet
from dotlocal.device.store import Run, State

_OUTPUTS = ("out", "extensions")


def as_owner(options: argparse.Namespace, state: State, run: Run | None = None, config: str = "") -> None:
    """Have root become the owner of the state, where that is another user (`State.act_as_owner`). What the options name
    as output stays for root to write, who named it; inputs are to be read before.
    """
    if state.of_another_user():
        for name in _OUTPUTS:
            if path := getattr(options, name, None):
                setattr(options, name, Outlet(partial(_deliver, path)))
    state.act_as_owner(run, config)


def _deliver(path: str, text: str, mode: int) -> None:
    terms.deliver(text, path, mode=mode)
