"""Stores that can't be written, are locked, broken or somebody else's: told, left as they were, the rest is done."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import roots

import tools
from computer import Computer
from told import Told


@pytest.fixture(autouse=True)
def _programs() -> None:
    for name in ("update-ca-certificates", "certutil", "keytool", "firefox-esr"):
        tools.program(name)


ALL_BUT_FIREFOX = ("--store", "system", "--store", "chromium", "--store", "java")
# another user, who may read what the test has made below root's folders, and write nothing of it
NOBODY = "65534"
_READS = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
AS_NOBODY = ("setpriv", "--reuid", NOBODY, "--clear-groups", *_READS)


def read_only(desk: Computer, folder: str) -> None:
    desk.shell(f"mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}")


@contextmanager
def locked(profile: Path) -> Iterator[None]:
    """The database as a browser in the middle of writing holds it."""
    with closing(sqlite3.connect(profile / "cert9.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield
        holder.execute("ROLLBACK")


def by_place(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """What became of each store, and the code of what went wrong, by its last folder."""
    return {Path(store["place"]).name: (store["what"], store["code"]) for store in report["stores"]}


def database(desk: Computer, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    desk.run("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    return folder


def test_one_read_only_one_locked_one_broken_and_the_rest_is_done(desk: Computer, told: Told, device: str) -> None:
    """Debian's store read-only, a profile locked, one broken; Chromium, another profile and Java are installed."""
    profiles = {name: database(desk, desk.firefox_profile(name)) for name in ("locked", "broken", "well")}
    (profiles["broken"] / "cert9.db").write_bytes(b"SQLite format 3\0 once" * 100)
    database(desk, desk.home / ".pki" / "nssdb")
    read_only(desk, "/usr/local/share/ca-certificates")
    before = desk.shell("find /usr/local/share/ca-certificates /etc/ssl/certs | sort")
    held = {name: (profiles[name] / "cert9.db").read_bytes() for name in ("locked", "broken")}

    with locked(profiles["locked"]):
        report = desk.report("install", told.root, "--yes", "--probe", device, status=1)

    assert by_place(report) == {
        "ca-certificates.crt": ("failed", "file-unwritable"),
        "nssdb": ("installed", ""),
        profiles["locked"].name: ("failed", "store-locked"),
        profiles["broken"].name: ("failed", "store-broken"),
        profiles["well"].name: ("installed", ""),
        "cacerts": ("installed", ""),
    }
    done = [store for store in report["stores"] if store["what"] == "installed"]
    assert all(verdict["accepted"] for store in done for verdict in store["verdicts"])
    assert all(store["proof"] == "probed" for store in done)
    assert all(store["by_hand"] for store in report["stores"] if store["what"] == "failed")
    assert {name: (profiles[name] / "cert9.db").read_bytes() for name in held} == held
    assert desk.shell("find /usr/local/share/ca-certificates /etc/ssl/certs | sort") == before


def test_a_command_that_fails_halfway_leaves_nothing(desk: Computer, told: Told) -> None:
    """Debian's folder takes the file, /etc/ssl/certs takes no bundle: the file is gone again."""
    read_only(desk, "/etc/ssl/certs")
    before = desk.shell("find /usr/local/share/ca-certificates")
    (store,) = desk.report("install", told.root, "--yes", "--store", "system", status=1)["stores"]
    assert (store["what"], store["code"]) == ("failed", "store-command")
    assert desk.shell("find /usr/local/share/ca-certificates") == before


def test_a_profile_with_a_primary_password_is_left_as_it_was(desk: Computer, told: Told) -> None:
    """NSS would keep the certificate and refuse its trust; the browser's own settings are the way."""
    profile = desk.firefox_profile("secret")
    (desk.home / "password").write_text("correct horse battery\n")
    desk.run("certutil", "-N", "-d", f"sql:{profile}", "-f", desk.home / "password")
    before = desk.listing()["databases"]
    (store,) = desk.report("install", told.root, "--yes", "--store", "firefox", status=1)["stores"]
    assert (store["what"], store["code"]) == ("failed", "store-password")
    assert desk.listing()["databases"] == before


