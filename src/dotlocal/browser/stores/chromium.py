"""Where Chromium and its relatives on Linux keep the roots that a person imports, and which of two places counts."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import nss
from dotlocal.core.errors import Refused
from dotlocal.host import files

KIND = "chromium"
PROGRAMS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser",
    "vivaldi", "vivaldi-stable", "opera",
)  # fmt: skip
FLATPAKS = (
    "org.chromium.Chromium", "com.google.Chrome", "com.microsoft.Edge", "com.brave.Browser", "com.vivaldi.Vivaldi",
    "com.opera.Opera", "io.github.ungoogled_software.ungoogled_chromium",
)  # fmt: skip
POLICIES = (
    "/etc/chromium/policies/managed", "/etc/opt/chrome/policies/managed", "/etc/opt/edge/policies/managed",
    "/etc/brave/policies/managed",
)  # fmt: skip
_MOST_POLICIES = 200
_MOST_OCTETS = 1 << 20
FIRST_WITH_NEW_PLACE = 146  # docs/linux/cert_management.md of Chromium
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Places:
    """The two places of one installation: until 145, and from 146 on where the old one does not exist."""

    old: str
    new: str


def find(machine: Machine, *, wanted: bool = False) -> list[nss.Database]:
    """The databases of every Chromium that is here: those in use first. One that no browser has made yet is found where
    there is a browser, or when it is `wanted`.
    """
    installed = next((program for program in PROGRAMS if machine.run.find(program)), "")
    if machine.by_sudo and not wanted:
        installed = ""  # root's own Chromium is nobody's: what exists is looked at, and nothing made
    native = Places(
        machine.at_home(".pki", "nssdb"), os.path.join(machine.xdg("XDG_DATA_HOME", ".local/share"), "pki", "nssdb")
    )
    found = _of(machine, native, present=bool(installed) or wanted, program=installed)
    for places in _boxed(machine):
        found += _of(machine, places, present=True, program="")
    return found


def _of(machine: Machine, places: Places, *, present: bool, program: str) -> list[nss.Database]:
    # measured with 156: the folder alone decides, also an empty one, and XDG_DATA_HOME moves the new place
    old, new = os.path.isdir(places.old), nss.exists(places.new)
    if old:
        found = [nss.Database(machine, places.old, KIND)]
        if new:
            found.append(nss.Database(machine, places.new, KIND, idle=f"{places.old} exists, and goes before it"))
        return found
    if new:
        return [nss.Database(machine, places.new, KIND)]
    if not present:
        return []
    # a browser of before that version knows the old place alone, and newer ones take it where it exists
    known = version(machine, program) if program else None
    first = places.old if known and known < FIRST_WITH_NEW_PLACE else places.new
    return [nss.Database(machine, first, KIND)]


def _boxed(machine: Machine) -> list[Places]:
    """Snap and flatpak give a browser a home of its own."""
    found = []
    snap = machine.at_home("snap", "chromium", "current")
    if os.path.isdir(snap):
        found.append(_below(snap, os.path.join(snap, ".local", "share")))
    for name in FLATPAKS:
        box = machine.at_home(".var", "app", name)
        if os.path.isdir(box):
            found.append(_below(box, os.path.join(box, "data")))
    return found


def _below(home: str, data: str) -> Places:
    return Places(os.path.join(home, ".pki", "nssdb"), os.path.join(data, "pki", "nssdb"))


def switched_off(machine: Machine) -> Refused | None:
    """Told where a policy of the administrator makes Chromium look into no such database at all."""
    for folder in POLICIES:
        try:
            names = sorted(os.listdir(machine.path(folder)))[:_MOST_POLICIES]
        except OSError:
            continue
        for name in names:
            path = f"{folder}/{name}"
            if name.endswith(".json") and _policies(machine.path(path)).get("CAPlatformIntegrationEnabled") is False:
                return Refused(
                    "store-switched-off", f"{path} says that imported roots are ignored (CAPlatformIntegrationEnabled)",
                    hint="have the administrator change that, or hand out the root by policy: `dotlocal trust export`",
                )  # fmt: skip
    return None


def _policies(path: str) -> dict[str, object]:
    try:
        found = json.loads(files.read(path, most=_MOST_OCTETS))
    except (Refused, ValueError, RecursionError):
        return {}  # Chromium passes over what it can't read, too
    return found if isinstance(found, dict) else {}


def version(machine: Machine, program: str) -> int | None:
    """The major version that a browser says it has."""
    try:
        ran = machine.run([program, "--version"], seconds=_SECONDS)
    except Refused:
        return None
    match = re.search(r"\b(\d{2,4})\.\d+\.\d+\.\d+", ran.out)
    return int(match[1]) if match else None
