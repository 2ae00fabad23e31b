"""A served process can't read `state/`: tried by the users that `device install systemd` lays out, on real paths.

The machine that it is tried on is this one, with /etc, /run and /var/lib of its own.
"""

from __future__ import annotations

import configparser
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dotlocal.device.install import install
from installed import PROJECT, Command, private_mounts
from told import retell
from tools import file, program

_LAYOUT = r"""
set -e
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
systemd-sysusers "$1/image/usr/lib/sysusers.d/dotlocal.conf"
# what StateDirectory= and RuntimeDirectory= of the unit make
install -d -m 0700 -o dotlocal -g dotlocal /var/lib/dotlocal
install -d -m 0755 -o dotlocal -g dotlocal /run/dotlocal
cp "$2"/state/* /var/lib/dotlocal/
chown -R dotlocal:dotlocal /var/lib/dotlocal
mkdir -p /etc/dotlocal /run/lib
cp -r "$3" /run/lib/dotlocal
cp "$4" /run/lib/closed_state.py
printf '%s\n' 'hostnames = ["press-07.local"]' 'group = "dotlocal-tls"' \
    '[serve]' 'listen = "127.0.0.1:0"' 'to = "127.0.0.1:9"' > /etc/dotlocal/device.toml
export PYTHONPATH=/run/lib PYTHONDONTWRITEBYTECODE=1
setpriv --reuid=dotlocal --regid=dotlocal --init-groups "$5" -m dotlocal device boot --quiet
exec "$5" /run/lib/closed_state.py $6
"""
_REFUSED = "PermissionError"


@pytest.fixture(scope="module", params=["", "--boot"], ids=["serve", "serve --boot"])
def attempts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, dotlocal: Command
) -> dict[str, Any]:
    """What became of every attempt, with a boot before `serve` and with another one by it."""
    if os.geteuid():
        pytest.skip("users are laid out by root")
    for needed in ("systemd-sysusers", "setpriv"):
        program(needed)
    python = "/usr/bin/python3"  # one that every user can run
    file(python)
    folder = tmp_path_factory.mktemp("closed")
    told = retell(folder / "story", dotlocal)
    list(install(["systemd"], folder / "image", "/usr/bin/true", force=False))
    for name in ("upper", "work"):
        (folder / name).mkdir(mode=0o755)
    package, script = PROJECT / "src/dotlocal", PROJECT / "tests/device/closed_state.py"
    words = ["sh", "-c", _LAYOUT, "sh", folder, told.device("07"), package, script, python, request.param]
    command = [*private_mounts(), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_no_file_of_the_state_can_be_opened(attempts: dict[str, Any]) -> None:
    """The folder, each file in it, and the watching process's descriptors, memory and root: refused, one and all."""
    assert {"device-ca.key", "birth.pem", "template", "floor", "settings"} <= set(attempts["files"])
    tried = attempts["serves"]
    key = tried.pop("/run/dotlocal/current/privkey.pem")
    assert {name: outcome for name, outcome in tried.items() if outcome != _REFUSED} == {}
    assert key == "done", "what is served can be read, or nothing of this is worth anything"


def test_the_watching_user_can(attempts: dict[str, Any]) -> None:
    """The same attempts by the owner of the state succeed, so that they can."""
    tried = attempts["watches"]
    assert {tried[f"/var/lib/dotlocal/{name}"] for name in attempts["files"]} == {"done"}
    assert tried["to be root"] == _REFUSED


def test_the_served_process_is_that_user_and_has_no_powers(attempts: dict[str, Any]) -> None:
    """User and groups for good, no capability, and no descriptor that leads into the state."""
    status = attempts["status"]
    assert len(set(status["Uid"])) == len(set(status["Gid"])) == 1
    assert status["Uid"] != ["0"] * 4
    assert {int(status[name][0], 16) for name in ("CapEff", "CapPrm", "CapAmb")} == {0}
    assert not [each for each in attempts["descriptors"] if "/var/lib" in each]


def test_the_device_key_was_never_in_its_memory(attempts: dict[str, Any]) -> None:
    """Looked for in all of it, in every form that libcrypto and PEM have; the server's key is found that way."""
    assert attempts["holds server key"]
    assert not attempts["holds device key"]


def test_the_units_keep_them_apart(tmp_path: Path) -> None:
    """Another user serves than watches; the state is 0700, and out of sight for whoever faces the network."""
    list(install(["systemd"], tmp_path, "/usr/bin/true", force=False))
    units = tmp_path / "usr/lib/systemd/system"
    watch, serve, handover = (_section(units / f"dotlocal-{each}.service") for each in ("watch", "serve", "handover"))
    assert serve["User"] not in ("", "root", watch["User"])
    assert (watch["StateDirectory"], watch["StateDirectoryMode"]) == ("dotlocal", "0700")
    assert "StateDirectory" not in serve
    assert serve["InaccessiblePaths"] == handover["InaccessiblePaths"] == "-/var/lib/dotlocal"
    assert serve["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"


def _section(unit: Path) -> dict[str, str]:
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read(unit)
    return dict(parsed["Service"])
