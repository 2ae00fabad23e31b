"""Real web servers under clients that never rest, while sets are made and handed over to them."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from handed_device import Device
from restless import HOST, SMALL, Load, Tally, ask, context, fetch, settle, under_load, wait_until
from web_servers import SERVERS, Place, place

from dotlocal.device.handover.proof import serial_of
from installed import Command
from tools import file, program

pytestmark = pytest.mark.peer
MOST_MS = 3000

# What a server can't do, and why; docs/web-servers.md says the same.
UNANSWERED = {"caddy-files": 1}  # new connections at each hand-over: accepted by a listener that is closed at once
RECONNECTS = {  # of one kept connection, at each hand-over
    "nginx-variable": 0, "haproxy": 0, "caddy": 0, "nginx": 1, "apache": 1, "caddy-files": 1,
    "lighttpd-socket": 1,
    "nginx-workers": 2,  # each of two old workers may close it: the second one after it took what the first gave up
    "lighttpd": 2,  # the old process accepts until the new one is up, and closes kept connections before and after that
}  # fmt: skip
FIRST = {"caddy": 1}  # more at the first one after its start: it loads its configuration, to have no session tickets


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_three_sets_are_handed_over(server: str, device: Device, tmp_path: Path) -> None:
    """Each boot hands over; under load nothing fails and the new certificates are served within three seconds."""
    run_hand_overs(server, device, tmp_path, 3)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_sets_are_handed_over(server: str, device: Device, tmp_path: Path) -> None:
    """The same a hundred times."""
    run_hand_overs(server, device, tmp_path, 100)


def run_hand_overs(server: str, device: Device, tmp_path: Path, times: int) -> None:
    with SERVERS[server](place(tmp_path / "server", device.run, device.told.command)) as running:
        device.configure(running.settings)
        with under_load(running.place.port) as load:
            wait_until(lambda: load.tally.connections > 5)
            reports, closed = [], []
            for _ in range(times):
                before = load.tally.reconnects
                reports.append(device.boot())
                assert served(running.place) == both(reports[-1])
                settle(load.tally, before + (RECONNECTS[server] > 0))
                closed.append(load.tally.reconnects - before)
            wait_until(lambda: load.tally.downloads > 0, 60)
        judge(server, load.tally, reports, closed)
        assert running.alive


@pytest.mark.long
def test_a_download_outlives_its_server_for_long(server: str, device: Device, tmp_path: Path) -> None:
    """More than nine seconds after two hand-overs: lighttpd cuts it off after eight, unless it is told not to."""
    with SERVERS[server](place(tmp_path / "server", device.run, device.told.command)) as running:
        device.configure(running.settings)
        with Load(running.place.port).connect(receive_buffer=1 << 16) as connection, ThreadPoolExecutor() as pool:
            began = time.monotonic()
            problem = pool.submit(fetch, connection, 0.02)
            for _ in range(2):
                assert device.boot()["handover"]["outcome"] == "served"
            handed = time.monotonic()
            assert problem.result() == ""
        assert time.monotonic() - handed > 9, f"the download took {time.monotonic() - began:.1f} s"


def judge(server: str, tally: Tally, reports: list[dict[str, Any]], closed: list[int]) -> None:
    handed = [report["handover"] for report in reports]
    slowest = max(each["after_ms"] for each in handed)
    told = {"server": server, "slowest_ms": slowest, "closed": dict(Counter(closed)), **vars(tally)}
    sys.stdout.write(json.dumps(told) + "\n")  # with -s
    assert [each["outcome"] for each in handed] == ["served"] * len(handed)
    assert [(each["serial_served"], each["names_serial_served"]) for each in handed] == list(map(both, reports))
    assert slowest <= MOST_MS
    assert tally.failed == []
    assert tally.kept_failed == []
    assert tally.broken == []
    assert tally.unanswered <= UNANSWERED.get(server, 0) * len(reports) + FIRST.get(server, 0)
    assert closed[0] <= RECONNECTS[server] + FIRST.get(server, 0)
    assert max(closed[1:]) <= RECONNECTS[server]


def both(report: dict[str, Any]) -> tuple[str, str]:
    return report["serial"], report["names_serial"]


def served(at: Place) -> tuple[str, str]:
    """The serial numbers for a client that names no host, and one that does."""
    without, by_name = Visitor(at), Visitor(at)
    without.visit(None)
    by_name.visit(HOST)
    return without.serial, by_name.serial


class Visitor:
    """A client that offers to resume its last session, as browsers do."""

    def __init__(self, at: Place, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        self._context = context()
        self._context.maximum_version = version
        self._address = ("127.0.0.1", at.port)
        self._session: ssl.SSLSession | None = None
        self.serial = ""

    def visit(self, name: str | None) -> bool:
        """Whether the session was resumed."""
        with (
            socket.create_connection(self._address, 10) as connection,
            self._context.wrap_socket(connection, server_hostname=name, session=self._session) as secured,
        ):
            assert ask(secured, "/small.txt", "close") == SMALL
            self._session = secured.session
            self.serial = serial_of(secured.getpeercert(binary_form=True) or b"")
            return bool(secured.session_reused)


def test_the_run_directory_is_not_served(device: Device, tmp_path: Path) -> None:
    """nginx-variable has its root there, for the link's sake: no path leads to a file of it."""
    with SERVERS["nginx-variable"](place(tmp_path / "server", device.run, device.told.command)) as running:
        for path in ("/privkey.pem", "/bundle.pem", "/./privkey.pem", "//privkey.pem", "/%2e/privkey.pem"):
            with (
                socket.create_connection(("127.0.0.1", running.place.port), 10) as connection,
                context().wrap_socket(connection, server_hostname=HOST) as secured,
            ):
                assert ask(secured, path, "close").startswith(b"HTTP/1.1 404")


