"""A device in a namespace of its own, whose certificates follow the network: by `watch`, or by hooks alone.

Hooks are called as the daemon calls them that they are for, with its words and its environment; WHO_TELLS says for
which changes that is. What nobody tells, the look finds that the timer of the kit `boot` takes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotlocal.device.install import install
from namespaces import Host
from told import Told

SOON = 2.0  # seconds after the last change: the bar of the issue
PATIENCE = 20.0  # what a test waits on a loaded machine before it calls something missing

# Kinds of change, in the words of docs/integrator.md, which has the same table.
LEASE, LOST, LINK, PREFIX, PRIVACY, NAME, BY_HAND = (
    "an address by DHCP comes or changes", "its lease ends", "an interface comes or goes",
    "an IPv6 prefix is announced or withdrawn", "an IPv6 privacy address is replaced", "the host name changes",
    "an address is set by hand",
)  # fmt: skip
WATCH, NETWORKD, NETWORKMANAGER, UDHCPC, DHCPCD = "watch", "networkd", "networkmanager", "udhcpc", "dhcpcd"
HOOKS = (NETWORKD, NETWORKMANAGER, UDHCPC, DHCPCD)
# What a daemon says to its hook: operational or administrative state, action, event, reason. No entry: it says nothing.
WHO_TELLS: dict[str, dict[str, str]] = {
    LEASE: {NETWORKD: "configured", NETWORKMANAGER: "dhcp4-change", UDHCPC: "bound", DHCPCD: "BOUND"},
    LOST: {NETWORKD: "degraded", NETWORKMANAGER: "down", UDHCPC: "deconfig", DHCPCD: "EXPIRE"},
    LINK: {NETWORKD: "routable", NETWORKMANAGER: "up", UDHCPC: "bound", DHCPCD: "REBOOT"},
    PREFIX: {DHCPCD: "ROUTERADVERT"},
    PRIVACY: {},
    NAME: {NETWORKMANAGER: "hostname"},
    BY_HAND: {},
}
_TARGETS = {
    NETWORKD: "etc/networkd-dispatcher/{word}.d/50-dotlocal",
    NETWORKMANAGER: "etc/NetworkManager/dispatcher.d/50-dotlocal",
    UDHCPC: "etc/udhcpc/default.d/50-dotlocal",
    DHCPCD: "usr/lib/dhcpcd/dhcpcd-hooks/90-dotlocal",
}
# The words of hooks with `--quiet` taken out, so that each issue is a line in the log, as with `watch`.
_COMMAND = """#!/bin/sh
for word; do shift; [ "$word" = --quiet ] || set -- "$@" "$word"; done
exec {command} "$@" 2>>{log}
"""


class Follower(ABC):
    """The device, its namespace, and what its certificates name."""

    def __init__(self, told: Told, folder: Path, at: Host) -> None:
        self.folder = folder
        self.host = at
        self.command = told.command
        self.log = folder / "log"
        self.log.touch()
        self.places = ["--state", f"{folder}/state", "--run", f"{folder}/run", "--config", f"{folder}/device.toml"]

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "run/current/status.json").read_text())
        return found

    @property
    def addresses(self) -> set[str]:
        return set(self.status["addresses"])

    @property
    def issues(self) -> int:
        """How many sets there have been: every issue is one line on stderr."""
        return self.log.read_text().count("issued for")

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> float:
        """Seconds until the status is as wanted."""
        started = time.monotonic()
        while not wanted(self.status):
            assert time.monotonic() - started < PATIENCE, (self.status, self.log.read_text())
            time.sleep(0.01)
        return time.monotonic() - started

    def has(self, *addresses: str) -> float:
        """Seconds until all of them are named."""
        return self.until(lambda status: set(addresses) <= set(status["addresses"]))

    def has_not(self, address: str) -> float:
        """Seconds until it is not named any more."""
        return self.until(lambda status: address not in status["addresses"])

    def settle(self) -> None:
        """Wait until the interface has its link-local address, and all that is heard of is dealt with."""
        time.sleep(2.5)
        self.script("tell nothing lan0")
        self.until(lambda status: any(address.startswith("fe80:") for address in status["addresses"]))
        time.sleep(0.5)

    def script(self, text: str, *words: str) -> None:
        """Shell in the namespace, in which `tell KIND INTERFACE` is what its daemon does after a change."""
        command = self.host.inside("sh", "-c", f"hostname press\n{self.telling()}\n{text}", "sh", *words)
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr

    def environment(self) -> dict[str, str]:
        run = {"DOTLOCAL_STATE": f"{self.folder}/state", "DOTLOCAL_RUN": f"{self.folder}/run"}
        return {**self.command.env(), **run}

    def change(self, kind: str, *ip: str, device: str = "lan0") -> None:
        """One change by `ip`, and what follows from it."""
        self.script(f'ip "$@" && tell "{kind}" {device}', *ip)

    @abstractmethod
    def telling(self) -> str:
        """The shell function `tell`."""


class Watched(Follower):
    """It hears everything from the kernel."""

    process: subprocess.Popen[bytes]

    def telling(self) -> str:
        return "tell() { :; }"


class Hooked(Follower):
    """No process of ours; a hook is called, or, where nobody tells, the timer's look is taken."""

    def __init__(self, told: Told, folder: Path, at: Host, by: str) -> None:
        super().__init__(told, folder, at)
        self._by = by
        self._command = folder / "dotlocal"
        self._command.write_text(_COMMAND.format(command=told.command.path, log=self.log))
        self._command.chmod(0o755)
        list(install([by], folder / "image", str(self._command), force=False))

    def telling(self) -> str:
        cases = [
            f'"{kind}") {self._call(words[self._by])} ;;' for kind, words in WHO_TELLS.items() if self._by in words
        ]
        look = f"*) {self._command} device boot --changed --quiet </dev/null >/dev/null & ;;"
        return "\n".join(['tell() { case "$1" in', *cases, look, "esac; }"])

    def _call(self, word: str) -> str:
        hook = self.folder / "image" / _TARGETS[self._by].format(word=word)
        assert hook.exists(), hook
        return {
            NETWORKD: f'IFACE="$2" STATE={word} {hook}',
            NETWORKMANAGER: f'{hook} "$2" {word}',
            UDHCPC: f'interface="$2" {hook} {word}',
            # dhcpcd-run-hooks is a shell of its own that sources them
            DHCPCD: f"interface=\"$2\" reason={word} sh -c '. {hook}'",
        }[self._by]


