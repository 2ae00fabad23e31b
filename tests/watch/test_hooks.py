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
from namespaces import neighbours
from told import tell

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
    missing = [name for name in ("udhcpc", "dnsmasq", "ip") if not shutil.which(name)]
    if missing:
        reason = f"{', '.join(missing)} not installed (scripts/install-peers does)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def test_udhcpc_hook_follows_the_lease(dotlocal: Command, tmp_path: Path) -> None:
    """A lease comes, is renewed, and is another one: a certificate for each address, and none for the renewal."""
    told = tell(tmp_path / "story", dotlocal)
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
def _running(command: list[str], environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        time.sleep(0.5)
        assert process.poll() is None, process.stderr and process.stderr.read()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE)
        if process.stderr:
            process.stderr.close()
