"""Real Chromium and real Firefox: refused, accepted after `trust install`, refused again after `trust remove`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import tools
from computer import Computer, computer
from installed import Command
from peers.chromium import RunningChromium
from peers.firefox import RunningFirefox
from peers.peer import Verdict
from told import Told

CLOSED = '{"CAPlatformIntegrationEnabled": false}'
UNKNOWN = {"net::ERR_CERT_AUTHORITY_INVALID", "SEC_ERROR_UNKNOWN_ISSUER"}


@pytest.fixture
def person(tmp_path: Path, dotlocal: Command) -> Iterator[Computer]:
    """Somebody's own computer: their browsers' stores, nothing of the system's."""
    with computer(tmp_path, dotlocal) as made:
        yield made


def chromium(person: Computer, device: str, folder: Path | None = None) -> Verdict:
    """What a Chromium says that has just been started, with a profile of its own."""
    profile = folder or person.home.parent / f"profile-{time.monotonic_ns()}"
    with closing(RunningChromium(person.home, profile)) as browser:
        return browser.visit(*_parts(device))


def firefox(person: Computer, profile: Path, device: str) -> Verdict:
    """What a Firefox says that has just been started with this profile."""
    (profile / "MarionetteActivePort").unlink(missing_ok=True)
    with closing(RunningFirefox(person.home, profile)) as browser:
        return browser.visit(*_parts(device))


def _parts(device: str) -> tuple[str, int]:
    host, _, port = device.partition(":")
    return host, int(port)


def test_chromium_believes_what_trust_installs_and_forgets_what_it_removes(person: Computer, told: Told, device: str):
    """No database, installed, accepted; removed, refused, and no folder that would shadow another is left."""
    tools.program("chromium")
    words = ("--store", "chromium", "--probe", device)
    person.report("install", told.root, "--yes", *words)
    assert chromium(person, device).accepted
    person.report("remove", told.root, *words)
    assert chromium(person, device) == Verdict(False, "net::ERR_CERT_AUTHORITY_INVALID")
    assert not (person.home / ".pki").exists()


def test_chromium_that_has_been_started_before(person: Computer, told: Told, device: str):
    """Its own database: refused → installed, accepted, also by a profile that knew it untrusted → removed, refused."""
    tools.program("chromium")
    profile = person.home / "profile"
    assert not chromium(person, device, profile).accepted
    made = person.home / ".local" / "share" / "pki" / "nssdb"
    (store,) = person.report("install", told.root, "--yes", "--store", "chromium", "--probe", device)["stores"]
    assert (store["place"], store["what"], store["proof"]) == (str(made), "installed", "probed")
    assert chromium(person, device, profile).accepted
    person.report("remove", told.root, "--store", "chromium")
    assert chromium(person, device, profile).says in UNKNOWN
    assert (made / "cert9.db").exists(), "it is Chromium's, not ours"


def test_chromium_goes_by_the_old_place_where_it_exists_and_so_do_we(person: Computer, told: Told, device: str):
    """Both databases: the one in use is written, the other is reported; real Chromium agrees which is which."""
    tools.program("chromium")
    old, new = person.home / ".pki" / "nssdb", person.home / ".local" / "share" / "pki" / "nssdb"
    for folder in (old, new):
        folder.mkdir(parents=True)
        person.run("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    stores = person.report("install", told.root, "--yes", "--store", "chromium", "--probe", device)["stores"]
    assert [(store["place"], store["what"]) for store in stores] == [(str(old), "installed"), (str(new), "idle")]
    assert str(old) in stores[1]["detail"]
    assert chromium(person, device).accepted
    person.report("remove", told.root, "--store", "chromium")
    assert not chromium(person, device).accepted


def test_firefox_believes_what_trust_installs_and_forgets_what_it_removes(person: Computer, told: Told, device: str):
    """A profile that Firefox made and was never started: refused → installed, accepted → removed, refused."""
    tools.program("firefox-esr")
    profile = person.firefox_profile("press")
    words = ("--store", "firefox", "--probe", device)
    assert firefox(person, profile, device) == Verdict(False, "SEC_ERROR_UNKNOWN_ISSUER")
    person.report("install", told.root, "--yes", *words)
    assert firefox(person, profile, device).accepted
    person.report("remove", told.root, *words)
    assert firefox(person, profile, device) == Verdict(False, "SEC_ERROR_UNKNOWN_ISSUER")


def test_chromium_whose_policy_ignores_imported_roots_is_told_about(person: Computer, told: Told, device: str) -> None:
    """`CAPlatformIntegrationEnabled: false`: the database trusts the root, Chromium refuses, and `install` says why."""
    tools.program("chromium")
    policy = "/etc/chromium/policies/managed/closed.json"
    person.shell(f"mkdir -p /etc/chromium/policies/managed; echo '{CLOSED}' > {policy}")
    stores = person.report("install", told.root, "--yes", "--store", "chromium", "--probe", device, status=1)["stores"]
    assert [(store["what"], store["code"]) for store in stores] == [("installed", ""), ("failed", "store-switched-off")]
    assert policy in stores[1]["detail"]
    with closing(RunningChromium(person.home, person.home.parent / "profile", inside=person.inside)) as browser:
        assert browser.visit(*_parts(device)) == Verdict(False, "net::ERR_CERT_AUTHORITY_INVALID")