@contextmanager
def following(told: Told, folder: Path, at: Host, by: str = WATCH, settings: str = "") -> Iterator[Follower]:
    """A copy of press-07 with its first certificates, and what keeps them right from then on."""
    shutil.copytree(told.device("07") / "state", folder / "state")
    (folder / "device.toml").write_text(settings)
    if by != WATCH:
        hooked = Hooked(told, folder, at, by)
        hooked.script(f"{hooked._command} device boot {' '.join(hooked.places)}")
        yield hooked
        return
    with watching(told, folder, at) as watched:
        yield watched


@contextmanager
def watching(told: Told, folder: Path, at: Host) -> Iterator[Watched]:
    """`device watch` with the state and settings of a folder, from its first certificates on."""
    watched = Watched(told, folder, at)
    words = [str(told.command.path), "device", "watch", *watched.places]
    # a /run of its own, as machines have: this one's is everybody's, and what appears in it is an event
    script = 'hostname press; mount -t tmpfs tmpfs /run; exec "$@"'
    command = at.inside("sh", "-c", script, "sh", *words)
    with watched.log.open("wb") as log:
        watched.process = subprocess.Popen(command, env=told.command.env(), stderr=log)
    try:
        started = time.monotonic()
        while not (folder / "run/current/status.json").exists():
            assert time.monotonic() - started < PATIENCE
            assert watched.process.poll() is None, watched.log.read_text()
            time.sleep(0.02)
        yield watched
    finally:
        watched.process.terminate()
        assert watched.process.wait(timeout=PATIENCE) == 0
