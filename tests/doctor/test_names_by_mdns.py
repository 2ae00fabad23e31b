"""Names by mDNS, in network namespaces with a real Avahi: which resolver answers, conflicts, and every device."""

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
from makers import Maker, write_root

from installed import Command, Done
from namespaces import Host, host, neighbours

PATIENCE = 60.0
# a host of its own needs a bus of its own, and so a /run of its own; and its own announcements
_BRING_UP = """
mount -t tmpfs tmpfs /run && mkdir -p /run/dbus /run/avahi-daemon && hostname "$1"
mount --bind "$2" /etc/avahi/services
dbus-daemon --system --nopidfile && avahi-daemon --daemonize --no-drop-root --no-chroot
cd "$3" && exec openssl s_server -accept 443 -www -quiet -cert leaf.pem -key key.pem -cert_chain above.pem
"""
# without a name server that could be asked
_NOBODY_ELSE = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"'


@pytest.fixture(autouse=True)
def _programs() -> None:
    missing = [name for name in ("avahi-daemon", "dbus-daemon", "openssl") if not shutil.which(name)]
    if missing:
        reason = f"{', '.join(missing)} not installed (scripts/install-peers does)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    made = Maker()
    write_root(tmp_path / "root.pem", made.root.certificate)
    return made


@contextmanager
def device(at: Host, name: str, dotlocal: Command, maker: Maker, folder: Path, *names: str) -> Iterator[None]:
    """A host with that name, Avahi, what `device install avahi` writes, and HTTPS at port 443."""
    folder.mkdir()
    dotlocal.ok("device", "install", "avahi", "--prefix", folder, "--command", "/usr/bin/dotlocal")
    chain = maker.chain(maker.draft(*names))
    pem = chain.pem().decode().split("-----END PRIVATE KEY-----\n")
    (folder / "key.pem").write_text(pem[0] + "-----END PRIVATE KEY-----\n")
    leaf, end, above = pem[1].partition("-----END CERTIFICATE-----\n")
    (folder / "leaf.pem").write_text(leaf + end)
    (folder / "above.pem").write_text(above)
    words = ["sh", "-c", _BRING_UP, "sh", name, str(folder / "etc/avahi/services"), str(folder)]
    # a PID namespace: when the server ends, so do the daemons that it came with
    command = at.inside("unshare", "--mount", "--pid", "--fork", "--kill-child", *words)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(timeout=PATIENCE)


def doctor(at: Host, dotlocal: Command, folder: Path, *words: str, hosts: str = "127.0.0.1 localhost\n") -> Done:
    """Doctor on a host whose only resolver beside mDNS is a hosts file."""
    (folder / "resolv.conf").write_text("")
    (folder / "hosts").write_text(hosts)
    before = at.inside("unshare", "--mount", "sh", "-c", _NOBODY_ELSE, "sh", str(folder / "resolv.conf"))
    root = ["--root", str(folder / "root.pem"), "--json", "--timeout", "2"]
    return dotlocal("doctor", *words, *root, before=(*before, str(folder / "hosts")))


def until(at: Host, dotlocal: Command, folder: Path, code: str, *words: str, **more: str) -> dict[str, object]:
    """The report, once doctor names this code first: Avahi takes some seconds to claim its name."""
    deadline = time.monotonic() + PATIENCE
    while True:
        report = json.loads(doctor(at, dotlocal, folder, *words, **more).out)
        found = [(each["code"], each["who"]) for each in report["findings"]]
        if found and found[0][0] == code:
            return dict(report)
        assert time.monotonic() < deadline, found
        time.sleep(0.3)


