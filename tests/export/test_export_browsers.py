"""The policy files, as they stand, in front of the browsers that they are for."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from handed_files import only
from managed_browsers import chromium, firefox
from private_machine import Machine, machine

from peers.browser import Browser
from peers.chains import leaf, unguarded, world
from peers.children import Scratch
from peers.nss import trust
from peers.server import serving
from tools import program

NAME, ADDRESS, OUTSIDE, PUBLIC = "press-07.local", "192.168.77.7", "www.example.com", "8.8.8.8"
CHROMIUM = "/etc/chromium/policies/managed"
_SHIM = "/usr/local/bin/certutil"
_ASKED = '#!/bin/sh\nid -u >>/home/asked\nexec /usr/bin/certutil "$@"'
pytestmark = pytest.mark.peer


def put(here: Machine, source: Path, folder: str) -> None:
    here.run("install", "-D", "-m", "644", str(source), f"{folder}/{source.name}")


def verdicts(browser: Browser, made, *hosts: str) -> dict[str, bool]:
    """Whether the browser accepts a certificate of the device CA for each of these names."""
    told = {}
    for host in hosts:
        with serving(leaf(made.device, host)) as server:
            told[host] = browser.visit(host, server.port).accepted
            assert bool(server.requests) == told[host]
    return told


def test_chromium_holds_a_root_without_limits_to_those_of_the_policy(handed_open):
    """open root → device CA without guards: by policy its local names are trusted, public ones and addresses not."""
    program("chromium")
    made = unguarded(constrain_root=False)
    with machine("/etc") as here:
        (policy,) = (handed_open / "chrome" / "linux").iterdir()
        put(here, policy, CHROMIUM)
        with closing(chromium(here)) as browser:
            told = verdicts(browser, made, NAME, ADDRESS, "fd00::7", OUTSIDE, PUBLIC, "2001:4860:4860::8888")
    assert told == {
        NAME: True, ADDRESS: True, "fd00::7": True, OUTSIDE: False, PUBLIC: False, "2001:4860:4860::8888": False
    }  # fmt: skip


def test_chromium_would_accept_all_that_without_the_constraints_of_the_policy(handed_open):
    """The same root by CACertificates, which has none: what was refused is accepted, so it was the policy."""
    program("chromium")
    (policy,) = (handed_open / "chrome" / "linux").iterdir()
    (entry,) = json.loads(policy.read_text())["CACertificatesWithConstraints"]
    bare = policy.with_name("bare.json")
    bare.write_text(json.dumps({"CACertificates": [entry["certificate"]]}))
    with machine("/etc") as here:
        put(here, bare, CHROMIUM)
        bare.unlink()
        with closing(chromium(here)) as browser:
            told = verdicts(browser, unguarded(constrain_root=False), NAME, OUTSIDE, PUBLIC)
    assert told == {NAME: True, OUTSIDE: True, PUBLIC: True}


def test_the_policy_also_limits_a_root_that_the_browser_trusts_anyway(handed_open, roots):
    """The open root in the user's own store as well: what the policy does not permit stays refused."""
    program("chromium")
    program("certutil")
    made = unguarded(constrain_root=False)
    with machine("/etc") as here, closing(Scratch()) as scratch:
        trust(roots["open"], scratch.path / ".pki" / "nssdb")
        with closing(chromium(here, scratch.path)) as browser:
            assert verdicts(browser, made, OUTSIDE) == {OUTSIDE: True}
        put(here, only(handed_open, "chrome/linux/*.json"), CHROMIUM)
        with closing(chromium(here, scratch.path)) as browser:
            assert verdicts(browser, made, NAME, OUTSIDE, PUBLIC) == {NAME: True, OUTSIDE: False, PUBLIC: False}


def test_chromium_trusts_nothing_without_the_policy():
    """The same device, a machine without the file: refused."""
    program("chromium")
    with machine("/etc") as here, closing(chromium(here)) as browser:
        assert verdicts(browser, world(constrain_root=True), NAME) == {NAME: False}


def test_firefox_takes_the_root_from_its_policy_and_keeps_it_until_the_script_takes_it_out(handed, tmp_path):
    """policies.json → trusted by name and address, a name outside is not; no policies.json → still trusted, as the list
    says; after the script, refused.
    """
    program("firefox-esr")
    made = world(constrain_root=True)
    with machine("/etc") as here:
        for name in ("policies.json", "*.crt"):
            put(here, only(handed / "firefox" / "linux", name), "/etc/firefox/policies")
        with closing(firefox(here, tmp_path)) as browser:
            told = verdicts(browser, made, NAME, ADDRESS)
            told |= verdicts(browser, unguarded(constrain_root=True), OUTSIDE, PUBLIC)
        assert told == {NAME: True, ADDRESS: True, OUTSIDE: False, PUBLIC: False}
        here.run("rm", "-r", "/etc/firefox/policies")
        with closing(firefox(here, tmp_path)) as browser:
            assert verdicts(browser, made, NAME) == {NAME: True}
        here.run("sh", "-c", f"echo user:x:0:0::{tmp_path}:/bin/sh >>/etc/passwd")
        script = only(handed / "firefox" / "linux", "*-remove.sh")
        profile = tmp_path / ".mozilla" / "firefox" / "abcd.default"
        assert here.run("sh", str(script)).stdout == f"does not have the root any more: {profile}/\n"
        assert here.run("sh", str(script)).stdout == ""
        with closing(firefox(here, tmp_path)) as browser:
            assert verdicts(browser, made, NAME) == {NAME: False}


def test_nobodys_profile_is_opened_by_root(handed, roots):
    """Two people, one script run by root: each profile by its owner, since it names libraries that certutil loads."""
    program("certutil")
    script = only(handed / "firefox" / "linux", "*-remove.sh")
    with machine("/etc", "/home", "/usr/local") as here:
        here.run("sh", "-c", f"echo '{_ASKED}' >{_SHIM}; chmod 755 {_SHIM}; : >/home/asked; chmod 666 /home/asked")
        for number, person in ((4242, "jo"), (4243, "kim")):
            profile = f"/home/{person}/.mozilla/firefox/abcd.default"
            here.run("sh", "-c", f"echo {person}:x:{number}:{number}::/home/{person}:/bin/sh >>/etc/passwd")
            here.run("mkdir", "-p", profile)
            here.run("certutil", "-N", "-d", f"sql:{profile}", "--empty-password")
            here.run("certutil", "-A", "-d", f"sql:{profile}", "-n", "a root", "-t", "C,,", "-i", roots["constrained"])
            here.run("chown", "-R", f"{number}:{number}", f"/home/{person}")
        told = here.run("sh", script, PATH="/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").stdout
        assert [line.split("/")[2] for line in told.splitlines()] == ["jo", "kim"]
        assert set(here.run("cat", "/home/asked").stdout.split()) == {"4242", "4243"}
