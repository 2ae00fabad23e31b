"""`device watch`: what it follows besides the network (see test_followers.py), and what it does when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from followers import SOON, Watched, following

from installed import Command
from namespaces import host
from told import Told, retell


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return retell(tmp_path_factory.mktemp("watch"), dotlocal)


@pytest.fixture
def watched(told: Told, tmp_path: Path) -> Iterator[Watched]:
    with host() as at, following(told, tmp_path, at) as found:
        assert isinstance(found, Watched)
        yield found


def test_follows_the_settings(watched: Watched) -> None:
    """device.toml replaced by a rename, as editors do."""
    new = watched.folder / "new.toml"
    new.write_text('hostnames = ["kitchen.local"]\n')
    os.rename(new, watched.folder / "device.toml")
    assert watched.until(lambda status: "kitchen.local" in status["names"]) < SOON


def test_follows_the_host_name(watched: Watched) -> None:
    """The kernel's host name changes: the names below the suffixes follow."""
    subprocess.run(["nsenter", "--uts", f"--target={watched.process.pid}", "hostname", "oven"], check=True)
    assert watched.until(lambda status: "oven.local" in status["names"]) < SOON


def test_issues_when_asked(watched: Watched) -> None:
    """SIGHUP: a new key and certificate, for nothing else has changed."""
    before = watched.status["serial"]
    watched.process.send_signal(signal.SIGHUP)
    assert watched.until(lambda status: status["serial"] != before) < SOON


def test_a_failure_keeps_the_certificates_and_shows(watched: Watched) -> None:
    """A birth record that can't be read: the set before stays, status says why, and the next try heals."""
    before = watched.status["serial"]
    birth = watched.folder / "state/birth.pem"
    birth.rename(birth.with_suffix(".away"))
    watched.process.send_signal(signal.SIGHUP)
    watched.until(lambda status: bool(_errors(status)))
    assert watched.status["serial"] == before
    birth.with_suffix(".away").rename(birth)
    watched.until(lambda status: status["serial"] != before and not _errors(status))


def test_years_of_changes_cost_no_descriptor(watched: Watched) -> None:
    """Folders that aren't there are looked for again at each change, and nothing of that stays open."""
    watched.settle()
    descriptors = f"/proc/{watched.process.pid}/fd"
    before = sorted(os.listdir(descriptors))
    for number in range(10):
        issues = watched.issues
        watched.host.ip("addr", "add", f"10.8.0.{number}/24", "dev", "lan0")
        watched.has(f"10.8.0.{number}")
        while watched.issues == issues:
            time.sleep(0.01)
    assert sorted(os.listdir(descriptors)) == before


def test_without_a_state_it_says_so(dotlocal: Command, tmp_path: Path) -> None:
    """Nothing to watch for: 2, a code and a hint, at once."""
    done = dotlocal("device", "watch", "--state", tmp_path / "none", "--run", tmp_path / "run")
    assert (done.status, done.code) == (2, "no-state")
    assert done.hinted


def _errors(status: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in status["findings"] if finding["severity"] == "error"]
