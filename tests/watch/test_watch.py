"""`device watch` on real interfaces: the certificates follow what the kernel says, soon, and not too often."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from namespaces import Host, host

from installed import Command
from told import Told, tell

SOON = 2.0  # seconds after the last change: the bar of the issue
PATIENCE = 20.0  # what a test waits on a loaded machine before it calls something missing


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command) -> Told:
    return tell(tmp_path_factory.mktemp("watch"), dotlocal)


@dataclass
class Watched:
    """A device that watches, in a namespace of its own."""

    folder: Path
    process: subprocess.Popen[bytes]
    host: Host

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "run/current/status.json").read_text())
        return found

    @property
    def issues(self) -> int:
        """How many sets there have been: every issue is one line on stderr."""
        return (self.folder / "log").read_text().count("issued for")

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> float:
        """Seconds until the status is as wanted."""
        started = time.monotonic()
        while not wanted(self.status):
            assert time.monotonic() - started < PATIENCE, self.status
            assert self.process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.01)
        return time.monotonic() - started

    def settle(self) -> None:
        """Wait until the interface has its link-local address, and has been silent for a while after it."""
        self.until(lambda status: any(address.startswith("fe80:") for address in status["addresses"]))
        time.sleep(3)

    def has(self, *addresses: str) -> float:
        return self.until(lambda status: set(addresses) <= set(status["addresses"]))


@contextmanager
def watching(told: Told, folder: Path, at: Host, settings: str = "") -> Iterator[Watched]:
    """Start `device watch` for a copy of press-07, and wait for its first certificates."""
    shutil.copytree(told.device("07") / "state", folder / "state")
    (folder / "device.toml").write_text(settings)
    places = ["--state", f"{folder}/state", "--run", f"{folder}/run", "--config", f"{folder}/device.toml"]
    command = at.inside(
        "sh", "-c", 'hostname press; exec "$@"', "sh", str(told.command.path), "device", "watch", *places
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=told.command.env(), stderr=log)
    watched = Watched(folder, process, at)
    try:
        started = time.monotonic()
        while not (folder / "run/current/status.json").exists():
            assert time.monotonic() - started < PATIENCE
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.02)
        yield watched
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE) == 0


@pytest.fixture
def watched(told: Told, tmp_path: Path) -> Iterator[Watched]:
    with host() as at, watching(told, tmp_path, at) as found:
        yield found


def test_follows_an_address(watched: Watched) -> None:
    """Added: named; removed: not named any more."""
    watched.host.ip("addr", "add", "192.168.5.5/24", "dev", "lan0")
    assert watched.has("192.168.5.5") < SOON
    watched.host.ip("addr", "del", "192.168.5.5/24", "dev", "lan0")
    assert watched.until(lambda status: "192.168.5.5" not in status["addresses"]) < SOON


def test_waits_until_an_ipv6_address_is_usable(watched: Watched) -> None:
    """A tentative address is not the machine's yet; once the kernel has found it unique it is named."""
    watched.host.ip("addr", "add", "fd00:5::5/64", "dev", "lan0")
    assert "fd00:5::5" not in watched.status["addresses"]
    watched.has("fd00:5::5")


def test_follows_a_second_interface(watched: Watched) -> None:
    """Another interface comes with an address, and goes away as a whole."""
    watched.host.ip("link", "add", "lan1", "type", "veth", "peer", "name", "far1")
    watched.host.ip("addr", "add", "10.5.0.1/24", "dev", "lan1")
    watched.host.ip("link", "set", "lan1", "up")
    assert watched.has("10.5.0.1") < SOON
    watched.host.ip("link", "del", "lan1")
    assert watched.until(lambda status: "10.5.0.1" not in status["addresses"]) < SOON


def test_a_burst_is_a_few_issues(watched: Watched) -> None:
    """Fifty changes within a second: the last address is named soon, after at most three issues."""
    before = watched.issues
    for number in range(1, 26):
        watched.host.ip("addr", "add", f"10.6.0.{number}/24", "dev", "lan0")
        if number < 25:
            watched.host.ip("addr", "del", f"10.6.0.{number}/24", "dev", "lan0")
    assert (
        watched.until(lambda status: status["addresses"] == ["10.6.0.25"] or "10.6.0.25" in status["addresses"]) < SOON
    )
    time.sleep(1.5)
    assert [a for a in watched.status["addresses"] if a.startswith("10.6.")] == ["10.6.0.25"]
    assert watched.issues - before <= 3


def test_noise_without_a_change_issues_nothing(watched: Watched) -> None:
    """A link that is set up again, an address outside the policy's interfaces' names: no new certificate."""
    watched.settle()
    before = watched.issues
    for _ in range(5):
        watched.host.ip("link", "set", "lan0", "mtu", "1400")
        watched.host.ip("link", "set", "lan0", "mtu", "1500")
    time.sleep(1.5)
    assert watched.issues == before


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


def test_rests_without_a_wake_up(watched: Watched) -> None:
    """With nothing to hear of, the process makes no system call at all."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    watched.settle()
    traced = subprocess.run(
        ["timeout", "5", "strace", "-f", "-p", str(watched.process.pid)], capture_output=True, text=True
    )
    calls = [line for line in traced.stderr.splitlines() if "(" in line and "attached" not in line]
    assert len(calls) <= 1, calls  # the one that it sleeps in


def test_without_a_state_it_says_so(dotlocal: Command, tmp_path: Path) -> None:
    """Nothing to watch for: 2, a code and a hint, at once."""
    done = dotlocal("device", "watch", "--state", tmp_path / "none", "--run", tmp_path / "run")
    assert (done.status, done.code) == (2, "no-state")
    assert done.hinted


def _errors(status: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in status["findings"] if finding["severity"] == "error"]
