"""`keep_while_unchanged`: the key and certificates of an earlier boot, served again while they say the same."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from booting import NOW, Device, issue_record, make_device, reading, served, surroundings

from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY, Window
from dotlocal.device import adoption, boot, kept
from dotlocal.device.plan import Plan
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.time import UNKNOWN, Clock, Floor, Hint
from dotlocal.host.clock import Reading
from dotlocal.testing import MOMENT, World
from installed import Command, tree


@pytest.fixture
def device(device: Device) -> Device:
    device.settings.keep_while_unchanged = True
    return device


def lost(uptime: int = 30, boot_id: str = "boot-1") -> Reading:
    """A clock that nobody knows."""
    return reading(0, synchronised=False, uptime=uptime, boot_id=boot_id)


def again(device: Device, clock: Reading | None = None, around: Surroundings | None = None) -> bool:
    """Boot, and tell whether the key is the one of the boot before."""
    before = served(device.run)
    device.boot(clock, around)
    after = served(device.run)
    same = (before.key.public_key(), before.full, before.names) == (after.key.public_key(), after.full, after.names)
    assert same or before.key.public_key() != after.key.public_key()
    return same


def test_the_same_certificate_at_every_boot(device: Device) -> None:
    """Ten boots in as many days: one key, one certificate, and the status tells when it was really made."""
    first = device.boot()
    for day in range(10):
        assert again(device, reading(NOW + day * DAY, boot_id=f"boot-{day}"))
        assert device.accepted("press-07.local", NOW + day * DAY)
    report = device.boot(reading(NOW + 10 * DAY))
    assert (report["issued"], report["not_after"]) == (first["issued"], first["not_after"])
    assert report["serial"] == first["serial"]
    assert report["clock"]["now"] != first["clock"]["now"]


def test_off_by_default_no_server_key_touches_the_state(device: Device) -> None:
    """Without the option nothing of a server's key is ever in the state."""
    device.settings.keep_while_unchanged = False
    before = tree(device.path / "state")
    device.boot()
    assert not again(device)
    assert set(tree(device.path / "state")) - set(before) == {"floor"}


def test_flash_is_written_only_when_something_changed(device: Device) -> None:
    """What is kept is written once, 0600, and not again while it is served."""
    device.boot()
    path = device.path / "state" / "kept-known"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.stat()
    for _ in range(3):
        device.boot()
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "around",
    [surroundings("kitchen"), surroundings("press-07", "192.168.77.8"),
     surroundings("press-07", "192.168.77.7", "10.0.0.1")],
    ids=["name", "address", "one more address"],
)  # fmt: skip
def test_a_change_makes_a_new_key(device: Device, around: Surroundings) -> None:
    """Another name or address: a new key, which is then the one that is kept."""
    device.boot()
    assert not again(device, around=around)
    assert again(device, around=around)


def test_the_order_of_addresses_is_no_change(device: Device) -> None:
    """The kernel lists interfaces as they came up."""
    device.boot(around=surroundings("press-07", "10.0.0.1", "192.168.77.7"))
    assert again(device, around=surroundings("press-07", "192.168.77.7", "10.0.0.1"))


def test_an_address_outside_the_constraints_is_no_change(device: Device) -> None:
    """What is left out of the certificate can't change it; the status of now still lists it."""
    device.boot()
    before = served(device.run)
    report = device.boot(around=surroundings("press-07", "192.168.77.7", "8.8.8.8"))
    assert served(device.run).full == before.full
    assert [each["value"] for each in report["left_out"]] == ["8.8.8.8"]


def test_another_life_makes_a_new_key(device: Device) -> None:
    """`days` was changed: what is kept is not what is wanted."""
    device.boot()
    device.settings.days = 30
    assert not again(device)


