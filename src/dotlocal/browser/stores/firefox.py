"""The profiles of Firefox and its relatives on Linux: each has an NSS database of its own."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator

from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import nss
from dotlocal.core.errors import Refused
from dotlocal.host import files

KIND = "firefox"
PROGRAMS = ("firefox", "firefox-esr", "librewolf")
_MOST_INI = 1 << 20
_MOST_PROFILES = 100


def roots(machine: Machine) -> list[str]:
    """Every folder in which a `profiles.ini` may stand: the classic one, XDG from Firefox 147 on, snap, flatpak."""
    configuration = machine.xdg("XDG_CONFIG_HOME", ".config")
    snap = machine.at_home("snap", "firefox", "common")
    found = [
        machine.at_home(".mozilla", "firefox"),
        os.path.join(configuration, "mozilla", "firefox"),
        os.path.join(snap, ".mozilla", "firefox"),
        os.path.join(snap, ".config", "mozilla", "firefox"),
        machine.at_home(".librewolf"),
        os.path.join(configuration, "librewolf", "librewolf"),
    ]
    for name, old, new in (
        ("org.mozilla.firefox", ".mozilla/firefox", "config/mozilla/firefox"),
        ("io.gitlab.librewolf-community", ".librewolf", "config/librewolf/librewolf"),
    ):
        box = machine.at_home(".var", "app", name)
        found += [os.path.join(box, old), os.path.join(box, new)]
    return found


def find(machine: Machine) -> tuple[list[nss.Database], list[Refused]]:
    """The profiles that are listed and there, and what went wrong with a list."""
    found: dict[str, nss.Database] = {}
    troubles = []
    for root in roots(machine):
        try:
            for folder in profiles(root):
                if os.path.isdir(folder):
                    found.setdefault(os.path.realpath(folder), nss.Database(machine, folder, KIND))
        except Refused as refused:
            troubles.append(refused)
    return list(found.values())[:_MOST_PROFILES], troubles


def missing(machine: Machine) -> Refused | None:
    """Told where a Firefox is installed and nobody has started it: there is no profile to put a root into."""
    boxes = (machine.at_home("snap", "firefox"), machine.at_home(".var", "app", "org.mozilla.firefox"))
    installed = any(machine.run.find(name) for name in PROGRAMS) or any(os.path.isdir(box) for box in boxes)
    if not machine.system.startswith("linux") or not installed or machine.by_sudo:
        return None
    return Refused(
        "store-no-profile", "Firefox is installed and has no profile yet",
        hint="start it once, close it, and run this again; for everybody on this computer, use its policies.json",
    )  # fmt: skip


def profiles(root: str) -> Iterator[str]:
    """The folders that the `profiles.ini` of a root lists; nothing when there is none. Refuses `store-broken`."""
    path = os.path.join(root, "profiles.ini")
    try:
        text = files.read(path, most=_MOST_INI).decode("utf-8", "replace")
    except Refused as refused:
        if refused.code == "file-missing":
            return
        raise
    ini = configparser.RawConfigParser(strict=False)
    try:
        ini.read_string(text)
    except configparser.Error as error:
        first = str(error).splitlines()[0]
        raise Refused("store-broken", f"{path} can't be read: {first}", hint="Firefox makes it anew") from None
    for name in ini.sections():
        section = ini[name]
        folder = section.get("Path", "")
        if name.startswith("Profile") and folder and "\0" not in folder:
            yield os.path.join(root, folder) if section.get("IsRelative", "1") != "0" else folder
