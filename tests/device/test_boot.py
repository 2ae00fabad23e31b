"""What one boot makes, with a clock and surroundings of the test's choice: real keys, real files, no command."""

from __future__ import annotations

import grp
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from booting import NOW, Device, issue_record, reading, served, surroundings
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from dotlocal.core.chain import window_of
from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.device import adoption, boot
from dotlocal.device.store import Run
from dotlocal.device.surroundings import Surroundings
from dotlocal.host.files import Lock
from dotlocal.testing import MOMENT, World
from installed import tree

FILES = {"privkey.pem", "fullchain.pem", "names.pem", "bundle.pem", "names-bundle.pem", "status.json"}


def codes(report: dict[str, list[dict[str, str]]]) -> list[str]:
    return [finding["code"] for finding in report["findings"]]


def test_a_browser_accepts_name_and_address(device: Device) -> None:
    """Root → factory CA → device CA → press-07.local and 192.168.77.7: accepted, and nothing else is."""
    device.boot()
    assert device.accepted("press-07.local")
    assert device.accepted("192.168.77.7")
    assert device.accepted_by_name("press-07.local")
    assert not device.accepted_by_name("192.168.77.7")
    assert not device.accepted("press-08.local")


def test_two_boots_have_two_keys_and_four_serial_numbers(device: Device) -> None:
    """Nothing of a certificate is used again: neither its key nor its number, in either of the two."""
    sets = []
    for _ in range(2):
        device.boot()
        sets.append(served(device.run))
    assert sets[0].key.public_key() != sets[1].key.public_key()
    assert len({chain[0].serial_number for each in sets for chain in (each.full, each.names)}) == 4


def test_the_files_of_a_set(device: Device) -> None:
    """Six files; the bundles are key and chain in one; what holds the key is for its owner alone."""
    device.boot()
    folder = served(device.run).folder
    assert {path.name for path in folder.iterdir()} == FILES
    key, full, names = ((folder / name).read_text() for name in ("privkey.pem", "fullchain.pem", "names.pem"))
    assert (folder / "bundle.pem").read_text() == key + full
    assert (folder / "names-bundle.pem").read_text() == key + names
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"privkey.pem", "bundle.pem", "names-bundle.pem"}
    assert set(modes.values()) == {0o600, 0o644}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_set_that_fails_leaves_nothing_behind(device: Device) -> None:
    """A watching device whose key can't be given to the group tries for years, on a file system in memory."""
    device.boot()
    before = set(os.listdir(device.run))
    with pytest.raises(Refused) as caught:
        Run(str(device.run)).publish("set-0", {"privkey.pem": (b"", 0o600), "privkey.pem/x": (b"", 0o600)}, group=None)
    assert caught.value.code == "file-unwritable"
    assert set(os.listdir(device.run)) == before


def test_the_chain_ends_below_the_root(device: Device) -> None:
    """Server certificate, device CA, factory CA; never the root; an empty subject and a critical SAN."""
    device.boot()
    leaf, *above = served(device.run).full
    assert above == list(device.record.sent)
    assert leaf.subject.rfc4514_string() == ""
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


def test_names_only_for_clients_that_name_a_host(device: Device) -> None:
    """fullchain.pem has names and addresses, names.pem names alone, under one key."""
    device.boot()
    pair = served(device.run)
    full, names = (
        chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        for chain in (pair.full, pair.names)
    )
    assert [str(a) for a in full.get_values_for_type(x509.IPAddress)] == ["192.168.77.7"]
    assert names.get_values_for_type(x509.IPAddress) == []
    assert names.get_values_for_type(x509.DNSName) == full.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize(
    "around", [surroundings("", "10.0.0.1"), Surroundings("press-07", [])], ids=["addresses", "names"]
)
def test_with_one_kind_the_two_are_the_same(device: Device, around: Surroundings) -> None:
    """Without a name, or without an address, there is one certificate, and names.pem is fullchain.pem."""
    report = device.boot(around=around)
    pair = served(device.run)
    assert pair.full == pair.names
    assert report["serial"] == report["names_serial"]


def test_an_outside_address_is_left_out(device: Device) -> None:
    """8.8.8.8 at an interface: the device boots, without it, and the status has it with a code."""
    report = device.boot(around=surroundings("press-07", "192.168.77.7", "8.8.8.8"))
    assert [(each["value"], each["code"]) for each in report["left_out"]] == [("8.8.8.8", "outside-constraints")]
    assert report["findings"] == []
    assert device.accepted("192.168.77.7")


def test_a_renamed_device(device: Device) -> None:
    """Another name and address at the next boot: those are accepted, and the old ones no more."""
    device.boot()
    device.boot(around=surroundings("kitchen", "10.0.0.9"))
    assert device.accepted("kitchen.local")
    assert device.accepted("10.0.0.9")
    assert not device.accepted("press-07.local")


# time


def test_a_known_clock_makes_ninety_days(device: Device) -> None:
    """From a day back, 90 days in all, for browsers whose clock runs behind."""
    report = device.boot(reading(NOW))
    window = served(device.run).window
    assert (window.not_before, window.not_after) == (NOW - DAY, NOW + 89 * DAY)
    assert report["clock"]["quality"] == "synchronised"


