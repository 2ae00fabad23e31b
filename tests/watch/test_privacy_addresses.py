"""IPv6 as a router announces it: the kernel makes addresses of its own, and replaces those for privacy (RFC 8981).

Nobody tells a hook of that: `watch` hears it from the kernel, and a timer's look finds it.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from followers import PATIENCE, PRIVACY, SOON, UDHCPC, WATCH, following

from installed import Command
from namespaces import Host, neighbours
from told import retell
from tools import program

# A new privacy address every few seconds, which lives for 14; two of them are the least that a host has at a time.
_SETTINGS = {"use_tempaddr": 2, "max_desync_factor": 0, "temp_prefered_lft": 8, "temp_valid_lft": 14}
_LOOK_SECONDS = 1.0  # a device's timer takes ten minutes; a test doesn't
_WATCHED_SECONDS = 18.0  # long enough for the first one to go
_ANNOUNCER = ("--keep-in-foreground", "--port=0", "--bind-interfaces", "--conf-file=/dev/null", "--enable-ra")


@pytest.mark.long
@pytest.mark.parametrize("by", [WATCH, UDHCPC])
def test_follows_privacy_addresses(dotlocal: Command, tmp_path: Path, by: str) -> None:
    """Whatever address has been usable for two seconds is named, and none that has been gone for as long."""
    told = retell(tmp_path / "story", dotlocal)
    bar = SOON if by == WATCH else SOON + _LOOK_SECONDS
    with (
        neighbours() as (router, device),
        following(told, tmp_path, device, by) as follower,
        _announced(router, device),
    ):
        since: dict[str, float] = {}
        gone: dict[str, float] = {}
        looked = started = time.monotonic()
        while time.monotonic() - started < _WATCHED_SECONDS:
            time.sleep(0.1)
            named, now, usable = follower.addresses, time.monotonic(), _usable(device)
            for each in since.keys() - usable:
                gone[each] = now
                del since[each]
            for each in usable:
                since.setdefault(each, now)
            assert {each for each, seen in since.items() if now - seen > bar} <= named
            assert not {each for each, seen in gone.items() if now - seen > bar} & named
            if by != WATCH and now - looked > _LOOK_SECONDS:
                follower.script(f'tell "{PRIVACY}" lan0')
                looked = time.monotonic()
    assert len(since) >= 3, "one stable address and two temporary ones"
    assert gone, "and some had their time"


def _usable(device: Host) -> set[str]:
    """What the kernel has beneath the announced prefix, and has found unique."""
    listed = subprocess.run(["ip", "-n", device.name, "-j", "-6", "addr"], check=True, capture_output=True).stdout
    found = [entry for link in json.loads(listed) for entry in link.get("addr_info", ())]
    return {
        entry["local"] for entry in found if entry.get("local", "").startswith("fd00:7:") and not entry.get("tentative")
    }


@contextmanager
def _announced(router: Host, device: Host) -> Iterator[None]:
    for name, value in _SETTINGS.items():
        setting = f"echo {value} > /proc/sys/net/ipv6/conf/{device.device}/{name}"
        subprocess.run(device.inside("sh", "-c", setting), check=True, timeout=PATIENCE)
    router.ip("addr", "add", "fd00:7::1/64", "dev", router.device)
    prefix = ["--dhcp-range=fd00:7::,ra-only,64,2m", f"--ra-param={router.device},4,60", "--dhcp-leasefile=/dev/null"]
    words = [program("dnsmasq"), *_ANNOUNCER, *prefix, f"--interface={router.device}"]
    process = subprocess.Popen(router.inside(*words), stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
