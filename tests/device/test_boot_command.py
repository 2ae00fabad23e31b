"""`dotlocal device boot` as it is installed: files and clocks in every state that a device finds itself in."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from booting import Device, make_device, served

from dotlocal.core import pem
from dotlocal.core.chain import window_of
from dotlocal.core.names import HostName
from dotlocal.core.template import seal
from dotlocal.core.verify import verify
from dotlocal.core.window import DAY, YEAR
from dotlocal.testing import World
from installed import Command, Done, clock_at, read_only, tree

TOML = 'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\nsuffixes = false\ninterfaces = ["none0"]\n'
NOW = int(time.time())


class Booted:
    """A device and its settings file, booted by the installed command."""

    def __init__(self, command: Command, device: Device) -> None:
        self.command = command
        self.device = device
        self.config = device.path / "device.toml"
        self.config.write_text(TOML)

    @property
    def words(self) -> tuple[str | Path, ...]:
        state = self.device.path / "state"
        return ("device", "boot", "--state", state, "--run", self.device.run, "--config", self.config)

    def __call__(self, *words: str, before: tuple[str, ...] = (), **more: str) -> Done:
        return self.command(*self.words, *words, before=before, **more)

    def report(self, expect: int = 0, **more: str) -> dict[str, Any]:
        """Boot, and what it reports."""
        done = self("--json", **more)
        assert done.status == expect, done
        report: dict[str, Any] = json.loads(done.out)
        return report

    def accepted(self, now: int = NOW) -> bool:
        """Whether a browser accepts what is served, by name."""
        return not verify(served(self.device.run).names, self.device.record.root, HostName("press-07.local"), now)


@pytest.fixture
def booted(tmp_path: Path, dotlocal: Command) -> Booted:
    return Booted(dotlocal, make_device(tmp_path, world=World(now=NOW - DAY)))


def codes(report: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in report["findings"] if finding["severity"] != "note"]


def test_two_boots_have_two_keys_and_serial_numbers(booted: Booted) -> None:
    """Boot twice: accepted twice, with nothing in common."""
    sets = []
    for _ in range(2):
        assert booted("-q").err == ""
        assert booted.accepted()
        sets.append(served(booted.device.run))
    assert sets[0].key.public_key() != sets[1].key.public_key()
    assert len({chain[0].serial_number for each in sets for chain in (each.full, each.names)}) == 4


@pytest.mark.parametrize("more", [(), ("--changed",)])
def test_a_refusal_is_a_report_too(booted: Booted, more: tuple[str, ...]) -> None:
    """`boot --json` that can't begin: code, message and hint as JSON, like those of every other command."""
    (booted.device.path / "state/device-ca.key").unlink()
    done = booted("--json", *more)
    error = json.loads(done.out)["error"]
    assert (done.status, done.code) == (2, "no-state")
    assert (error["code"], bool(error["message"]), bool(error["hint"])) == ("no-state", True, True)


def test_a_set_that_nobody_hands_over(booted: Booted) -> None:
    """`when = "asked"` and no unit that hands over: status says so, and no more once [handover] is gone."""

    def told() -> list[str]:
        done = booted.command.ok("device", "status", "--run", booted.device.run, "--json")
        return [finding["code"] for finding in json.loads(done.out)["findings"]]

    booted.config.write_text(f'{TOML}[handover]\nserver = "nginx"\nwhen = "asked"\n')
    booted.report()
    assert "handover-waiting" in told()
    booted.config.write_text(TOML)
    booted.report()
    assert "handover-waiting" not in told()
    assert not (booted.device.run / "handover-due").exists()


def test_watch_has_no_report(booted: Booted) -> None:
    """`watch --json` would never end one: it is refused, and not ignored."""
    done = booted.command("device", "watch", "--json", "--state", booted.device.path / "state")
    assert (done.status, done.code) == (2, "usage")


def test_an_outside_address_is_left_out(booted: Booted) -> None:
    """8.8.8.8 in device.toml: exit 0, left out, and the status names it with a code."""
    booted.config.write_text(TOML.replace("192.168.77.7", '8.8.8.8", "192.168.77.7'))
    assert booted().status == 0
    told = booted.command.ok("device", "status", "--run", booted.device.run, "--json")
    (left,) = json.loads(told.out)["left_out"]
    assert (left["value"], left["kind"], left["code"]) == ("8.8.8.8", "ip", "outside-constraints")
    assert booted.accepted()


