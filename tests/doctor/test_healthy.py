"""Devices that browsers accept: no error, no warning, exit status 0; and the story's own, by the installed command."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from healthy import HEALTHY, Serve, nginx, openssl
from patients import Bed
from test_broken import ask

from installed import Command
from told import Told, tell
from tools import program

# this machine's clock may be one that nobody vouches for; then a device is told what Apple takes
KNOWN = "unknown_clock_days = 824\n"
EVERY = pytest.mark.parametrize("serve", HEALTHY, ids=lambda each: each.__name__)


@EVERY
def test_there_is_no_alarm(serve: Serve, dotlocal: Command, tmp_path: Path) -> None:
    """Notes at the most."""
    bed = Bed(tmp_path)
    with serve(bed) as port:
        done = ask(dotlocal, bed, port, "--json")
    report = json.loads(done.out)
    assert [each for each in report["findings"] if each["severity"] != "note"] == []
    assert done.status == 0
    assert report["addresses"][0]["trusted_by"]


@pytest.fixture(scope="module")
def told(dotlocal: Command, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return tell(tmp_path_factory.mktemp("doctor") / "story", dotlocal)


def test_there_is_no_alarm_for_device_serve(dotlocal: Command, told: Told) -> None:
    """The device of the story, served by `device serve`, which chooses by SNI: not even a note but for its address."""
    (told.device("07") / "device.toml").write_text(
        'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\n' + KNOWN
    )
    told.boot("07")
    with told.served("07") as port:
        words = ["--address", "127.0.0.1", "--root", str(told.root), "--json"]
        named = dotlocal.ok("doctor", f"press-07.local:{port}", *words)
        addressed = dotlocal.ok("doctor", f"192.168.77.7:{port}", *words)
    for done in (named, addressed):
        report = json.loads(done.out)
        assert report["findings"] == []
        assert report["addresses"][0]["alpn"] in ("", "http/1.1")
    assert json.loads(named.out)["addresses"][0]["same_without_name"] is False


def test_there_is_no_alarm_for_the_device_behind_nginx(dotlocal: Command, told: Told, tmp_path: Path) -> None:
    """One certificate for all clients: a note for apps on BoringSSL, and no more."""
    current = told.device("07") / "run" / "current"
    (told.device("07") / "device.toml").write_text(
        'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\n' + KNOWN
    )
    told.boot("07")
    with nginx(Bed(tmp_path), current / "fullchain.pem", current / "privkey.pem") as port:
        words = ["--address", "127.0.0.1", "--root", str(told.root), "--json"]
        done = dotlocal.ok("doctor", f"press-07.local:{port}", *words)
    assert [each["code"] for each in json.loads(done.out)["findings"]] == ["addresses-for-names"]


def test_three_years_of_minica_are_too_long_for_apple_alone(dotlocal: Command, tmp_path: Path) -> None:
    """Debian's minica, a root without any name of its own: one warning, which is true, and exit status 0."""
    subprocess.run([program("minica"), "press-07.local"], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    bed = Bed(tmp_path, words=["--root", str(tmp_path / "cacert.crt")])
    with openssl(tmp_path / "press-07.local.crt", tmp_path / "press-07.local.key") as port:
        done = ask(dotlocal, bed, port, "--json")
    assert [each["code"] for each in json.loads(done.out)["findings"]] == ["lifetime-too-long"]
    assert done.status == 0


def test_a_device_that_boots_meanwhile_resumes_no_old_session(dotlocal: Command, told: Told) -> None:
    """`device serve` across a boot, looked at twice: another certificate, and no session of the one before."""
    (told.device("07") / "device.toml").write_text('hostnames = ["press-07.local"]\n' + KNOWN)
    told.boot("07")
    with told.served("07") as port:
        words = ["--address", "127.0.0.1", "--root", str(told.root), "--twice", "3", "--json"]
        looking = dotlocal.start("doctor", f"press-07.local:{port}", *words)
        time.sleep(1.5)
        told.boot("07")
        report = json.loads(looking.communicate(timeout=60)[0])
    assert report["findings"] == []
    assert [look["resumed"] for look in report["looks"]][-2:] == [False, False]  # as somebody new, and as of before
    status = json.loads((told.device("07") / "run" / "current" / "status.json").read_text())
    assert report["addresses"][0]["chain"][0]["serial"] == status["names_serial"]