def test_a_clock_in_1970_makes_the_life_of_the_device_ca(device: Device) -> None:
    """A browser with the right time accepts it: today, and in ten years."""
    report = device.boot(reading(0, synchronised=False))
    assert report["clock"]["quality"] == "unknown"
    assert served(device.run).window == device.window
    assert device.accepted("press-07.local", NOW)
    assert device.accepted("press-07.local", NOW + 10 * YEAR)


def test_three_years_on_a_shelf_for_apple(device: Device) -> None:
    """`unknown_clock_days = 824`: accepted by Apple for so long from the floor, and refused after the shelf."""
    device.settings.unknown_clock_days = 824
    device.boot(reading(0, synchronised=False))
    window = served(device.run).window
    assert window.not_after - window.not_before <= 824 * DAY
    assert device.accepted("press-07.local", MOMENT + 2 * YEAR)
    assert not device.accepted("press-07.local", MOMENT + 3 * YEAR)


def test_an_expired_device_ca_still_serves(device: Device) -> None:
    """30 years on: a certificate for the last valid days, finding `ca-expired`, and HTTPS goes on."""
    report = device.boot(reading(NOW + 30 * YEAR))
    assert codes(report) == ["ca-expired"]
    window = served(device.run).window
    assert window.not_after == device.window.not_after
    assert device.accepted("press-07.local", window.not_after - DAY)


def test_a_wrong_clock_destroys_nothing(device: Device) -> None:
    """A synchronised clock of 2099, then the right one: the next boot is as if nothing had happened."""
    device.boot(reading(NOW + 73 * YEAR))
    before = {name: value for name, value in tree(device.path / "state").items() if name != "floor"}
    report = device.boot(reading(NOW))
    assert report["findings"] == []
    assert {name: value for name, value in tree(device.path / "state").items() if name != "floor"} == before
    assert device.accepted("press-07.local")


def test_the_floor_is_saved_once_a_day(device: Device) -> None:
    """Ten boots in a day write the floor once; the boot of the day after writes it again."""
    floors = set()
    for hour in range(10):
        device.boot(reading(NOW + hour * 3600, boot_id=f"boot-{hour}"))
        floors.add((device.path / "state" / "floor").read_text())
    assert len(floors) == 1
    device.boot(reading(NOW + DAY, boot_id="boot-x"))
    assert (device.path / "state" / "floor").read_text() not in floors


def test_the_state_is_left_alone(device: Device) -> None:
    """Nothing but the floor is ever written at boot: flash wears, and a power cut finds nothing half-written."""
    before = tree(device.path / "state")
    device.boot()
    after = tree(device.path / "state")
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"floor"}


# nothing left


def test_no_name_left_keeps_the_previous_set(device: Device) -> None:
    """Everything unplugged at the second boot: what was served stays served, and the status has `no-name-left`."""
    first = device.boot()
    before = tree(device.run)
    report = device.boot(around=Surroundings("", []))
    assert codes(report) == ["no-name-left"]
    assert (report["serial"], report["names"]) == (first["serial"], first["names"])
    after = tree(device.run)
    (status,) = {name for name in before | after if before.get(name) != after.get(name)}
    assert status.endswith("/status.json")
    assert json.loads((device.run / "current" / "status.json").read_text()) == report


def test_no_name_left_and_no_set_before(device: Device) -> None:
    """A first boot with nothing to name: a self-signed certificate, so that web servers start, and the finding."""
    report = device.boot(around=Surroundings("", []))
    assert codes(report) == ["no-name-left"]
    pair = served(device.run)
    assert {path.name for path in pair.folder.iterdir()} == FILES
    (alone,) = pair.full
    alone.verify_directly_issued_by(alone)
    assert report["serial"] == f"{alone.serial_number:x}"
    assert not device.accepted("press-07.local")


def test_the_self_signed_one_is_replaced_by_the_next_boot(device: Device) -> None:
    """With a name again, the device is trusted again."""
    device.boot(around=Surroundings("", []))
    device.boot()
    assert device.accepted("press-07.local")


# files


def test_readers_of_the_set_before_are_not_disturbed(device: Device) -> None:
    """Whoever resolved run/current before a boot reads on; the set of two boots ago is gone."""
    device.boot()
    first = served(device.run).folder
    device.boot()
    assert (first / "privkey.pem").exists()
    device.boot()
    assert not first.exists()
    assert sorted(path.name for path in device.run.iterdir() if path.name.startswith("set-")).__len__() == 2


def test_leftovers_of_a_boot_that_was_cut_short_are_swept(device: Device) -> None:
    """Half a set and a link that was never moved: gone after the next boot, and never served."""
    device.boot()
    (device.run / "set-0123456789abcdef").mkdir()
    (device.run / "set-0123456789abcdef" / "privkey.pem").write_text("half")
    (device.run / "current.77.tmp").symlink_to("set-0123456789abcdef")
    device.boot()
    assert not (device.run / "set-0123456789abcdef").exists()
    assert not (device.run / "current.77.tmp").is_symlink()
    served(device.run)


