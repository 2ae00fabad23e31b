"""`device watch`: what it follows besides the network (see test_followers.py), and what it does when it fails."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from followers import PATIENCE, SOON, Watched, following

from dotlocal.device import probe
from dotlocal.device.help.probe_set import ProbeSet
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


def test_a_change_to_and_fro_while_a_boot_waits_is_not_missed(watched: Watched) -> None:
    """Another boot holds the lock; an address comes and goes, the certificates are made, and at once it is back."""
    watched.settle()
    lock, before = watched.folder / "run/lock", watched.status["serial"]
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        watched.host.ip("addr", "add", "10.8.0.1/24", "dev", "lan0")
        descriptors = Path(f"/proc/{watched.process.pid}/fd")
        started = time.monotonic()
        while not any(os.path.realpath(each) == str(lock) for each in descriptors.iterdir()):
            assert time.monotonic() - started < PATIENCE
        watched.host.ip("addr", "del", "10.8.0.1/24", "dev", "lan0")
        back = watched.host.inside("sh", "-c", "read go; ip addr add 10.8.0.1/24 dev lan0")
        adding = subprocess.Popen(back, stdin=subprocess.PIPE)  # at the ready, for a change that is faster than a look
    watched.until(lambda status: status["serial"] != before)
    assert "10.8.0.1" not in watched.addresses
    adding.communicate(b"now\n", timeout=PATIENCE)
    watched.has("10.8.0.1")


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
    told = watched.log.read_text()
    assert "; the certificates before stay in use\ndotlocal: hint: " in told
    birth.with_suffix(".away").rename(birth)
    watched.until(lambda status: status["serial"] != before and not _errors(status))


def test_certificates_of_the_probe_that_were_spent_are_replaced(told: Told, tmp_path: Path) -> None:
    """Asked for by whoever shows them, made where the key is, twice; what the web interface shows stays as it is."""
    helps = '[serve]\nhttp_listen = "127.0.0.1:0"\n'
    with host() as at, following(told, tmp_path, at, settings=helps) as watched:
        watched.settle()
        run = tmp_path / "run"
        current, issues = os.readlink(run / "current"), watched.issues
        subject = ProbeSet(str(run), say=print, clock=time.monotonic)
        for number in (0, probe.CERTIFICATES):
            mark = run / current / probe.mark(number)
            mark.write_text("0\n")  # made long ago
            shown = subject.certificate("192.0.2.9")
            assert shown
            shown.spend()
            started = time.monotonic()
            while mark.exists() or watched.log.read_text().count("in place of those that were spent") <= bool(number):
                assert time.monotonic() - started < PATIENCE, watched.log.read_text()
                time.sleep(0.01)
            assert time.monotonic() - started < SOON
        subject.close()
        assert (os.readlink(run / "current"), watched.issues) == (current, issues)


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


def test_a_failure_before_the_first_certificates_is_told_as_one(told: Told, tmp_path: Path) -> None:
    """The key can't be read: what is wrong, that there is nothing to serve, and what to do; it goes on trying."""
    state = shutil.copytree(told.device("07") / "state", tmp_path / "state")
    key = state / "device-ca.key"
    whole = key.read_bytes()
    key.write_text("nothing of a key\n")
    places = ["--state", str(state), "--run", f"{tmp_path}/run", "--config", f"{told.device('07')}/device.toml"]
    process = told.command.start("device", "watch", *places)
    assert process.stderr
    try:
        said = [process.stderr.readline().decode() for _ in range(2)]
        assert said[0].endswith("(key-damaged); there are no certificates yet\n"), said
        assert said[1].startswith("dotlocal: hint: "), said
        key.write_bytes(whole)
        assert process.stderr.readline().startswith(b"dotlocal: issued for ")
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def _errors(status: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in status["findings"] if finding["severity"] == "error"]
