"""Chromium and Firefox with empty homes in a machine of their own: what they trust, they were told by policy."""

from __future__ import annotations

from contextlib import ExitStack, closing
from pathlib import Path

from private_machine import Machine

from peers.children import Scratch
from peers.chromium import RunningChromium
from peers.firefox import RunningFirefox


def chromium(machine: Machine, home: Path | None = None) -> RunningChromium:
    """A Chromium of this home, or of somebody who has just moved in."""
    with ExitStack() as made:
        home = home or made.enter_context(closing(Scratch())).path
        return RunningChromium(home, home / "profile", after=made.pop_all(), inside=machine.inside())


def firefox(machine: Machine, home: Path) -> RunningFirefox:
    """A Firefox with the profile of this home, or with a new one there."""
    profile = home / ".mozilla" / "firefox" / "abcd.default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "MarionetteActivePort").unlink(missing_ok=True)
    return RunningFirefox(home, profile, inside=machine.inside())
