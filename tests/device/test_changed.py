"""`device boot --changed`: of many calls one works and one waits, and a set that is as good as a new one stays."""

from __future__ import annotations

import grp
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from booting import NOW, Device, issue_record, make_device, reading, surroundings

from dotlocal.core.window import DAY
from dotlocal.device import adoption
from dotlocal.device.changed import Turn
from dotlocal.device.store import Run
from dotlocal.device.surroundings import Surroundings
from dotlocal.host.clock import Reading
from dotlocal.testing import World
from installed import Command
from told import retell

LATER = reading(NOW + DAY)
_MORE = ("10.0.0.3", "203.0.113.9")
_NO_STATUS = ("", "{", "[]", "null", '{"schema": 1}', '{"not_before": 7, "not_after": null}', "[" * 9999)


@pytest.fixture
def device(tmp_path: Path, world: World) -> Device:
    made = make_device(tmp_path, world=world)
    made.boot()
    return made


def stays(device: Device, around: Surroundings | None = None, clock: Reading = LATER) -> bool:
    """Whether the set that there is would do."""
    run, template = Run(str(device.run)), device.state.template()
    return bool(Turn(run).kept(device.state, run, template, device.settings, around or surroundings(), clock))


# Pure: what is compared


def test_a_set_that_says_the_same_stays(device: Device) -> None:
    """A day later, with the same names and addresses, in whatever order the kernel has them: nothing to do."""
    assert stays(device)
    device.boot(around=surroundings("press-07", "10.0.0.1", "10.0.0.2"))
    assert stays(device, surroundings("press-07", "10.0.0.2", "10.0.0.1"))


def test_another_name_or_address_makes_another_set(device: Device) -> None:
    """A new host name, another address, one more, one less; also one that is only left out."""
    device.boot(around=surroundings("press-07", "10.0.0.1", "10.0.0.2"))
    for around in (
        ("press-08", "10.0.0.1", "10.0.0.2"),
        ("press-07", "10.0.0.1"),
        ("press-07", "10.0.0.1", "10.0.0.3"),
        ("press-07", "10.0.0.1", "10.0.0.2", "10.0.0.3"),
        ("press-07", "10.0.0.1", "10.0.0.2", "203.0.113.9"),
    ):
        assert not stays(device, surroundings(*around)), around  # fmt: skip


def test_a_third_of_its_life_is_enough(device: Device) -> None:
    """Ninety days, one of them past: it stays for 58 more, and not for 60."""
    assert stays(device, clock=reading(NOW + 58 * DAY))
    assert not stays(device, clock=reading(NOW + 60 * DAY))


@pytest.mark.parametrize(
    "clock", [reading(NOW - 2 * DAY), reading(0, synchronised=False), reading(NOW + 3650 * DAY)],
    ids=["set back", "unknown", "ten years ahead"],
)  # fmt: skip
def test_another_clock_makes_another_set(device: Device, clock: Reading) -> None:
    """Set back, so that the set is not valid yet; not known any more; far ahead."""
    assert not stays(device, clock=clock)


def test_a_clock_that_becomes_known_makes_another_set(device: Device) -> None:
    """Booted in 1970, then told the time."""
    lost = reading(0, synchronised=False)
    device.boot(lost)
    assert stays(device, clock=lost)
    assert not stays(device)


def test_other_days_make_another_set(device: Device) -> None:
    """`days` of device.toml."""
    device.settings.days = 30
    assert not stays(device)


def test_another_device_ca_makes_another_set(device: Device, world: World) -> None:
    """Adopted again, for the same key."""
    record = issue_record(world, device.state.text("request.pem").encode(), "SN0001", years=5)
    adoption.adopt(device.state, record.encode().encode(), now=world.now)
    assert not stays(device)


@pytest.mark.parametrize(
    "status", ["", "{", "[]", "null", '{"schema": 1}', '{"not_before": 7, "not_after": null}', "[" * 9999]
)
def test_a_status_that_is_none_makes_another_set(device: Device, status: str) -> None:
    """Torn, empty, of another kind."""
    (device.run / "current" / "status.json").write_text(status)
    assert not stays(device)


def test_an_error_makes_another_set(device: Device) -> None:
    """What failed last time is tried again."""
    path = device.run / "current" / "status.json"
    report = json.loads(path.read_text())
    report["findings"] = [{"code": "busy", "severity": "error", "subject": "", "message": "", "hint": ""}]
    path.write_text(json.dumps(report))
    assert not stays(device)


# One works, one waits


def test_one_may_wait_and_the_others_leave_it_to_that_one(tmp_path: Path) -> None:
    """The second is turned away until the first has begun; each that was turned away is waited for."""
    run = Run(str(tmp_path))
    first, second, third = Turn(run), Turn(run), Turn(run)
    assert first.taken()
    assert not second.taken()
    began = time.monotonic()
    first.wait()
    assert 0.5 < time.monotonic() - began < 2  # one call came: not quiet after 0.3 s, and no longer than a second
    first.over()
    assert third.taken()
    third.over()


