"""Hooks instead of a resident process: real DHCP clients run ours, and the certificate follows the lease.

The other daemons need a system bus and an init, which a test has not: test_followers.py calls their hooks as they do.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dotlocal.device.install import install
from installed import Command
from namespaces import Host, neighbours
from told import retell

PATIENCE = 30.0
# What an image's own script does: set the address, and then call the hook.
_SCRIPT = """#!/bin/sh
case "$1" in
bound | renew) ip addr replace "$ip/24" dev "$interface" ;;
deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
esac
echo "$1 $ip" >> {log}
exec {hook} "$1"
"""
# Nothing of this machine's may be touched: neither its leases, nor what its own hooks write.
_DHCPCD = """
mount -t tmpfs tmpfs /run; mount -t tmpfs -o mode=755 tmpfs /var/lib/dhcpcd
mount --bind "$1" /usr/lib/dhcpcd/dhcpcd-hooks
exec dhcpcd -B -f /dev/null --nodelay --noarp --noipv4ll "$2"
"""
_CLIENT = ("udhcpc", "-f", "-q", "-n", "-t", "10", "-T", "1")
_SERVER = (
    "dnsmasq",
    "--keep-in-foreground",
    "--port=0",
    "--bind-interfaces",
    "--conf-file=/dev/null",
    "--dhcp-authoritative",
)


@pytest.fixture(autouse=True)
def _programs() -> None:
    missing = [name for name in ("udhcpc", "dhcpcd", "dnsmasq", "ip") if not shutil.which(name)]
    if missing:
        reason = f"{', '.join(missing)} not installed (scripts/install-peers does)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def test_udhcpc_hook_follows_the_lease(dotlocal: Command, tmp_path: Path) -> None:
    """A lease comes, is renewed, and is another one: a certificate for each address, and none for the renewal."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    (device / "device.toml").write_text("")
    list(install(["udhcpc"], tmp_path / "image", str(dotlocal.path), force=False))
    hook, script, log = tmp_path / "image/etc/udhcpc/default.d/50-dotlocal", tmp_path / "script", tmp_path / "log"
    script.write_text(_SCRIPT.format(hook=hook, log=log))
    script.chmod(0o755)
    environment = {**dotlocal.env(), "DOTLOCAL_STATE": f"{device}/state", "DOTLOCAL_RUN": f"{device}/run"}
    with neighbours() as (server, client):
        client.ip("addr", "flush", "dev", client.device)
        ask = client.inside(*_CLIENT, "-i", client.device, "-s", str(script))
        for address in ("10.9.0.77", "10.9.0.99"):
            leases = tmp_path / f"leases-{address}"
            offer = (*_SERVER, f"--dhcp-leasefile={leases}", f"--dhcp-range={address},{address},2m")
            with _running(server.inside(*offer, f"--interface={server.device}"), environment):
                subprocess.run(ask, env=environment, check=True, timeout=PATIENCE, capture_output=True)
            _until(device, lambda status, wanted=address: _public(status) == [wanted])
        before = _status(device)["serial"]
        renewed = {**environment, "interface": client.device, "ip": "10.9.0.99"}
        subprocess.run(client.inside(str(script), "renew"), env=renewed, check=True, timeout=PATIENCE)
        time.sleep(1.5)
        assert _status(device)["serial"] == before
    assert [line.split()[0] for line in log.read_text().splitlines()].count("bound") == 2


def test_dhcpcd_hook_follows_leases_and_prefixes(dotlocal: Command, tmp_path: Path) -> None:
    """dhcpcd runs ours, for DHCP and for what a router announces: both are named, another of each, none."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    (device / "device.toml").write_text("")
    command = tmp_path / "dotlocal"  # dhcpcd empties the environment of its hooks
    places = f"--state {device}/state --run {device}/run --config {device}/device.toml"
    command.write_text(f'#!/bin/sh\nexec {dotlocal.path} "$@" {places}\n')
    command.chmod(0o755)
    list(install(["dhcpcd"], tmp_path / "image", str(command), force=False))
    hooks = tmp_path / "image/usr/lib/dhcpcd/dhcpcd-hooks"
    with neighbours() as (router, client):
        client.ip("addr", "flush", "dev", client.device)
        words = ["sh", "-c", _DHCPCD, "sh", str(hooks), client.device]
        with _running(client.inside(*words), dotlocal.env()) as dhcpcd:
            with _routing(router, "10.9.0.77", "fd00:7::", tmp_path):
                _until(device, lambda status: "10.9.0.77" in _public(status) and _beneath(status, "fd00:7:"))
            with _routing(router, "10.9.0.99", "fd00:8::", tmp_path):
                dhcpcd.send_signal(signal.SIGHUP)  # to rebind
                _until(device, lambda status: "10.9.0.99" in _public(status) and _beneath(status, "fd00:8:"))
                assert "10.9.0.77" not in _public(_status(device))
                dhcpcd.send_signal(signal.SIGALRM)  # to release
                _until(device, lambda status: not _public(status))


@contextmanager
def _routing(router: Host, address: str, prefix: str, folder: Path) -> Iterator[None]:
    """A router that has one lease to give, and announces one prefix."""
    router.ip("addr", "replace", f"{prefix}1/64", "dev", router.device)
    leases = f"--dhcp-leasefile={folder}/leases-{address}"
    ranges = [f"--dhcp-range={address},{address},2m", f"--dhcp-range={prefix},ra-only,64,2m"]
    announced = ["--enable-ra", f"--ra-param={router.device},4,60", f"--interface={router.device}"]
    with _running(router.inside(*_SERVER, leases, *ranges, *announced), {"PATH": os.environ["PATH"]}):
        yield


def _beneath(status: dict[str, Any], prefix: str) -> bool:
    return any(address.startswith(prefix) for address in status["addresses"])


def _public(status: dict[str, Any]) -> list[str]:
    return [address for address in status["addresses"] if not address.startswith("fe80:")]


def _until(device: Path, wanted: Callable[[dict[str, Any]], bool]) -> None:
    started = time.monotonic()
    while not wanted(_status(device)):
        assert time.monotonic() - started < PATIENCE, _status(device)
        time.sleep(0.05)


def _status(device: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((device / "run/current/status.json").read_text())
    return found


@contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        time.sleep(0.5)
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)
        if process.stderr:
            process.stderr.close()