def test_1970_and_a_read_only_state(booted: Booted, tmp_path: Path) -> None:
    """No clock, no battery, nothing can be written: exit 0, and a browser with the right time accepts it."""
    state = booted.device.path / "state"
    before = tree(state)
    done = booted("--json", before=read_only(state), **clock_at(tmp_path / "clock", 20))
    assert done.status == 0, done
    assert json.loads(done.out)["clock"]["quality"] == "unknown"
    assert booted.accepted()
    assert booted.accepted(NOW + 10 * YEAR)
    assert tree(state) == before


def test_a_read_only_state_is_normal(booted: Booted) -> None:
    """device.toml is read at each boot then, and the boot says nothing about it."""
    done = booted("-q", before=read_only(booted.device.path / "state"))
    assert (done.status, done.err) == (0, "")
    assert booted.accepted()
    assert not booted.device.state.has("settings")


def test_a_clock_of_the_year_2200(booted: Booted, tmp_path: Path) -> None:
    """Long after everything has ended the device still boots, and destroys nothing."""
    report = booted.report(**clock_at(tmp_path / "clock", 7258118400))
    assert report["clock"]["quality"] == "unknown"
    assert codes(booted.report()) == []
    assert booted.accepted()


# settings


def test_settings_are_read_once(booted: Booted) -> None:
    """The second boot goes by what the first has kept; a changed file is read again."""
    booted.report()
    kept = booted.device.state.text("settings")
    booted.report()
    assert booted.device.state.text("settings") == kept
    booted.config.write_text(TOML.replace("press-07", "kitchen"))
    assert booted.report()["names"] == ["kitchen.local"]


def test_another_file_of_the_same_size_and_date_is_read(booted: Booted) -> None:
    """`cp -p` of another version: its inode tells."""
    booted.report()
    date = booted.config.stat()
    other = booted.config.with_name("other.toml")
    other.write_text(TOML.replace("press-07", "press-08"))
    os.utime(other, ns=(date.st_atime_ns, date.st_mtime_ns))
    other.rename(booted.config)
    assert booted.report()["names"] == ["press-08.local"]


def test_the_default_settings_may_be_missing(booted: Booted) -> None:
    """Without a file the defaults hold; a file that was named and isn't there is an error of usage."""
    booted.config.unlink()
    done = booted()
    assert (done.status, done.code, done.hinted) == (2, "config-missing", True)
    assert not booted.device.run.joinpath("current").exists()


BAD = {
    "days = ": "config-unreadable",
    "\0": "config-unreadable",
    "dayz = 90": "unknown-key",
    "days = '90'": "wrong-type",
    "days = 9000": "config-value",
}


@pytest.mark.parametrize("bad", BAD)
def test_bad_settings_leave_the_last_good_ones_in_force(booted: Booted, bad: str) -> None:
    """A slip of the editor: exit 1, a finding with code and hint, and the device is served as before."""
    booted.report()
    booted.config.write_text(bad)
    report = booted.report(expect=1)
    assert codes(report) == [BAD[bad]]
    assert report["findings"][-1]["hint"]
    assert report["names"] == ["press-07.local"]
    assert booted.accepted()
    booted.config.write_text(TOML)
    assert codes(booted.report()) == []


def test_bad_settings_at_the_first_boot(booted: Booted) -> None:
    """With nothing good to go by the defaults hold: the device boots, exit 1."""
    booted.config.write_text("days = ")
    report = booted.report(expect=1)
    assert "config-unreadable" in codes(report)
    assert booted.device.run.joinpath("current").exists()


def test_settings_that_are_a_folder(booted: Booted) -> None:
    """A mistake of another kind: told in the same way."""
    booted.report()
    booted.config.unlink()
    booted.config.mkdir()
    assert booted.report(expect=1)["names"] == ["press-07.local"]


