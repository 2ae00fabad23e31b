"""`device install`: units, an init script and hooks, written below a prefix (an image's root, or this system's)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from dotlocal.core.errors import Refused
from dotlocal.host import files

_COMMAND, _BARE = "@DOTLOCAL@", "@BARE@"


@dataclass(frozen=True, slots=True)
class Part:
    """A file to install: where from (beside `dotlocal.device.system`), where to, and its mode."""

    source: str
    target: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Kit:
    """Files that belong together, and what is left to do once they are there."""

    title: str
    parts: tuple[Part, ...]
    next_steps: str


_ALSO_BOOT = (
    "boot the device from its start-up scripts as well, and look every ten minutes (cron, a timer):"
    " `dotlocal device boot --changed`, or the kit `boot`"
)
KITS = {
    "systemd": Kit(
        "units for systemd: a user that makes certificates, another one that serves",
        (
            Part("dotlocal-watch.service", "usr/lib/systemd/system/dotlocal-watch.service"),
            Part("dotlocal-serve.service", "usr/lib/systemd/system/dotlocal-serve.service"),
            Part("dotlocal-handover.service", "usr/lib/systemd/system/dotlocal-handover.service"),
            Part("dotlocal-handover.path", "usr/lib/systemd/system/dotlocal-handover.path"),
            Part("dotlocal.sysusers", "usr/lib/sysusers.d/dotlocal.conf"),
        ),
        'systemd-sysusers; put group = "dotlocal-tls" into /etc/dotlocal/device.toml;'
        " systemctl enable --now dotlocal-watch; and dotlocal-serve where it is to serve itself, or"
        " dotlocal-handover.path where a web server is to be told as root",
    ),
    "boot": Kit(
        "units for systemd beside hooks: a boot at start, and a look every ten minutes; no resident process",
        (
            Part("dotlocal-boot.service", "usr/lib/systemd/system/dotlocal-boot.service"),
            Part("dotlocal-boot.timer", "usr/lib/systemd/system/dotlocal-boot.timer"),
        ),
        "systemctl enable --now dotlocal-boot.service dotlocal-boot.timer",
    ),
    "acme": Kit(
        "units for systemd beside the others: ACME renewals, with a network and with port 80",
        (
            Part("dotlocal-acme.service", "usr/lib/systemd/system/dotlocal-acme.service"),
            Part("dotlocal-acme.path", "usr/lib/systemd/system/dotlocal-acme.path"),
            Part("dotlocal-acme.timer", "usr/lib/systemd/system/dotlocal-acme.timer"),
            Part("dotlocal-watch-acme.conf", "usr/lib/systemd/system/dotlocal-watch.service.d/acme.conf"),
        ),
        "systemctl daemon-reload; systemctl enable --now dotlocal-acme.path; systemctl restart dotlocal-watch;"
        " or, where no process watches, systemctl enable --now dotlocal-acme.timer",
    ),
    "own": Kit(
        "units for systemd beside the others: the device's pages for its owner's certificate, at port 8443",
        (
            Part("dotlocal-own.service", "usr/lib/systemd/system/dotlocal-own.service"),
            Part("dotlocal-own-front.service", "usr/lib/systemd/system/dotlocal-own-front.service"),
        ),
        "dotlocal device own password; systemctl enable --now dotlocal-own, and dotlocal-own-front where no web server"
        " of the product's leads to the pages",
    ),
    "avahi": Kit(
        "an announcement of the web interface by mDNS, at port 443, so that `dotlocal doctor --all` finds the device",
        (Part("dotlocal-https.avahi", "etc/avahi/services/dotlocal-https.service"),),
        "avahi-daemon sees the file at once; mend its port where the device serves HTTPS on another one",
    ),
    "init": Kit(
        "an init script, for sysvinit and BusyBox",
        (Part("dotlocal.init", "etc/init.d/dotlocal", 0o755),),
        "update-rc.d dotlocal defaults, or a link in /etc/rc.d or /etc/init.d as your image does it",
    ),
    "networkd": Kit(
        "hooks for networkd-dispatcher: no resident process",
        tuple(
            Part("hook-networkd", f"etc/networkd-dispatcher/{state}.d/50-dotlocal", 0o755)
            for state in ("routable", "degraded", "off", "no-carrier", "configured")
        ),
        _ALSO_BOOT,
    ),
    "networkmanager": Kit(
        "a hook for NetworkManager-dispatcher: no resident process",
        (Part("hook-networkmanager", "etc/NetworkManager/dispatcher.d/50-dotlocal", 0o755),),
        _ALSO_BOOT,
    ),
    "udhcpc": Kit(
        "a hook for BusyBox's udhcpc: no resident process",
        (Part("hook-udhcpc", "etc/udhcpc/default.d/50-dotlocal", 0o755),),
        'let your udhcpc script end with: /etc/udhcpc/default.d/50-dotlocal "$1"; ' + _ALSO_BOOT,
    ),
    "dhcpcd": Kit(
        "a hook for dhcpcd: no resident process",
        (Part("hook-dhcpcd", "usr/lib/dhcpcd/dhcpcd-hooks/90-dotlocal"),),
        _ALSO_BOOT,
    ),
}


def install(kits: Sequence[str], prefix: Path, command: str, *, force: bool, bare: str = "") -> Iterator[Path]:
    """Write the files of the kits, and yield each path that is in place afterwards.

    `command` is the command's path there; `bare`, where it is known, does with less (see dotlocal.device.bare).
    Before anything is written it refuses `path-outside`, and unless forced `file-exists` for whatever is there and is
    no file with the same contents.
    """
    wanted = [(prefix / part.target, contents(part, command, bare), part) for name in kits for part in KITS[name].parts]
    for target, text, _ in wanted:
        _check_inside(prefix, target.parent)
        if not force and os.path.lexists(target) and not _holds(target, text):
            raise Refused(
                "file-exists", f"{target} exists already, with other contents",
                hint="compare them; --force replaces it",
            )  # fmt: skip
    for target, text, part in wanted:
        files.folder(str(target.parent))
        files.write(str(target), text.encode(), mode=part.mode)
        yield target


def _check_inside(prefix: Path, folder: Path) -> None:
    """An image's absolute link leads into the machine that builds it."""
    if not folder.resolve().is_relative_to(prefix.resolve()):
        raise Refused(
            "path-outside", f"{folder} leads to {folder.resolve()}, which is not below {prefix}",
            hint="have the image's link be a relative one",
        )  # fmt: skip


def _holds(target: Path, text: str) -> bool:
    return target.is_file() and files.read(str(target)) == text.encode()


def contents(part: Part, command: str, bare: str = "") -> str:
    """The text of a file, with the commands in it."""
    text = (resources.files("dotlocal.device.system") / part.source).read_text()
    return text.replace(_BARE, bare or f"{command} device").replace(_COMMAND, command)


def bare() -> str:
    """What boots, watches and serves in this very installation with the least: no launcher, no `site`."""
    return f"{sys.executable} -I -S {resources.files('dotlocal.device') / 'bare.py'}"