def test_the_key_is_for_caddy_alone(device: Device, tmp_path: Path) -> None:
    """It asks itself on loopback: nothing for whoever doesn't know the secret, and nothing from outside."""
    with SERVERS["caddy"](place(tmp_path / "server", device.run, device.told.command)) as running:
        snippet = running.place.path("dotlocal.caddyfile")
        assert snippet.stat().st_mode & 0o777 == 0o640
        text = running.place.path("Caddyfile").read_text()
        ((inner, secret),) = re.findall(r"get_certificate http http://127\.0\.0\.1:(\d+)/([0-9a-f]{32})\n", text)
        for path in (
            "/",
            "/bundle.pem",
            "/privkey.pem",
            f"/{secret[:-1]}",
            f"/x/../{secret}x",
            f"/{secret}/privkey.pem",
        ):
            assert b"PRIVATE KEY" not in plain(int(inner), path)
        assert b"PRIVATE KEY" in plain(int(inner), f"/{secret}")
        with (
            socket.create_connection(("127.0.0.1", running.place.port), 10) as connection,
            context().wrap_socket(connection, server_hostname=HOST) as secured,
        ):
            assert ask(secured, f"/{secret}", "close").startswith(b"HTTP/1.1 404")


def plain(port: int, path: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.skipif(os.geteuid() != 0, reason="about a root without all of its powers")
def test_a_root_that_cannot_become_others_tells_lighttpd(device: Device, tmp_path: Path) -> None:
    """As in the unit of hand-overs, where `lighttpd -tt` would end with `setgid(): Operation not permitted`."""
    bound = (program("setpriv"), "--bounding-set=-setuid,-setgid")
    with SERVERS["lighttpd"](place(tmp_path / "server", device.run, device.told.command)) as running:
        device.configure(running.settings)
        words = ("device", "handover", "--json", "--config", device.config, "--run", device.run)
        done = device.told.command(*words, before=bound)
        assert json.loads(done.out)["handover"]["outcome"] == "served", done


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_outlives_its_certificate(
    server: str, version: ssl.TLSVersion, device: Device, tmp_path: Path
) -> None:
    """A client that comes back with an old session after a hand-over gets a full handshake, and the new certificate."""
    with SERVERS[server](place(tmp_path / "server", device.run, device.told.command)) as running:
        device.configure(running.settings)
        visitor = Visitor(running.place, version)
        visitor.visit(HOST)
        visitor.visit(HOST)
        device.boot()
        assert not visitor.visit(HOST)
        assert visitor.serial == device.status["names_serial"]


@pytest.mark.parametrize("name", ["lighttpd", "lighttpd-socket"])
def test_the_systems_own_lighttpd_conf_takes_the_snippet(
    name: str, device: Device, tmp_path: Path, dotlocal: Command
) -> None:
    """Debian's has a feature flag of the snippet's already, and a second `+=` of one would be an error."""
    found, own = program("lighttpd"), Path("/etc/lighttpd/lighttpd.conf")
    file(str(own))
    file("/usr/lib/lighttpd/mod_openssl.so")
    snippet, site, config = (tmp_path / each for each in ("90-dotlocal.conf", "site.conf", "lighttpd.conf"))
    site.write_text("")
    dotlocal.ok("device", "install", "--server", name, "--run", device.run, "--out", snippet)
    snippet.write_text(snippet.read_text().replace("/etc/lighttpd/dotlocal-site.conf", str(site)))
    lines = own.read_text().splitlines()
    kept = [each for each in lines if not each.startswith(("include ", "include_shell "))]
    config.write_text("\n".join([*kept, f'include "{snippet}"', ""]))
    done = subprocess.run([found, "-tt", "-f", config], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