@pytest.mark.parametrize("change", [lambda t: "", lambda t: t[: len(t) // 2], lambda t: t.replace("press", "kress")])
def test_torn_settings_are_read_again(booted: Booted, change: Callable[[str], str]) -> None:
    """A power cut in the kept settings: read from device.toml again, and kept anew."""
    booted.report()
    path = booted.device.path / "state" / "settings"
    whole = path.read_text()
    path.write_text(change(whole))
    assert booted.report()["names"] == ["press-07.local"]
    assert path.read_text() == whole


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be given orders by somebody else's file")
def test_root_takes_no_command_from_kept_settings_of_another_user(booted: Booted) -> None:
    """The watching user, who owns the state, writes a command into the kept settings: root goes by device.toml, and
    by settings that root itself has kept.
    """
    booted.config.write_text(TOML + '[handover]\nserver = "command"\ncommand = ["/bin/true"]\nwhen = "asked"\n')
    booted.report()
    path, ran = booted.device.path / "state" / "settings", booted.device.path / "ran"
    lines = [line for line in path.read_text().splitlines()[:-1] if not line.startswith("handover")]
    orders = ("handover-command /usr/bin/touch", f"handover-command {ran}", "handover server command")
    with socket.create_server(("127.0.0.1", 0)) as listening:  # a command is run where somebody could be told
        path.write_text(seal([*lines, *orders, f"handover connect 127.0.0.1:{listening.getsockname()[1]}"]))
        os.chown(path, 12345, -1)
        booted()
    assert not ran.exists()
    assert path.stat().st_uid == 0
    assert "touch" not in path.read_text()


def test_a_torn_floor_is_made_anew(booted: Booted) -> None:
    """The floor is a hint: whatever became of it, the device boots."""
    (booted.device.path / "state" / "floor").write_text("dotlocal floor 1\n99")
    booted.report()
    assert booted.device.state.floor() is not None


# template and key


@pytest.mark.parametrize("change", [None, lambda t: "", lambda t: t[:200], lambda t: t.replace("local", "lokal")])
def test_a_torn_template_is_healed(booted: Booted, change: Callable[[str], str] | None) -> None:
    """Lost, empty, cut or altered: prepared again from the birth record, and kept."""
    path = booted.device.path / "state" / "template"
    whole = path.read_text()
    path.unlink() if change is None else path.write_text(change(whole))
    assert codes(booted.report()) == []
    assert path.read_text() == whole
    assert booted.accepted()


def test_before_adoption_there_is_nothing_to_boot(booted: Booted) -> None:
    """Key, but no birth record: exit 2, and the hint names the next command."""
    for name in ("template", "birth.pem"):
        (booted.device.path / "state" / name).unlink()
    done = booted()
    assert (done.status, done.code, done.hinted) == (2, "not-adopted", True)


def test_without_a_state_there_is_nothing_to_boot(booted: Booted, tmp_path: Path) -> None:
    """No key: exit 2, and nothing is made in the place of the state, nor a run directory: root's would be in the way of
    the user who comes to own the state.
    """
    for word in ([], ["--changed"]):
        done = booted.command("device", "boot", "--state", tmp_path / "none", "--run", tmp_path / "run", *word)
        assert (done.status, done.code, done.hinted) == (2, "no-state", True)
        assert not (tmp_path / "none").exists()
        assert not (tmp_path / "run").exists()


def test_an_error_is_told_quietly_asked_or_not(booted: Booted) -> None:
    """`--quiet` says nothing when all is well; a boot that ends with 1 says why."""
    booted.config.write_text(f'group = "no-such-group"\n{TOML}')
    done = booted("--quiet")
    assert (done.status, done.code, done.hinted) == (1, "group-unknown", True)


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda key: key.write_text(""), "no-state"),
        (lambda key: key.write_text(key.read_text()[:-50]), "key-damaged"),
        (lambda key: key.write_text(key.read_text().replace("M", "!", 5)), "key-damaged"),
        (lambda key: key.write_bytes(b"\xff\xfe"), "file-damaged"),
        (lambda key: (key.unlink(), key.mkdir()), "file-unreadable"),
    ],
)
def test_a_key_that_can_not_be_read(booted: Booted, damage: Callable[[Path], object], code: str) -> None:
    """Refused with a code, and what was served stays served."""
    booted.report()
    before = tree(booted.device.run)
    damage(booted.device.path / "state" / "device-ca.key")
    done = booted()
    assert (done.status, done.code) == (2 if code == "no-state" else 1, code)
    assert {name for name in before if "status.json" not in name} <= {*tree(booted.device.run)}
    assert booted.accepted()


def test_the_key_of_another_device(booted: Booted, tmp_path: Path) -> None:
    """Key and birth record of two devices: found out before anything is signed."""
    other = make_device(tmp_path / "other", "SN0002")
    (booted.device.path / "state" / "device-ca.key").write_text(other.state.text("device-ca.key"))
    done = booted()
    assert (done.status, done.code, done.hinted) == (1, "wrong-key", True)


# the run directory


def test_a_run_directory_that_can_not_be_made(booted: Booted, tmp_path: Path) -> None:
    """A file in its place: exit 1, coded."""
    (tmp_path / "file").write_text("")
    done = booted.command("device", "boot", "--state", booted.device.path / "state", "--run", tmp_path / "file" / "run")
    assert (done.status, done.code) == (1, "file-unwritable")


def test_a_lost_run_directory_is_made_again(booted: Booted) -> None:
    """A tmpfs starts empty at each boot of the machine."""
    booted.report()
    subprocess.run(["rm", "-r", str(booted.device.run)], check=True)
    booted.report()
    assert booted.accepted()