def test_a_renewed_device_ca_makes_a_new_key(device: Device) -> None:
    """Same names, another device CA above them."""
    device.boot()
    record = issue_record(device.world, device.state.text("request.pem").encode(), "SN0001", years=20)
    adoption.adopt(device.state, record.encode().encode(), now=None)
    assert not again(device)


@pytest.mark.parametrize(("days", "same"), [(0, True), (58, True), (59, False), (88, False), (1000, False)])
def test_a_third_of_the_life_must_be_left(device: Device, days: int, same: bool) -> None:
    """90 days from a day back: served again for 59 of them by a known clock."""
    device.boot()
    assert again(device, reading(NOW + days * DAY)) == same
    assert device.accepted("press-07.local", NOW + days * DAY)


@pytest.mark.parametrize(("hours", "same"), [(0, True), (1, True), (2, False), (48, False), (24 * 30, False)])
def test_a_clock_that_was_set_back(tmp_path: Path, world: World, hours: int, same: bool) -> None:
    """What starts too late for browsers whose clock runs behind is made again."""
    device = make_device(tmp_path, world=world)
    device.settings.keep_while_unchanged = True
    later = MOMENT + 100 * DAY
    device.boot(reading(later))
    assert again(device, reading(later - hours * 3600)) == same
    assert device.accepted("press-07.local", later - hours * 3600 - DAY + 3600)


def test_an_unknown_clock_keeps_the_life_of_the_device_ca(device: Device) -> None:
    """Boots in 1970: one certificate, as long as the device CA, however long the shelf was."""
    device.boot(lost())
    for number in range(5):
        assert again(device, lost(uptime=number * DAY, boot_id=f"boot-{number}"))
    assert served(device.run).window == device.window


def test_a_clock_that_the_network_sets_has_two_certificates(device: Device) -> None:
    """Unknown at start, synchronised a minute later, at every boot: two certificates in turn, and no more writing."""
    device.boot(lost())
    early = served(device.run).full
    device.boot(reading(NOW))
    late = served(device.run).full
    before = tree(device.path / "state")
    for day in range(5):
        device.boot(lost(boot_id=f"boot-{day}"))
        assert served(device.run).full == early
        device.boot(reading(NOW + day * 3600, boot_id=f"boot-{day}"))
        assert served(device.run).full == late
    assert tree(device.path / "state") == before


def test_a_certificate_of_a_known_clock_is_not_trusted_to_an_unknown_one(device: Device) -> None:
    """Three years on a shelf: the 90 days that were kept are over, and nobody could know; so they are not served."""
    device.boot(reading(NOW))
    assert not again(device, lost(boot_id="boot-2"))
    assert device.accepted("press-07.local", NOW + 1100 * DAY)


def test_apple_and_an_unknown_clock(device: Device) -> None:
    """`unknown_clock_days`: kept until two thirds of it are certain to have passed."""
    device.settings.unknown_clock_days = 90
    device.boot(lost())
    assert again(device, lost(uptime=40 * DAY))
    device.state.save_floor(Floor(MOMENT + 70 * DAY, 0, "boot-1"))
    assert not again(device, lost(uptime=0, boot_id="boot-2"))


def test_an_expired_device_ca_does_not_wear_the_flash(device: Device) -> None:
    """Its last valid days are the same at every boot."""
    later = device.window.not_after + 100 * DAY
    device.boot(reading(later))
    assert again(device, reading(later + 5 * DAY))


def test_a_bad_time_server_costs_one_certificate(device: Device) -> None:
    """Ten years ahead and back: the right time gets a valid certificate at once."""
    device.boot(reading(NOW))
    assert not again(device, reading(NOW + 3653 * DAY))
    assert not again(device, reading(NOW))
    assert device.accepted("press-07.local", NOW)


def test_a_handed_over_time_is_not_worth_flash(device: Device) -> None:
    """A hint ends with its boot, so nothing is kept by it, and nothing kept is served by it."""
    device.settings.browser_time = True
    device.state.save_hint(Hint(NOW, 30, "boot-1", "browser"))
    device.boot(lost(uptime=60))
    assert not {"kept-known", "kept-unknown"} & set(tree(device.path / "state"))


