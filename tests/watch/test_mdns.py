"""Two devices that claim one name: the certificate of the one that gives way has the name that mDNS answers with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from installed import Command
from namespaces import Host, neighbours
from told import retell

PATIENCE = 60.0
# a host of its own needs a bus of its own, and so a /run of its own
_BRING_UP = """
mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon && hostname press
dbus-daemon --system --nopidfile && avahi-daemon --daemonize --no-drop-root --no-chroot
exec "$@"
"""


@pytest.fixture(autouse=True)
def _programs() -> None:
    missing = [name for name in ("avahi-daemon", "dbus-daemon", "busctl") if not shutil.which(name)]
    if missing:
        reason = f"{', '.join(missing)} not installed (scripts/install-peers does)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def test_the_loser_carries_the_name_that_mdns_answers_with(dotlocal: Command, tmp_path: Path) -> None:
    """Both hosts are called press; Avahi lets one of them be press-2, and its certificate names press-2.local."""
    told = retell(tmp_path / "story", dotlocal)
    with neighbours() as hosts, ExitStack() as running:
        runs = [
            running.enter_context(_watching(dotlocal, told.device(number), at))
            for number, at in zip(("07", "08"), hosts, strict=True)
        ]
        started = time.monotonic()
        while sorted(map(_names, runs)) != [["press-2.local"], ["press.local"]]:
            assert time.monotonic() - started < PATIENCE, [_names(run) for run in runs]
            time.sleep(0.1)


@contextmanager
def _watching(dotlocal: Command, device: Path, at: Host) -> Iterator[Path]:
    (device / "device.toml").write_text("suffixes = false\n")  # no name but that of mDNS
    shutil.rmtree(device / "run")
    places = ["--state", f"{device}/state", "--run", f"{device}/run", "--config", f"{device}/device.toml"]
    words = ["sh", "-c", _BRING_UP, "sh", str(dotlocal.path), "device", "watch", *places]
    # a PID namespace: when the watch ends, so do the daemons that it came with
    command = at.inside("unshare", "--mount", "--pid", "--fork", "--kill-child", *words)
    process = subprocess.Popen(command, env=dotlocal.env(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield device / "run"
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)


def _names(run: Path) -> list[str]:
    try:
        return list(json.loads((run / "current/status.json").read_text())["names"])
    except FileNotFoundError:
        return []