def test_a_link_among_the_sets_leads_no_boot_elsewhere(device: Device, tmp_path: Path) -> None:
    """run/set-x → somebody's folder, put there by whoever owns the run directory: no boot clears that, be it root's."""
    device.boot()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("root's")
    (device.run / "set-x").symlink_to(elsewhere)
    for _ in range(3):
        device.boot()
    assert (elsewhere / "file").read_text() == "root's"


def test_what_is_not_ours_stays(device: Device) -> None:
    """Somebody else's file in the run directory, and somebody's folder in an old set, are left alone."""
    device.boot()
    (device.run / "nginx.conf").write_text("theirs")
    (served(device.run).folder / "theirs").mkdir()
    for _ in range(3):
        device.boot()
    assert (device.run / "nginx.conf").read_text() == "theirs"


@pytest.mark.parametrize("loss", ["link", "set", "everything"])
def test_a_lost_run_directory_is_made_again(device: Device, loss: str) -> None:
    """A tmpfs starts empty; a dangling link or a missing folder is no reason to stop."""
    device.boot()
    folder = served(device.run).folder
    if loss in ("set", "everything"):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    if loss in ("link", "everything"):
        (device.run / "current").unlink()
    device.boot()
    assert device.accepted("press-07.local")


def test_a_folder_in_the_place_of_the_link_is_refused(device: Device) -> None:
    """`current` as a real folder is somebody's mistake: refused by name, nothing of it removed."""
    device.run.mkdir()
    (device.run / "current").mkdir()
    (device.run / "current" / "theirs").write_text("theirs")
    with pytest.raises(Refused) as caught:
        device.boot()
    assert caught.value.code == "file-unwritable"
    assert (device.run / "current" / "theirs").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to a group")
def test_a_group_reads_the_key(device: Device) -> None:
    """`group`: the folder 0750, keys 0640, all of that group; still nothing for others."""
    group = grp.getgrgid(min(g.gr_gid for g in grp.getgrall() if g.gr_gid))
    device.settings.group = group.gr_name
    device.boot()
    folder = served(device.run).folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert {path.stat().st_gid for path in (folder, *folder.iterdir())} == {group.gr_gid}
    assert {path.name for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) == 0o640} == {
        "privkey.pem", "bundle.pem", "names-bundle.pem",
    }  # fmt: skip


def test_a_birth_record_that_was_lost_is_refused(device: Device) -> None:
    """Without the chain above it a certificate is of no use: the set before stays."""
    device.boot()
    before = tree(device.run)
    (device.path / "state" / "birth.pem").write_text("")
    with pytest.raises(Refused) as caught:
        device.boot()
    assert caught.value.code == "birth-damaged"
    assert tree(device.run) == before


def test_a_birth_record_that_comes_during_a_boot(device: Device, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adopted after the template was read, and before the chain: issued again, and all of it is of the new record."""
    request = device.state.text("request.pem").encode()
    renewed = issue_record(world, request, "SN0001", years=11)
    adoptions = iter([lambda: adoption.adopt(device.state, renewed.encode().encode(), now=None)])

    def look() -> Surroundings:
        next(adoptions, lambda: None)()
        return surroundings()

    monkeypatch.setattr(boot.surroundings, "look", look)
    options = boot.Options()
    options.state, options.run, options.config = device.state.path, str(device.run), str(device.path / "none.toml")
    report = boot.boot(options)
    assert served(device.run).full[1] == renewed.device_ca
    assert report["device_ca"]["serial"] == f"{renewed.device_ca.serial_number:x}"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """The second waits for the first; a first that stays too long is named, and its end frees the lock."""
    path = str(tmp_path / "lock")
    with Lock(path, 1):
        with pytest.raises(Refused) as caught, Lock(path, 0.1):
            pass
        assert (caught.value.code, bool(caught.value.hint)) == ("busy", True)
    with Lock(path, 0.1):
        pass


def test_a_reader_never_meets_half_a_set(device: Device) -> None:
    """60 boots while a reader resolves run/current all the time: the key is always that of the certificates."""
    device.boot()
    done = threading.Event()
    failures: list[BaseException] = []
    reads = 0

    def read() -> None:
        nonlocal reads
        while not done.is_set():
            try:
                served(device.run)
                reads += 1
            except FileNotFoundError:
                continue  # resolved two boots ago; a reader that is so slow resolves again
            except BaseException as error:
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(60):
        device.boot()
    done.set()
    reader.join()
    assert failures == []
    assert reads > 20


def test_pycas_own_verifier_agrees(device: Device) -> None:
    """An independent verifier accepts the chain as it is served, without any of our rules."""
    device.boot(reading(NOW))
    leaf, *above = served(device.run).full
    policy = PolicyBuilder().store(Store([device.record.root])).time(window_of(leaf) and leaf.not_valid_before_utc)
    verifier = policy.build_server_verifier(x509.DNSName("press-07.local"))
    assert verifier.verify(leaf, above)