@pytest.mark.parametrize(("days", "enough"), [(100, True), (800, False)])
def test_a_handed_over_time_tells_how_much_is_left(days: int, enough: bool) -> None:
    """The floor is years behind what a browser said: two thirds of the certificate are over by what it said."""
    hint = Hint(NOW + days * DAY, 30, "boot-1", "browser")
    planned = Plan(
        clock=Clock(UNKNOWN, hint.moment, NOW, None, hint), window=Window(hint.moment, hint.moment + 824 * DAY),
        names=[], addresses=[], left_out=[], findings=[],
    )  # fmt: skip
    assert kept.lasts(Window(NOW, NOW + 824 * DAY), planned) is enough


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_a_torn_file_is_made_again(device: Device, cut: int) -> None:
    """Empty, torn, or altered: a new key, and that one is kept."""
    device.boot()
    path = device.path / "state" / "kept-known"
    text = path.read_text()
    path.write_text(text[:cut] if cut >= 0 else text.replace("full 3082", "full 3083"))
    assert not again(device)
    assert again(device)


def test_a_state_that_cannot_be_written(device: Device) -> None:
    """The option can't work, the device can: a warning, and a new key at every boot."""

    class ReadOnly(State):
        def file(self, name: str) -> str:
            return f"/proc/self/{name}" if name.startswith("kept") else super().file(name)

    device.run.mkdir()
    report = boot.issue(
        device.state.key(), device.state.template(), device.settings, surroundings(), reading(),
        state=ReadOnly(device.state.path), run=Run(str(device.run)), findings=[],
    )  # fmt: skip
    assert [(each["code"], each["severity"]) for each in report["findings"]] == [("kept-unwritable", "warning")]
    assert device.accepted("press-07.local")


def test_switched_off_again_the_key_is_destroyed(device: Device, dotlocal: Command) -> None:
    """device.toml says no: the kept key leaves the state with the next boot, overwritten first."""
    config = device.path / "device.toml"
    config.write_text('hostnames = ["press-07.local"]\nkeep_while_unchanged = true\n')
    words = ["device", "boot", "--state", device.path / "state", "--run", device.run, "--config", config]
    dotlocal.ok(*words)
    first = served(device.run).full
    dotlocal.ok(*words)
    assert served(device.run).full == first
    (kept,) = (device.path / "state").glob("kept-*")
    twin = device.path / "twin"
    twin.hardlink_to(kept)
    config.write_text('hostnames = ["press-07.local"]\nkeep_while_unchanged = false\n')
    dotlocal.ok(*words)
    assert served(device.run).full != first
    assert list((device.path / "state").glob("kept-*")) == []
    assert twin.read_bytes().strip(b"\0") == b""


def test_the_everyday_boot_imports_nothing_of_it(device: Device, dotlocal: Command) -> None:
    """With the option off, its module is not even read."""
    code = (
        "import sys; from dotlocal.device import boot; boot.main(boot.parse(sys.argv[1:]));"
        "print('dotlocal.device.kept' in sys.modules)"
    )
    words = ["--state", str(device.path / "state"), "--run", str(device.run), "--quiet"]
    done = Command(dotlocal.python)("-c", code, *words, PYTHONPATH=os.environ.get("PYTHONPATH", ""))
    assert done.out == "False\n"


@pytest.mark.parametrize("text", ["1", '"yes"', "[]"])
def test_the_option_is_true_or_false(text: str) -> None:
    """Anything else is refused by its name."""
    from dotlocal.device.configuration import parse

    for key in ("keep_while_unchanged", "browser_time"):
        with pytest.raises(Refused) as caught:
            parse(f"{key} = {text}".encode(), "source")
        assert caught.value.code == "wrong-type"
        assert key in caught.value.message