def test_a_computer_that_does_not_ask_by_mdns(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """The device answers by mDNS, and the system's resolver knows nothing of that: the administrator's turn."""
    with neighbours() as (here, there), device(there, "press", dotlocal, maker, tmp_path / "device", "press.local"):
        report = until(here, dotlocal, tmp_path, "mdns-not-used", "press.local")
    assert report["findings"][0]["who"] == "administrator"
    assert "10.9.0.2" in report["resolution"]["mdns"]
    assert report["resolution"]["system"] == []
    others = [each["code"] for each in report["findings"] if each["severity"] != "note"]
    assert others == ["mdns-not-used"]  # what it serves is fine


def test_two_answers_to_one_name(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """A hosts file of last year says something else than mDNS: a warning, and what is at the wrong address first."""
    with neighbours() as (here, there), device(there, "press", dotlocal, maker, tmp_path / "device", "press.local"):
        until(here, dotlocal, tmp_path, "mdns-not-used", "press.local")
        hosts = "127.0.0.1 localhost\n10.9.0.1 press.local\n"
        report = json.loads(doctor(here, dotlocal, tmp_path, "press.local", hosts=hosts).out)
    assert [each["code"] for each in report["findings"]] == ["port-closed", "resolvers-differ"]
    assert report["findings"][1]["who"] == "administrator"


def test_a_name_that_was_given_to_another(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """Avahi has renamed the device after a conflict whose other side is gone: doctor finds it under its new name."""
    with neighbours() as (here, there), device(there, "press-2", dotlocal, maker, tmp_path / "device", "press-2.local"):
        until(here, dotlocal, tmp_path, "mdns-not-used", "press-2.local")
        report = json.loads(doctor(here, dotlocal, tmp_path, "press.local").out)
    first = report["findings"][0]
    assert (first["code"], first["who"]) == ("name-renamed", "customer")
    assert "press-2.local" in first["hint"]


def test_a_name_that_nobody_has(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """Neither resolver knows it."""
    with host() as here:
        here.ip("addr", "add", "10.9.0.1/24", "dev", here.device)
        done = doctor(here, dotlocal, tmp_path, "press.local")
    first = json.loads(done.out)["findings"][0]
    assert (first["code"], first["who"], done.status) == ("name-not-found", "customer", 1)


def test_an_address_that_nobody_has(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """No way, or nobody who answers there."""
    with host() as here:
        here.ip("addr", "add", "10.9.0.1/24", "dev", here.device)
        gone = json.loads(doctor(here, dotlocal, tmp_path, "10.9.0.77").out)["findings"][0]
        away = json.loads(doctor(here, dotlocal, tmp_path, "192.168.77.7").out)["findings"][0]
    assert (gone["code"], away["code"]) in {("host-unreachable",) * 2, ("port-filtered", "host-unreachable")}
    assert away["who"] == "customer"


def test_every_device_of_a_network(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """Ours and one of another make, each announced by what `device install avahi` writes."""
    stranger = Maker("Bolt Works", number=3)
    with neighbours() as (here, there), ExitStack() as running:
        running.enter_context(device(there, "press", dotlocal, maker, tmp_path / "one", "press.local", "10.9.0.2"))
        running.enter_context(device(here, "bolt", dotlocal, stranger, tmp_path / "two", "bolt.local"))
        deadline = time.monotonic() + PATIENCE
        rows: list[dict[str, object]] = []
        while len(rows) < 2:
            assert time.monotonic() < deadline, rows
            done = doctor(here, dotlocal, tmp_path, "--all")
            rows = json.loads(done.out)["devices"]
    bolt, press = sorted(rows, key=lambda row: str(row["target"]))
    assert (press["target"], press["addresses"], press["accepted"]) == ("press.local", ["10.9.0.2"], True)
    assert press["names"] == ["press.local", "10.9.0.2"]
    assert 88 < float(str(press["days_left"])) < 90
    assert "Acme Devices Root G1" in str(press["root"])
    assert (bolt["target"], bolt["accepted"]) == ("bolt.local", False)
    assert bolt["first"]["code"] in ("not-our-device", "chain-incomplete")
    assert done.status == 1


def test_a_network_of_which_there_is_none(dotlocal: Command, maker: Maker, tmp_path: Path) -> None:
    """Nothing but loopback, and that is down: could not look."""
    with host() as here:
        for device in ("lo", "far0", here.device):
            here.ip("link", "set", device, "down")
        done = doctor(here, dotlocal, tmp_path, "--all")
    assert (done.status, done.code) == (2, "no-multicast")
