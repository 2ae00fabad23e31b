"""A clock that was set, and is synchronised some answers of the time server later, of which no event tells."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from followers import PATIENCE

from dotlocal.device.time import KEPT, UNKNOWN
from dotlocal.device.watch.synchronisation import WAITS, Synchronisation
from dotlocal.host import clock
from installed import Command
from told import retell

# A watching process whose kernel says what files say; it looks ten times as often.
WATCHING = """\
import os, sys
from dotlocal.device.watch import synchronisation, watcher
from dotlocal.host import clock
folder, *words = sys.argv[1:]
clock._synchronised = lambda: os.path.exists(f"{folder}/synchronised")
watcher._TIMESYNC = f"{folder}/set"
synchronisation.WAITS = tuple(wait / 10 for wait in synchronisation.WAITS)
watcher.run(words)
"""


def report(quality: str) -> dict[str, dict[str, str]]:
    return {"clock": {"quality": quality}}


def test_a_clock_that_was_set_is_asked_again_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ever more seldom, for half an hour and a little; then nobody wakes up for it any more."""
    monkeypatch.setattr(clock, "synchronised", lambda: False)
    looks, before = Synchronisation(), time.monotonic()
    looks.told(report(UNKNOWN), {"clock", "address"})
    for wait in WAITS:
        assert looks.due is not None
        assert before + wait <= looks.due <= time.monotonic() + wait
        before = time.monotonic()
        assert not looks.look()
    assert looks.due is None
    assert 1800 < sum(WAITS) < 2700


@pytest.mark.parametrize(
    ("quality", "reason", "synchronised"),
    [(UNKNOWN, "start", False), (UNKNOWN, "address", False), (UNKNOWN, "clock", True), (KEPT, "clock", False)],
)
def test_nobody_wakes_up_for_one_that_would_not_be_better(
    quality: str, reason: str, synchronised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody has set, one that is known, and one that is synchronised with what can't be right."""
    monkeypatch.setattr(clock, "synchronised", lambda: synchronised)
    looks = Synchronisation()
    looks.told(report(quality), {reason})
    assert looks.due is None


@pytest.mark.parametrize("quality", [UNKNOWN, KEPT])
def test_it_ends_with_a_clock_that_is_known_and_with_nothing_else(
    quality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that comes meanwhile has nothing to do with it."""
    monkeypatch.setattr(clock, "synchronised", lambda: False)
    looks = Synchronisation()
    looks.told(report(UNKNOWN), {"clock"})
    due = looks.due
    looks.told(report(quality), {"address"})
    assert looks.due == (due if quality == UNKNOWN else None)


def test_a_watching_process_notices(dotlocal: Command, tmp_path: Path) -> None:
    """It is set, and nothing is known by that; some seconds later it is synchronised, and certificates go by it."""
    device = retell(tmp_path / "story", dotlocal).device("07")
    status = device / "run/current/status.json"
    words = [f"--state={device}/state", f"--run={device}/run", f"--config={device}/device.toml"]

    def until(condition: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        began = time.monotonic()
        while not condition(found := {"serial": (read := json.loads(status.read_text()))["serial"], **read["clock"]}):
            assert time.monotonic() - began < PATIENCE, found
            time.sleep(0.02)
        return found

    before = until(lambda found: True)["serial"]
    with subprocess.Popen([sys.executable, "-c", WATCHING, str(tmp_path), *words]) as process:
        try:
            started = until(lambda found: found["serial"] != before)["serial"]
            (tmp_path / "set").touch()
            assert until(lambda found: found["serial"] != started)["quality"] == UNKNOWN
            (tmp_path / "synchronised").touch()
            until(lambda found: found["quality"] == "synchronised")
        finally:
            process.terminate()