def test_many_calls_at_once_are_one_issue_or_two(dotlocal: Command, tmp_path: Path) -> None:
    """Twenty calls after a change, each ends with 0; then twenty more, without any: no issue at all."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    config = device / "device.toml"
    words = [*told.boot_words("07"), "--changed"]

    def call() -> int:
        """The number of issues that twenty calls make."""
        processes = [dotlocal.start(*words) for _ in range(20)]
        said = [process.communicate(timeout=60) for process in processes]
        assert [process.returncode for process in processes] == [0] * 20
        return sum(err.count(b"issued for") for _, err in said)

    config.write_text('hostnames = ["kitchen.local"]\n')
    assert 1 <= call() <= 2
    assert "kitchen.local" in json.loads((device / "run/current/status.json").read_text())["names"]
    assert call() == 0


def test_the_customers_own_stays_too(dotlocal: Command, tmp_path: Path) -> None:
    """A root of the customer's, on probation: told once, and then nothing to do until that is over."""
    told = retell(tmp_path / "story", dotlocal)
    words = [*told.boot_words("07"), "--changed", "--json"]
    dotlocal.ok("device", "own", "self-signed", *told.boot_words("07")[2:])
    first = json.loads(dotlocal.ok(*words).out)
    assert first["served"] == "issuer"
    assert json.loads(dotlocal.ok(*words).out)["serial"] == first["serial"]
    dotlocal.ok("device", "own", "revert", *told.boot_words("07")[2:])
    assert json.loads(dotlocal.ok(*words).out)["served"] == "vendor"


def test_a_set_that_the_group_cannot_read_makes_another_set(dotlocal: Command, tmp_path: Path) -> None:
    """Taken over with the run directory, as systemd does for a unit of another user's: who serves would be shut out."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    config, current = device / "device.toml", device / "run/current"
    config.write_text(f'group = "{grp.getgrgid(os.getgid()).gr_name}"\n{config.read_text()}')
    words = [*told.boot_words("07"), "--changed", "--json"]
    told.boot("07")
    first = json.loads((current / "status.json").read_text())["serial"]
    assert json.loads(dotlocal.ok(*words).out)["serial"] == first
    current.resolve().chmod(0o700)
    assert json.loads(dotlocal.ok(*words).out)["serial"] != first
    assert current.stat().st_mode & 0o777 == 0o750


def test_a_group_that_can_not_read_the_key_is_told_once(dotlocal: Command, tmp_path: Path) -> None:
    """Unknown to this system: another set would be no better, and a timer that asks every ten minutes makes none. When
    device.toml names it no longer, the status shall not either.
    """
    told = retell(tmp_path / "story", dotlocal)
    config = told.device("07") / "device.toml"
    before, words = config.read_text(), [*told.boot_words("07"), "--changed", "--json"]
    config.write_text(f'group = "no-such-group"\n{before}')
    first, second = (dotlocal(*words) for _ in range(2))
    assert [each.status for each in (first, second)] == [1, 1]
    config.write_text(before)
    reports = [json.loads(each.out) for each in (first, second, dotlocal.ok(*words))]
    errors = [[each["code"] for each in report["findings"] if each["severity"] == "error"] for report in reports]
    assert errors == [["group-unknown"], ["group-unknown"], []]
    assert reports[0]["serial"] == reports[1]["serial"]


def test_what_fails_stands_in_the_status(dotlocal: Command, tmp_path: Path) -> None:
    """Nobody reads what a hook writes."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    (device / "state/device-ca.key").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    done = dotlocal(*told.boot_words("07"), "--changed", "--quiet")
    assert (done.status, done.code) == (1, "key-damaged")
    report = json.loads((device / "run/current/status.json").read_text())
    assert [finding["code"] for finding in report["findings"]] == ["key-damaged"]


def test_the_first_boot_is_not_put_off(dotlocal: Command, tmp_path: Path) -> None:
    """With no set yet there is no waiting for quiet; bare.py, as the unit starts it, needs no site."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    shutil.rmtree(device / "run")
    asked = "from dotlocal.device.install import bare; print(bare())"
    bare = subprocess.check_output([dotlocal.python, "-c", asked], env=dotlocal.env(), text=True).split()
    command = [*bare, "boot", "--changed", "--quiet", *told.boot_words("07")[2:]]
    done = subprocess.run(command, env=dotlocal.env(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((device / "run/current/status.json").read_text())["names"]
    assert not (device / "run/waiting").read_bytes()
    for words in ([], ["status"], ["boot", "--nonsense"], ["watch", "--nonsense"], ["serve", "--nonsense"]):
        done = subprocess.run([*bare, *words], env=dotlocal.env(), capture_output=True, text=True, timeout=60)
        assert (done.returncode, "(usage)" in done.stderr) == (2, True), words


def test_watch_and_serve_need_no_site_either(dotlocal: Command, tmp_path: Path) -> None:
    """As the units start them: one watches, the other one waits for its first set and serves it."""
    told = retell(tmp_path / "story", dotlocal)
    device = told.device("07")
    shutil.rmtree(device / "run")
    asked = "from dotlocal.device.install import bare; print(bare())"
    bare = subprocess.check_output([dotlocal.python, "-c", asked], env=dotlocal.env(), text=True).split()
    serve = ["serve", "--wait", "60", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:9", "--run", f"{device}/run"]
    with (
        subprocess.Popen([*bare, *serve], env=dotlocal.env(), stderr=subprocess.PIPE, text=True) as serving,
        subprocess.Popen([*bare, "watch", *told.boot_words("07")[2:]], env=dotlocal.env()) as watching,
    ):
        assert serving.stderr
        lines = iter(serving.stderr.readline, "")
        port = next(int(found[1]) for line in lines if (found := re.search(r"serving https on \S+ port (\d+)", line)))
        context = ssl.create_default_context(cafile=str(told.root))
        with (
            socket.create_connection(("127.0.0.1", port), 20) as connection,
            context.wrap_socket(connection, server_hostname="press-07.local") as secured,
        ):
            assert secured.version()
        for process in (serving, watching):
            process.terminate()
            assert process.wait(timeout=20) == 0
