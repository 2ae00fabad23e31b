"""Every store of one computer: proved by a device, and given back without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

import tools
from computer import Computer, computer
from installed import Command
from told import Told


@pytest.fixture(autouse=True)
def _programs() -> None:
    for name in ("update-ca-certificates", "certutil", "tstclnt", "keytool", "firefox-esr", "chromium", "gnutls-cli"):
        tools.program(name)


def _programs_that(report: dict, accepted: bool) -> set[tuple[str, str]]:
    return {
        (store["kind"], verdict["program"])
        for store in report["stores"]
        for verdict in store["verdicts"]
        if verdict["accepted"] is accepted
    }


EVERYBODY = {
    ("debian", "OpenSSL"), ("debian", "GnuTLS"), ("chromium", "NSS"), ("firefox", "NSS"), ("java", "Java"),
}  # fmt: skip


def test_every_store_of_a_computer_is_proved_and_given_back_without_a_trace(desk: Computer, told: Told, device: str):
    """Debian's, NSS at its old and new place, two Firefox profiles, Java 17: refused → installed, accepted → removed,
    refused, and everything as it was before.
    """
    desk.run("update-ca-certificates")  # whatever the machine's own store was still waiting for
    old, new = desk.home / ".pki" / "nssdb", desk.home / ".local" / "share" / "pki" / "nssdb"
    used, fresh = desk.firefox_profile("used"), desk.firefox_profile("fresh")
    for folder in (old, new, used):
        folder.mkdir(parents=True, exist_ok=True)
        desk.run("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    before = desk.listing()
    checked = desk.report("check", told.root, "--probe", device, status=1)
    assert _programs_that(checked, False) == EVERYBODY

    installed = desk.report("install", told.root, "--yes", "--probe", device)
    assert _programs_that(installed, True) == EVERYBODY
    assert {(store["kind"], store["place"]): (store["what"], store["proof"]) for store in installed["stores"]} == {
        ("debian", "/etc/ssl/certs/ca-certificates.crt"): ("installed", "probed"),
        ("chromium", str(old)): ("installed", "probed"),
        ("chromium", str(new)): ("idle", "read back"),
        ("firefox", str(used)): ("installed", "probed"),
        ("firefox", str(fresh)): ("installed", "probed"),
        ("java", "/etc/ssl/certs/java/cacerts"): ("present", "probed"),  # by the hook of Debian's store
    }
    assert desk.listing() != before
    assert desk.report("check", told.root, "--probe", device)["well"]

    removed = desk.report("remove", told.root, "--probe", device)
    assert _programs_that(removed, False) == EVERYBODY
    assert desk.listing() == before


def test_every_store_is_proved_by_a_device_that_is_known_by_its_address(
    tmp_path: Path, dotlocal: Command, told: Told
) -> None:
    """192.168.77.7, on a network where no name is found."""
    with computer(tmp_path, dotlocal, network=True) as desk:
        desk.run("ip", "address", "add", "192.168.77.7/32", "dev", "lo")
        desk.firefox_profile("press")
        with told.served("07", listen="192.168.77.7:443", before=desk.inside):
            installed = desk.report("install", told.root, "--yes", "--probe", "192.168.77.7")
    assert _programs_that(installed, True) == EVERYBODY


def test_a_removed_root_is_gone_from_java_as_well(desk: Computer, told: Told) -> None:
    """Debian's own command tells Java's hook of roots that come, and not of those that go; we do."""
    desk.report("install", told.root, "--yes", "--store", "system")
    assert desk.report("check", told.root, "--store", "java")["well"]
    desk.report("remove", told.root, "--store", "system")
    (java,) = desk.report("check", told.root, "--store", "java", status=1)["stores"]
    assert java["what"] == "absent"