@pytest.mark.parametrize("word", ["--run=", "--state=", "--config="])
def test_an_empty_path_is_a_mistake(dotlocal: Command, tmp_path: Path, word: str) -> None:
    """`--run=$UNSET` swallows no other word and publishes nothing anywhere: exit 2."""
    done = dotlocal("device", "boot", word, "--quiet", before=("env", "-C", str(tmp_path)))
    assert done.status == 2
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_group(booted: Booted) -> None:
    """`group` names nobody: told by its code, exit 1; the new set is there, for its owner alone."""
    booted.report()
    booted.config.write_text(f'group = "no-such-group"\n{TOML}')
    done = booted("--json")
    assert done.status == 1
    assert codes(json.loads(done.out)) == ["group-unknown"]
    assert (booted.device.run / "current" / "privkey.pem").stat().st_mode & 0o777 == 0o600
    assert booted.accepted()


def test_many_boots_at_once(booted: Booted) -> None:
    """Six at once: each waits its turn and issues, and the set that stays is whole."""
    running = [booted.command.start(*booted.words, "--json") for _ in range(6)]
    reports = [json.loads(process.communicate()[0]) for process in running]
    assert [process.returncode for process in running] == [0] * 6
    assert len({report["serial"] for report in reports}) == 6
    assert f"{served(booted.device.run).leaf.serial_number:x}" in {report["serial"] for report in reports}
    assert booted.accepted()


def test_a_boot_waits_for_another(booted: Booted) -> None:
    """Somebody holds the lock for a second: the boot waits, and issues then."""
    booted.device.run.mkdir()
    with (booted.device.run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        release = threading.Timer(1, fcntl.flock, (lock, fcntl.LOCK_UN))
        release.start()
        started = time.monotonic()
        assert booted().status == 0
        assert time.monotonic() - started > 0.8
        release.join()


def test_no_name_left(booted: Booted) -> None:
    """No name, no address, no set before: a self-signed certificate, exit 1; the status says why and what to do."""
    booted.config.write_text('suffixes = false\ninterfaces = ["none0"]\n')
    done = booted()
    assert done.status == 1
    assert "(no-name-left)" in done.err
    (alone,) = served(booted.device.run).full
    assert alone.issuer == alone.subject
    assert booted.command("device", "status", "--run", booted.device.run).status == 1


# streams


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["", "--json"])
def test_an_init_system_without_streams(booted: Booted, closed: str, words: str) -> None:
    """Started with closed descriptors: the boot does not care, and writes nothing into a file by mistake."""
    booted.report()
    before = ("sh", "-c", f'exec "$@" {words} {closed}', "sh")
    assert booted(before=before).status == 0
    assert booted.accepted()
    pem.certificates((booted.device.run / "current" / "fullchain.pem").read_bytes(), "fullchain.pem")


def test_a_report_that_nobody_takes(booted: Booted) -> None:
    """Standard output is full: the set is there, and exit status and a line on stderr tell of the report."""
    done = booted(before=("sh", "-c", 'exec "$@" --json > /dev/full', "sh"))
    assert (done.status, done.code) == (1, "file-unwritable")
    assert booted.accepted()


@pytest.mark.parametrize("words", [["--days=7"], ["extra"], ["--state"], ["--run"]])
def test_a_mistake_in_the_words_is_told_by_the_full_command_line(booted: Booted, words: list[str]) -> None:
    """Exit 2, `usage`, a hint; nothing was made."""
    done = booted(*words)
    assert (done.status, done.code, done.hinted) == (2, "usage", True)
    assert not booted.device.run.exists()


def test_help_and_equal_signs(booted: Booted) -> None:
    """`--help` is answered, and `--state=DIR` is `--state DIR`."""
    assert "usage: dotlocal device boot" in booted.command.ok("device", "boot", "--help").out
    words = [f"--{name}={booted.device.path / name}" for name in ("state", "run")]
    assert booted.command("device", "boot", *words, f"--config={booted.config}").status == 0


def test_places_from_the_environment(booted: Booted) -> None:
    """DOTLOCAL_STATE and DOTLOCAL_RUN; a flag wins."""
    state, run = str(booted.device.path / "state"), str(booted.device.run)
    config = ("--config", booted.config)
    assert booted.command("device", "boot", *config, DOTLOCAL_STATE=state, DOTLOCAL_RUN=run).status == 0
    assert (
        booted.command("device", "boot", *config, "--state", state, DOTLOCAL_STATE="/none", DOTLOCAL_RUN=run).status
        == 0
    )
    assert window_of(served(booted.device.run).leaf)
