"""Every store of one computer: proved by a device, and given back without a trace."""

from __future__ import annotations

import pytest
from computer import Computer

import tools
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
    """Debian's, NSS, two Firefox profiles, Java: refused → installed, accepted → removed, refused; as it was before."""
    desk.run("update-ca-certificates")  # whatever the machine's own store was still waiting for
    desk.firefox_profile("new")
    desk.run("certutil", "-N", "-d", f"sql:{desk.firefox_profile('used')}", "--empty-password")
    before = desk.listing()
    checked = desk.report("check", told.root, "--probe", device, status=1)
    assert _programs_that(checked, False) == EVERYBODY - {("chromium", "NSS")}, "it has no database yet"

    installed = desk.report("install", told.root, "--yes", "--probe", device)
    assert _programs_that(installed, True) == EVERYBODY
    assert [store["kind"] for store in installed["stores"]] == ["debian", "chromium", "firefox", "firefox", "java"]
    assert desk.listing() != before
    assert desk.report("check", told.root, "--probe", device)["well"]

    removed = desk.report("remove", told.root, "--probe", device)
    assert _programs_that(removed, False) == EVERYBODY - {("chromium", "NSS")}
    assert desk.listing() == before