def test_a_keystore_with_another_password_is_opened_when_it_is_given(desk: Computer, told: Told) -> None:
    """`changeit` fails, changes nothing and says which option; with the option it is installed and removed."""
    cacerts, password = "/etc/ssl/certs/java/cacerts", desk.home / "password"
    password.write_text("correct horse\n")
    desk.run("keytool", "-storepasswd", "-keystore", cacerts, "-storepass", "changeit", "-new", "correct horse")
    before = desk.run("sha256sum", cacerts)
    (store,) = desk.report("install", told.root, "--yes", "--store", "java", status=1)["stores"]
    assert (store["what"], store["code"]) == ("failed", "store-password")
    assert "--java-password-file" in store["hint"]
    assert desk.run("sha256sum", cacerts) == before
    words = ("--store", "java", "--java-password-file", password)
    (store,) = desk.report("install", told.root, "--yes", *words)["stores"]
    assert store["what"] == "installed"
    (store,) = desk.report("remove", told.root, *words)["stores"]
    assert (store["what"], store["trusted"]) == ("removed", False)


def test_what_somebody_else_has_put_there_is_told_and_left(desk: Computer, told: Told) -> None:
    """The same root under another name counts as trusted; `remove` leaves it and says so, `remove --all` doesn't."""
    folder = database(desk, desk.home / ".pki" / "nssdb")
    desk.run("certutil", "-A", "-d", f"sql:{folder}", "-n", "by hand", "-t", "C,,", "-i", told.root)
    only = ("--store", "chromium")
    (store,) = desk.report("install", told.root, "--yes", *only)["stores"]
    assert (store["what"], store["trusted"]) == ("present", True)
    assert "by hand" in store["detail"]
    (store,) = desk.report("remove", told.root, *only, status=1)["stores"]
    assert (store["what"], store["trusted"]) == ("present", True)
    assert "--all" in store["hint"]
    (store,) = desk.report("remove", told.root, *only, "--all")["stores"]
    assert (store["what"], store["trusted"]) == ("removed", False)


def test_another_installer_and_ours_get_along(desk: Computer, told: Told) -> None:
    """mkcert has put the same root into Debian's store, NSS and Java: found, left, then taken out when told to."""
    tools.program("mkcert")
    database(desk, desk.home / ".pki" / "nssdb")
    desk.run("update-ca-certificates")
    before = desk.listing()
    authority = desk.home.parent / "authority"
    authority.mkdir()
    (authority / "rootCA.pem").write_bytes(told.root.read_bytes())
    desk.shell(f"JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64 CAROOT={authority} mkcert -install")
    stores = desk.report("check", told.root, *ALL_BUT_FIREFOX)["stores"]
    assert all(store["trusted"] and "by somebody else" in store["detail"] for store in stores), stores
    desk.report("remove", told.root, *ALL_BUT_FIREFOX, status=1)
    desk.report("remove", told.root, *ALL_BUT_FIREFOX, "--all")
    assert desk.listing() == before


def test_a_database_that_its_owner_has_used_meanwhile_stays(desk: Computer, told: Told) -> None:
    """Made by `trust install`, then another certificate came: the root goes, the rest is not ours any more."""
    desk.report("install", told.root, "--yes", "--store", "chromium")
    folder = desk.home / ".local" / "share" / "pki" / "nssdb"
    (desk.home / "other.pem").write_bytes(roots.pem(roots.make(*roots.LOCAL, name="Somebody Else's")))
    desk.run("certutil", "-A", "-d", f"sql:{folder}", "-n", "other", "-t", "C,,", "-i", desk.home / "other.pem")
    desk.report("remove", told.root, "--store", "chromium")
    assert sorted(path.name for path in folder.iterdir()) == ["cert9.db", "key4.db", "pkcs11.txt"]
    assert "other" in desk.run("certutil", "-L", "-d", f"sql:{folder}")


def test_a_root_that_somebody_distrusts_stays_distrusted(desk: Computer, told: Told) -> None:
    """Held with trust `p,p,p`: that was a decision, and not ours to undo."""
    folder = database(desk, desk.home / ".pki" / "nssdb")
    desk.run("certutil", "-A", "-d", f"sql:{folder}", "-n", "never", "-t", "p,p,p", "-i", told.root)
    before = desk.listing()["databases"]
    (store,) = desk.report("install", told.root, "--yes", "--store", "chromium", status=1)["stores"]
    assert (store["what"], store["code"]) == ("failed", "store-distrusts")
    assert desk.listing()["databases"] == before


