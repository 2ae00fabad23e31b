"""lighttpd whose ports systemd holds, under a real systemd: hand-overs that close a kept connection once."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from booted import Machine, permitted

from installed import PROJECT, Command
from told import retell
from tools import file, program

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("systemd")]

_COMMAND = "/opt/dotlocal/bin/dotlocal"
_SNIPPET = "/etc/lighttpd/conf-enabled/90-dotlocal.conf"
_DEVICE = """\
hostnames = ["press-07.local"]
addresses = ["192.168.77.7"]

[handover]
server = "lighttpd-socket"
"""
# As Debian's own: it names port 80 twice, and drops root's powers.
_LIGHTTPD = f"""\
server.document-root = "/www"
server.errorlog = "/var/log/lighttpd/error.log"
server.pid-file = "/run/lighttpd.pid"
server.username = "www-data"
server.groupname = "www-data"
server.port = 80
$SERVER["socket"] == "[::]:80" {{ }}
server.max-keep-alive-requests = 65535
mimetype.assign = ( "" => "application/octet-stream" )
include "{_SNIPPET}"
"""
_LOOPBACK = """\
[Service]
Type=oneshot
ExecStart=ip link set lo up

[Install]
WantedBy=sysinit.target
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command, installations: Path) -> Iterator[Machine]:
    """A device with Debian's lighttpd, its unit, and what `device install --server lighttpd-socket` says."""
    permitted()
    program("lighttpd")
    for path in ("/usr/lib/lighttpd/mod_openssl.so", "/lib/systemd/system/lighttpd.service"):
        file(path)
    folder = tmp_path_factory.mktemp("sockets")
    told = retell(folder / "story", dotlocal)
    made = Machine(folder / "image")
    made.furnish()
    (wheel,) = installations.glob("*.whl")
    made.install(wheel)
    made.write("etc/dotlocal/device.toml", _DEVICE)
    made.write("etc/lighttpd/lighttpd.conf", _LIGHTTPD)
    made.write("etc/lighttpd/dotlocal-site.conf", "")
    made.write("etc/systemd/system/loopback.service", _LOOPBACK)
    for name in ("lighttpd/conf-enabled", "systemd/system/lighttpd.service.d"):
        (made.folder / "etc" / name).mkdir(mode=0o755)
    for name in ("var/log/lighttpd", "www", "load"):
        (made.folder / name).mkdir(mode=0o755)
    shutil.chown(made.folder / "var/log/lighttpd", 33)
    shutil.copy(PROJECT / "tests/handover/restless.py", made.folder / "load")
    shutil.copy(PROJECT / "tests/systemd/restless_hand_overs.py", made.folder / "load")
    shutil.copytree(told.device("07") / "state", made.folder / "var/lib/dotlocal")
    made.inside("chown", "-R", "root:root", "/var/lib/dotlocal")
    made.inside(_COMMAND, "device", "install", "--server", "lighttpd-socket", "--out", _SNIPPET)
    made.inside(_COMMAND, "device", "install", "systemd", "--prefix", "/installed")
    made.inside("systemctl", "enable", "loopback", "lighttpd.socket")
    made.boot()
    try:
        yield made
    finally:
        made.unplug()


@pytest.fixture
def serving(machine: Machine) -> Machine:
    """There is a set, and lighttpd runs."""
    machine.ok("dotlocal", "device", "boot")
    machine.ok("systemctl", "start", "lighttpd.service")
    return machine


def hand_over(machine: Machine, times: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.ok("python3", "/load/restless_hand_overs.py", str(times)))
    slowest = max(each["after_ms"] for each in found["handed"])
    told = {**found, "closed": Counter(found["closed"]), "handed": times, "slowest_ms": slowest}
    sys.stdout.write(json.dumps(told) + "\n")  # with -s
    return found


def judge(found: dict[str, Any]) -> None:
    assert {each["outcome"] for each in found["handed"]} == {"served"}
    assert max(each["after_ms"] for each in found["handed"]) <= 3000
    assert set(found["closed"]) <= {0, 1}
    assert [found[name] for name in ("failed", "kept_failed", "broken", "unanswered")] == [[], [], [], 0]


def test_a_server_that_has_not_started_is_left_alone(machine: Machine) -> None:
    """systemd listens in its place: to connect would start it, and a boot that comes first would wait for itself."""
    report = json.loads(machine.ok("dotlocal", "device", "boot", "--json"))
    assert report["handover"]["outcome"] == "not-running"
    assert machine("systemctl", "is-active", "lighttpd.service") == "inactive"


def test_a_kept_connection_is_closed_once(serving: Machine) -> None:
    """At each of five hand-overs; no download is broken, and no new connection waits in vain."""
    judge(hand_over(serving, 5))
    assert serving("systemctl", "is-active", "lighttpd.service") == "active"


@pytest.mark.long
def test_a_hundred_times(serving: Machine) -> None:
    """The same."""
    for _ in range(10):
        judge(hand_over(serving, 10))


def test_the_unit_of_the_hand_over_may_restart_it(serving: Machine) -> None:
    """With the few powers of root that it has; and lighttpd, which runs as www-data, needs no right to the key."""
    before = serving.main_pid("lighttpd.service")
    serving.ok("systemctl", "start", "dotlocal-handover.service")
    assert serving.main_pid("lighttpd.service") != before
    assert "lighttpd-socket serves the new certificates" in serving.journal("--unit=dotlocal-handover.service")
    assert serving("stat", "-c", "%U:%G %a", "/run/dotlocal/current/privkey.pem") == "root:root 600"


def test_a_reload_leaves_nothing_behind(serving: Machine) -> None:
    """As by other programs' hooks: the signal of Debian's unit would end the shell, and another lighttpd be started
    beside one that goes on accepting with its old certificates. There is no reload; a restart is what there is.
    """
    before = serving.main_pid("lighttpd.service")
    serving("systemctl", "reload", "lighttpd.service")
    assert serving.main_pid("lighttpd.service") == before
    serving.ok("systemctl", "reload-or-restart", "lighttpd.service")
    assert serving.main_pid("lighttpd.service") != before
    assert len(serving("sh", "-c", "sleep 1; pgrep -x lighttpd").split()) == 1


def test_stopped_it_stays_so(serving: Machine) -> None:
    """The shell that is its main process hands on the signal; nothing of lighttpd is left when nobody is served."""
    serving.ok("systemctl", "stop", "lighttpd.socket", "lighttpd.service")
    assert serving("systemctl", "is-active", "lighttpd.service") == "inactive"
    assert serving("sh", "-c", "sleep 1; pgrep -x lighttpd") == ""
    serving.ok("systemctl", "start", "lighttpd.socket", "lighttpd.service")
