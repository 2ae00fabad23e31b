"""`device reset` for the next owner, and `--scrap` for the end: what stays, what goes, and who is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from booting import Device, served

from dotlocal.core.errors import Absent, Refused
from dotlocal.device import reset
from dotlocal.device.store import DROPPED, KEPT, SERVER_KEYS, Run, State
from dotlocal.device.time import Hint
from dotlocal.testing import World
from installed import Command, tree


@pytest.fixture
def device(device: Device, tmp_path: Path, world: World) -> Device:
    """A device with everything that an owner can add to it."""
    device.settings.keep_while_unchanged = True
    device.boot()
    state = tmp_path / "state"
    (state / "settings").write_text("settings")
    (state / "pin-refused").write_text("pin")
    device.state.save_hint(Hint(world.now, 30, "boot-1", "browser"))
    (state / "owned").mkdir()
    (state / "owned" / "privkey.pem").write_text("the customer's")
    (state / "owned" / "current").symlink_to("privkey.pem")
    return device


def run(device: Device) -> Run:
    return Run(str(device.run))


def test_a_reset_keeps_what_the_factory_made(device: Device) -> None:
    """Device CA, request, birth record, template and floor, to the octet; all else is gone, and told."""
    state = device.path / "state"
    before = tree(state)
    report = reset.reset(device.state, run(device))
    assert tree(state) == {name: before[name] for name in KEPT}
    assert report.kept == list(KEPT)
    assert {"kept-known", "settings", "hint", "owned/", "run/current"} <= set(report.dropped)
    assert report.left == []
    assert [path.name for path in device.run.iterdir()] == ["lock"]


def test_the_next_owner_is_served_under_a_new_key(device: Device) -> None:
    """The next boot is accepted, and neither its key nor its certificate is the one of the owner before."""
    before = served(device.run)
    reset.reset(device.state, run(device))
    device.boot()
    assert device.accepted("press-07.local")
    assert served(device.run).key.public_key() != before.key.public_key()


def test_a_reset_said_twice(device: Device) -> None:
    """Nothing is left to drop, and nothing more is lost."""
    reset.reset(device.state, run(device))
    before = tree(device.path)
    assert reset.reset(device.state, run(device)).dropped == []
    assert tree(device.path) == before


def test_what_is_not_ours_stays(device: Device) -> None:
    """A file and a folder of somebody else in the state: left alone, and told."""
    state = device.path / "state"
    (state / "theirs").write_text("theirs")
    (state / "lost+found").mkdir()
    assert reset.reset(device.state, run(device)).left == ["lost+found", "theirs"]
    assert (state / "theirs").read_text() == "theirs"


def test_a_reset_of_nothing(tmp_path: Path, device: Device) -> None:
    """No state, no reset: somebody named the wrong folder."""
    with pytest.raises(Absent) as caught:
        reset.reset(State(str(tmp_path / "elsewhere")), run(device))
    assert (caught.value.code, bool(caught.value.hint)) == ("no-state", True)


def test_every_file_of_the_state_is_kept_or_dropped() -> None:
    """One of the two, and server keys are never kept."""
    assert not set(KEPT) & set(DROPPED)
    assert set(SERVER_KEYS) <= set(DROPPED)


# scrap


def test_scrapping_destroys_everything(device: Device) -> None:
    """Neither key nor birth record is left; the report is honest about flash, and says whom to tell."""
    secret = (device.path / "state" / "device-ca.key").read_text().splitlines()[1]
    report = reset.scrap(device.state, run(device), "SN0001")
    assert tree(device.path / "state") == {}
    assert "device-ca.key" in report.dropped
    assert any("flash may keep copies" in note for note in report.notes)
    assert not any(secret in path.read_text() for path in device.path.rglob("*") if path.is_file())


def test_a_key_is_overwritten_before_it_is_removed(device: Device) -> None:
    """Another name for the same file shows what was left of it."""
    twin = device.path / "twin"
    twin.hardlink_to(device.path / "state" / "device-ca.key")
    size = twin.stat().st_size
    reset.scrap(device.state, run(device), "SN0001")
    assert twin.read_bytes() == bytes(size)


@pytest.mark.parametrize("serial", ["SN0002", "SN000", "SN00011", "sn0001", "", "SÑ0001", "\udcff", "0001"])
def test_scrapping_another_device_is_refused(device: Device, serial: str) -> None:
    """The serial number must be this device's, all of it; nothing is touched."""
    before = tree(device.path)
    with pytest.raises(Refused) as caught:
        reset.scrap(device.state, run(device), serial)
    assert (caught.value.code, bool(caught.value.hint)) == ("scrap-other-serial", True)
    assert tree(device.path) == before


@pytest.mark.parametrize("lost", ["request.pem", "template"])
def test_one_of_two_witnesses_knows_the_serial_number(device: Device, lost: str) -> None:
    """Request or template, whichever is still there."""
    (device.path / "state" / lost).write_text("")
    with pytest.raises(Refused):
        reset.scrap(device.state, run(device), "SN0002")
    reset.scrap(device.state, run(device), "SN0001")


def test_a_damaged_key_can_be_scrapped(device: Device) -> None:
    """A scrap that was cut short has left zeros: saying it again ends it."""
    (device.path / "state" / "device-ca.key").write_bytes(bytes(241))
    reset.scrap(device.state, run(device), "SN0001")
    with pytest.raises(Absent):
        reset.scrap(device.state, run(device), "SN0001")


# the command


def test_the_commands_of_reset(device: Device, dotlocal: Command) -> None:
    """Told as text and as JSON; scrap asks for the serial number, and takes it from nobody but the caller."""
    places = ["--state", device.path / "state", "--run", device.run]
    told = dotlocal.ok("device", "reset", *places)
    assert "kept: device-ca.key" in told.err
    assert '"kept"' in dotlocal.ok("device", "reset", "--json", *places).out
    asked = dotlocal("device", "reset", "--scrap", *places)
    assert (asked.status, asked.code, asked.hinted) == (1, "scrap-unconfirmed", True)
    assert dotlocal("device", "reset", "--yes-scrap", "SN0001", *places).status == 2
    assert dotlocal("device", "reset", "--scrap", "--yes-scrap", "SN0002", *places).code == "scrap-other-serial"
    dotlocal.ok("device", "reset", "--scrap", "--yes-scrap", "SN0001", *places)
    assert dotlocal("device", "boot", *places).code == "no-state"


def test_a_reset_without_cryptography(device: Device, bare: Command) -> None:
    """A device has the standard library alone, and an owner all the same."""
    places = ["--state", device.path / "state", "--run", device.run]
    bare.ok("device", "reset", *places)
    bare.ok("device", "reset", "--scrap", "--yes-scrap", "SN0001", *places)


def test_a_link_among_the_sets_leads_no_reset_elsewhere(device: Device, tmp_path: Path) -> None:
    """run/set-x → somebody's folder, put there by whoever owns the run directory: the link goes, the file stays."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("root's")
    (device.run / "set-x").symlink_to(elsewhere)
    reset.reset(device.state, run(device))
    assert (elsewhere / "file").read_text() == "root's"
    assert [path.name for path in device.run.iterdir()] == ["lock"]