def test_a_fingerprint_is_enough_to_remove(desk: Computer, told: Told) -> None:
    """Without the file, which nobody has kept: found in the stores; and removing what isn't there is fine."""
    database(desk, desk.home / ".pki" / "nssdb")
    root = desk.report("install", told.root, "--yes", "--store", "chromium")["root"]
    (store,) = desk.report("remove", root["fingerprint_sha256"].lower(), "--user-only")["stores"]
    assert (store["what"], store["trusted"]) == ("removed", False)
    (store,) = desk.report("remove", root["fingerprint_sha256"].replace(":", ""), "--user-only")["stores"]
    assert store["what"] == "absent"


def test_without_root_the_systems_stores_are_told_about_with_the_commands(desk: Computer, told: Told) -> None:
    """As somebody else than root: the person's own stores are done, the rest is printed; those commands do it."""
    database(desk, desk.home / ".pki" / "nssdb")
    desk.firefox_profile("press")
    desk.shell(f"chown -R {NOBODY} {desk.home}; mount --bind {desk.home} /mnt")  # below folders that are root's alone
    person = Computer(Path("/mnt"), desk.dotlocal, (*desk.inside, *AS_NOBODY))
    report = person.report("install", told.root, "--yes", status=1)
    assert {store["kind"]: store["what"] for store in report["stores"]} == {
        "debian": "unreached", "chromium": "installed", "firefox": "installed", "java": "unreached",
    }  # fmt: skip
    assert person.report("check", told.root, "--user-only")["well"]
    for command in report["stores"][0]["by_hand"]:
        desk.shell(command.removeprefix("sudo "))
    assert person.report("check", told.root)["well"], "Java has followed the system's store"
    report = person.report("remove", told.root, status=1)
    for command in (command for store in report["stores"] for command in store["by_hand"]):
        desk.shell(command.removeprefix("sudo ").replace("keytool", "keytool -storepass changeit"))
    assert not any(store["trusted"] for store in person.report("check", told.root, status=1)["stores"])


def test_a_database_that_could_not_be_filled_is_not_left_behind(desk: Computer, told: Told) -> None:
    """`certutil` makes it and then fails to add: database, mark and folders go again."""
    failing = desk.home.parent / "certutil"
    failing.write_text('#!/bin/sh\n[ "$1" != -A ] || exit 255\nexec /usr/bin/certutil "$@"\n')
    failing.chmod(0o755)
    path = f"{failing.parent}:{desk.dotlocal.env()['PATH']}"
    (store,) = desk.report("install", told.root, "--yes", "--store", "chromium", status=1, PATH=path)["stores"]
    assert (store["what"], store["code"]) == ("failed", "store-command")
    assert list(desk.home.iterdir()) == []


def test_a_firefox_without_a_profile_is_told(desk: Computer, told: Told) -> None:
    """Installed and never started: there is nothing to write to, and nobody is told that all is well."""
    (store,) = desk.report("install", told.root, "--yes", "--store", "firefox", status=1)["stores"]
    assert (store["kind"], store["what"], store["code"]) == ("firefox", "failed", "store-no-profile")


def test_an_interruption_leaves_nothing(desk: Computer, told: Told) -> None:
    """Ctrl-C while the system's command is at work: the file is gone again, and the bundle is without it."""
    slow = desk.home.parent / "update-ca-certificates"
    slow.write_text('#!/bin/sh\ntouch $0.started\n/usr/sbin/update-ca-certificates "$@"\nsleep 1\n')
    slow.chmod(0o755)
    before = desk.shell("find /usr/local/share/ca-certificates /etc/ssl/certs -name '*dotlocal*'")
    environment = desk.dotlocal.env(HOME=str(desk.home))
    environment["PATH"] = f"{slow.parent}:{environment['PATH']}"
    words = ["trust", "install", told.root, "--yes", "--store", "system"]
    with subprocess.Popen([*desk.inside, desk.dotlocal.path, *words], env=environment, stderr=subprocess.PIPE) as child:
        while not Path(f"{slow}.started").exists():
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode == 130
    assert desk.shell("find /usr/local/share/ca-certificates /etc/ssl/certs -name '*dotlocal*'") == before
    assert not desk.report("check", told.root, "--store", "system", status=1)["stores"][0]["trusted"]
