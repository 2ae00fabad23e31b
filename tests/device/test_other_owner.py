"""Root on a state that belongs to another user: it acts as that user, whatever the command (docs/adr/0022)."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from booting import issue_record, make_device, served
from cryptography import x509

from dotlocal.core.names import HostName
from dotlocal.core.verify import verify
from dotlocal.core.window import DAY
from dotlocal.testing import World
from folders import Folders
from installed import Command, Done, tree
from others import NAMELESS, TLS, WATCHER, Others, give, owners

NOW = int(time.time())
TOML = (
    'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\nsuffixes = false\ninterfaces = ["none0"]\n'
    "browser_time = true\n"
)
HINT = time.strftime("=%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW + 3600))  # not in the name of a test
WRITERS = (
    "boot", "boot --changed", "reset", "reset --settings", "reset --scrap --yes-scrap SN0001", "time --hint",
    "own request", "own self-signed --confirm", "own revert", "own issuer request", "own password --password-fd 0",
)  # fmt: skip


@dataclass
class Kept(Folders):
    """A device whose state belongs to WATCHER, and the installed command on it: by root, or by a user."""

    path: Path
    others: Others
    command: Command
    root: x509.Certificate

    def words(self, words: str) -> list[str]:
        places = {"state": self.state, "run": self.run, "config": self.config}
        places.pop({"reset": "config", "time": "run"}.get(words.split()[0], ""), None)
        return [
            "device",
            *words.replace("--hint", f"--hint{HINT}").split(),
            *(f"--{name}={path}" for name, path in places.items()),
        ]

    def __call__(self, words: str, *more: str | Path, before: tuple[str, ...] = ()) -> Done:
        """By root, unless `before` says otherwise."""
        return self.command(*self.words(words), *more, before=before or self.others.root, stdin="four words and more\n")

    def ok(self, words: str, *more: str | Path, before: tuple[str, ...] = ()) -> Done:
        done = self(words, *more, before=before)
        assert done.status == 0, done
        return done

    def accepted(self) -> bool:
        """Whether a browser accepts what is served, by name."""
        return not verify(served(self.run).names, self.root, HostName("press-07.local"), NOW)


@pytest.fixture
def kept(tmp_path: Path, dotlocal: Command) -> Kept:
    others = Others(tmp_path, dotlocal)
    device = make_device(tmp_path, world=World(now=NOW - DAY))
    made = Kept(tmp_path, others, dotlocal, device.record.root)
    made.config.write_text(TOML)
    give(WATCHER, made.state)
    return made


# what root writes, the owner can read


@pytest.mark.parametrize("uid", [WATCHER, NAMELESS])
def test_root_and_the_owner_take_turns(kept: Kept, uid: int) -> None:
    """Root, the owner, root: each finds what the other has written, and everything is the owner's. The run directory is
    where only root can make it. So it is for an owner whom passwd doesn't know.
    """
    give(uid, kept.state)
    for before in (kept.others.root, kept.others.user(uid), kept.others.root, kept.others.user(uid)):
        kept.ok("boot", before=before)
        assert kept.accepted()
        assert owners(kept.state) | owners(kept.run) == {uid}
    assert {"settings", "floor"} <= set(os.listdir(kept.state))


@pytest.mark.parametrize("words", WRITERS)
def test_whatever_root_does_is_the_owners(kept: Kept, words: str) -> None:
    """Each command that writes: nothing in state and run is root's afterwards."""
    kept.ok("boot")
    if words == "own revert":
        kept.ok("own self-signed --confirm")
    kept.ok(words)
    assert owners(kept.state) | owners(kept.run) == {WATCHER}


def test_key_and_birth_record_are_the_owners(kept: Kept, tmp_path: Path) -> None:
    """`init` and `adopt` in a folder that was laid out for the user; request and record are in a folder of root's."""
    desk = tmp_path / "desk"
    desk.mkdir(mode=0o700)
    state = tmp_path / "new"
    state.mkdir(mode=0o700)
    give(WATCHER, state)
    root = kept.others.root
    init = ["device", "init", "--serial", "SN0002", "--state", state, "--out", desk / "request.pem"]
    assert kept.command(*init, before=root).status == 0
    record = issue_record(World(now=NOW - DAY), (desk / "request.pem").read_bytes(), "SN0002")
    (desk / "birth.pem").write_text(record.encode())
    adopted = kept.command("device", "adopt", desk / "birth.pem", "--state", state, before=root)
    assert adopted.status == 0, adopted
    assert owners(state) == {WATCHER}
    assert owners(desk) == {0}


@pytest.mark.parametrize("words", ["watch", "serve --boot --listen=127.0.0.1:0 --folder=/"])
def test_what_stays_is_the_owner(kept: Kept, words: str) -> None:
    """`watch` gives up root, in user, groups and powers, real and saved; of `serve --boot` the half that boots does."""
    child = kept.command.start(*kept.words(words), before=kept.others.root)
    try:
        _until((kept.run / "current").exists)
        assert owners(kept.state) | owners(kept.run) == {WATCHER}
        if words == "watch":
            lines = Path(f"/proc/{child.pid}/status").read_text().splitlines()
            status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
            assert status["Uid"] == status["Gid"] == [str(WATCHER)] * 4
            assert set(status["Groups"]) == {str(TLS), str(WATCHER)}
            assert {int(status[name][0], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)


# what the owner plants leads root nowhere


@pytest.mark.parametrize("words", WRITERS)
def test_links_lead_root_nowhere(kept: Kept, tmp_path: Path, words: str) -> None:
    """run/current, a set, state/owned and files of the state lead to a folder of root's that looks like a set: nothing
    in there is written, removed or given away, whatever root does.
    """
    kept.ok("boot")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(kept.run / "current", elsewhere)
    give(0, elsewhere)
    for path in elsewhere.iterdir():
        path.chmod(0o644)
    elsewhere.chmod(0o755)
    (kept.run / "current").unlink()
    for link in (kept.run / "current", kept.run / "set-x", kept.state / "owned"):
        link.symlink_to(elsewhere)
    for name in ("settings", "floor", "hint", "kept-known"):
        (kept.state / name).unlink(missing_ok=True)
        (kept.state / name).symlink_to(elsewhere / name)
    (kept.run / "own").symlink_to(elsewhere / "own")
    for path in (*kept.run.iterdir(), *kept.state.iterdir()):
        os.chown(path, WATCHER, WATCHER, follow_symlinks=False)
    before = tree(elsewhere)
    kept(words)
    assert tree(elsewhere) == before
    assert owners(elsewhere) == {0}


def test_the_customers_own_is_reverted_nowhere_else(kept: Kept, tmp_path: Path) -> None:
    """state/owned leads to slots of root's, in one of which a probation has ended: no boot of root's touches them."""
    kept.ok("boot")
    kept.ok("own self-signed", "--minutes", "0.05")
    elsewhere = tmp_path / "elsewhere"
    (kept.state / "owned").rename(elsewhere)
    (kept.state / "owned").symlink_to(elsewhere)
    os.chown(kept.state / "owned", WATCHER, WATCHER, follow_symlinks=False)
    give(0, elsewhere)
    for path in (elsewhere, *elsewhere.iterdir()):
        path.chmod(0o755)
    before = tree(elsewhere)
    time.sleep(4)
    kept("boot")
    assert tree(elsewhere) == before


def test_a_failure_is_told_nowhere_else(kept: Kept, tmp_path: Path) -> None:
    """`boot --changed` that fails writes into the status of the current set, which is a link to somebody else's."""
    kept.ok("boot")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(kept.run / "current", elsewhere)
    give(0, elsewhere)
    (kept.run / "current").unlink()
    (kept.run / "current").symlink_to(elsewhere)
    (kept.state / "device-ca.key").write_text("torn")
    before = tree(elsewhere)
    assert kept("boot --changed").status == 1
    assert tree(elsewhere) == before


def test_root_makes_no_folder_for_a_link(kept: Kept, tmp_path: Path) -> None:
    """The run directory is to lie below a link that the owner made: root doesn't make it there, nor give it away."""
    theirs, roots = tmp_path / "theirs", tmp_path / "roots"
    theirs.mkdir()
    (roots / "empty").mkdir(parents=True)
    give(WATCHER, theirs)
    (theirs / "link").symlink_to(roots)
    for name in ("new", "empty"):
        done = kept.command(
            "device", "boot", f"--state={kept.state}", f"--run={theirs}/link/{name}", before=kept.others.root
        )
        assert (done.status, done.code) == (1, "file-unwritable"), done
    assert [path.name for path in roots.iterdir()] == ["empty"]
    assert owners(roots) == {0}


# the run directory


def test_links_of_roots_are_followed(kept: Kept, tmp_path: Path) -> None:
    """/var/run, which is a link to /run or ../run: the run directory is made there, and given to the owner."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "run").symlink_to("../volatile")
    (tmp_path / "var" / "lock").symlink_to(tmp_path / "volatile")
    (tmp_path / "volatile").mkdir()
    for name in ("run/one/dotlocal", "lock/two"):
        words = ("device", "boot", f"--state={kept.state}", f"--run={tmp_path}/var/{name}", f"--config={kept.config}")
        done = kept.command(*words, before=kept.others.root)
        assert done.status == 0, done
    assert owners(tmp_path / "volatile" / "one" / "dotlocal") == owners(tmp_path / "volatile" / "two") == {WATCHER}
    assert (tmp_path / "volatile" / "one").stat().st_uid == 0


def test_an_empty_run_directory_of_roots_is_given_to_the_owner(kept: Kept) -> None:
    """As a unit's RuntimeDirectory= makes it."""
    kept.run.mkdir()
    kept.ok("boot")
    assert kept.accepted()
    assert owners(kept.run) == {WATCHER}


def test_roots_own_files_are_not_given_away(kept: Kept) -> None:
    """A run directory of root's that holds something: `run-other-owner`, with what to do. It could be /etc."""
    kept.run.mkdir()
    (kept.run / "file").write_text("root's")
    done = kept("boot")
    assert (done.status, done.code, done.hinted) == (1, "run-other-owner", True), done
    assert owners(kept.run) == {0}


@pytest.mark.parametrize("words", ["boot", "boot --changed", "reset"])
def test_root_boots_into_no_other_users_directory(kept: Kept, words: str) -> None:
    """The state is root's and the run directory isn't: its owner could lead root anywhere. `run-other-owner`."""
    give(0, kept.state)
    kept.run.mkdir()
    give(WATCHER, kept.run)
    done = kept(words)
    assert (done.status, done.code, done.hinted) == (1, "run-other-owner", True), done
    assert list(kept.run.iterdir()) == []


# what the owner can't do


def test_settings_that_the_owner_cannot_read(kept: Kept) -> None:
    """device.toml is closed to the owner: `owner-shut-out`, not a boot with other settings."""
    kept.config.chmod(0o600)
    done = kept("boot")
    assert (done.status, done.code, done.hinted) == (1, "owner-shut-out", True), done
    assert not (kept.run / "current").exists()


def test_a_state_below_a_closed_folder(kept: Kept, tmp_path: Path) -> None:
    """The owner can't reach it, only root: `owner-shut-out`."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    kept.state.rename(closed / "state")
    done = kept.command("device", "boot", f"--state={closed}/state", f"--run={kept.run}", before=kept.others.root)
    assert (done.status, done.code, done.hinted) == (1, "owner-shut-out", True), done


def test_root_without_the_power_to_become_somebody(kept: Kept) -> None:
    """As in a container that drops CAP_SETUID: `cannot-change-user`, and nothing is written."""
    before = tree(kept.state)
    done = kept("boot", before=(*kept.others.root, "setpriv", "--bounding-set=-setuid"))
    assert (done.status, done.code, done.hinted) == (1, "cannot-change-user", True), done
    assert tree(kept.state) == before
    assert list(kept.run.iterdir()) == []


@pytest.mark.parametrize("owner", [0, WATCHER])
def test_the_unit_that_boots_needs_no_more_than_it_has(kept: Kept, owner: int) -> None:
    """`dotlocal-boot.service` on a state of root's and on another user's, with a run directory that the unit made."""
    give(owner, kept.state)
    kept.config.write_text(f'group = "tls"\n{TOML}')
    kept.run.mkdir()
    for _ in range(2):
        kept.ok("boot", before=(*kept.others.root, *bounded("boot")))
    assert (kept.run / "current" / "privkey.pem").stat().st_gid == TLS
    assert owners(kept.state) | owners(kept.run) == {owner}


@pytest.mark.parametrize("group", ["tls", "others"])
def test_the_group_is_the_owners_to_give(kept: Kept, group: str) -> None:
    """The owner's group gets the key; another group is `group-refused`, and the key stays the owner's."""
    kept.config.write_text(f'group = "{group}"\n{TOML}')
    done = kept("boot", "--json")
    found = [each["code"] for each in json.loads(done.out)["findings"] if each["severity"] == "error"]
    mode = (kept.run / "current" / "privkey.pem").stat()
    if group == "tls":
        assert (done.status, mode.st_mode & 0o777, mode.st_gid) == (0, 0o640, TLS)
    else:
        assert (done.status, found) == (1, ["group-refused"])
        assert mode.st_mode & 0o777 == 0o600
    assert kept.accepted()


# what stays root's to do


def test_root_writes_what_it_named(kept: Kept, tmp_path: Path) -> None:
    """`--out` into a folder of root's: written by root, whole; where nothing can be written, it is refused."""
    desk = tmp_path / "desk"
    desk.mkdir(mode=0o700)
    asked = kept.ok("own request", "--out", desk / "press-07.csr")
    assert f"wrote {desk}/press-07.csr" in asked.err
    assert (desk / "press-07.csr").read_text() == kept.ok("own request").out
    both = ("--extensions", desk / "section.cnf", "--out", desk / "ca.csr")
    kept.ok("own issuer request", *both)
    assert {path.name for path in desk.iterdir()} == {"press-07.csr", "section.cnf", "ca.csr"}
    assert owners(desk) == {0}
    refused = kept("own request", "--out", desk / "none" / "press-07.csr")
    assert (refused.status, refused.code) == (1, "file-unwritable"), refused
    before = tree(desk)
    kept.config.write_text("")
    assert kept("own request", "--name", "*", "--out", desk / "press-07.csr").status == 1
    assert tree(desk) == before


def _handed(kept: Kept, when: str, told: Path) -> dict[str, Any]:
    """Boot and hand over to a command that says who runs it, with `device serve` in its place to be asked."""
    kept.ok("boot")
    serving = kept.command.start(
        "device", "serve", "--listen=127.0.0.1:0", "--folder=/", f"--run={kept.run}", before=kept.others.root
    )
    try:
        assert serving.stderr
        line = serving.stderr.readline().decode()
        while "serving https" not in line:
            assert line, "it ended"
            line = serving.stderr.readline().decode()
        port = line.rstrip().rsplit(" ", 1)[-1]
        kept.config.write_text(
            f'{TOML}[handover]\nserver = "command"\ncommand = ["sh", "-c", "id -u > {told}"]\n'
            f'connect = "127.0.0.1:{port}"\nwhen = "{when}"\n'
        )
        kept.ok("boot")
        if when == "asked":
            words = ("device", "handover", f"--run={kept.run}", f"--config={kept.config}")
            done = kept.command(*words, before=(*kept.others.root, *bounded("handover")))
            assert done.status == 0, done
    finally:
        serving.terminate()
        serving.communicate(timeout=20)
    found: dict[str, Any] = json.loads((kept.run / "current" / "status.json").read_text())
    return found


def test_a_boots_hand_over_is_the_owners(kept: Kept, tmp_path: Path) -> None:
    """The command runs as the owner, for a boot of root's as for one of the owner's."""
    told = tmp_path / "open" / "told"
    told.parent.mkdir()
    give(WATCHER, told.parent)
    assert _handed(kept, "boot", told)["handover"]["outcome"] == "served"
    assert told.read_text().split() == [str(WATCHER)]


def test_a_hand_over_by_itself_is_roots(kept: Kept, tmp_path: Path) -> None:
    """`device handover` runs the command as root, with no more than its unit's powers, and the outcome is in the set;
    nothing is in the owner's way afterwards.
    """
    told = tmp_path / "told"
    assert _handed(kept, "asked", told)["handover"]["outcome"] == "served"
    assert told.read_text().split() == ["0"]
    assert 0 in owners(kept.run), "or nothing could be in the way"
    kept.ok("reset")
    for _ in range(2):  # the set before stays for its readers
        kept.ok("boot", before=kept.others.user(WATCHER))
    assert owners(kept.run) == {WATCHER}


def test_a_hand_over_follows_no_link_for_root(kept: Kept, tmp_path: Path) -> None:
    """run/current leads to a set that only root may read: it isn't handed over, and gets no outcome."""
    kept.ok("boot")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(kept.run / "current", elsewhere)
    give(0, elsewhere)
    elsewhere.chmod(0o700)
    (kept.run / "current").unlink()
    (kept.run / "current").symlink_to(elsewhere)
    kept.config.write_text(f'{TOML}[handover]\nserver = "command"\ncommand = ["true"]\nconnect = "127.0.0.1:9"\n')
    before = tree(elsewhere)
    done = kept.command("device", "handover", f"--run={kept.run}", f"--config={kept.config}", before=kept.others.root)
    assert done.status == 1, done
    assert "leads out of" in done.err
    assert tree(elsewhere) == before


def test_a_hand_over_does_not_wait_for_the_owner(kept: Kept) -> None:
    """A FIFO for status.json would have root's reader wait for ever, and no set would be handed over again."""
    kept.ok("boot")
    status = kept.run / "current/status.json"
    status.unlink()
    os.mkfifo(status)
    kept.config.write_text(f'{TOML}[handover]\nserver = "command"\ncommand = ["true"]\nconnect = "127.0.0.1:9"\n')
    done = kept.command("device", "handover", f"--run={kept.run}", f"--config={kept.config}", before=kept.others.root)
    assert (done.status, done.code) == (1, "file-unreadable"), done
    assert "no plain file" in done.err


@pytest.mark.parametrize("there", ["link", "other name", "fifo", "link for the set"])
def test_root_is_shown_nothing_but_the_owners(kept: Kept, tmp_path: Path, there: str) -> None:
    """`device status` by root, with something else in the place of status.json: it neither waits nor tells."""
    kept.ok("boot")
    status = kept.run / "current/status.json"
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({**json.loads(status.read_text()), "secret": "of root's"}))
    if there == "link for the set":
        (tmp_path / "status.json").write_text(secret.read_text())
        (kept.run / "current").unlink()
        (kept.run / "current").symlink_to(tmp_path)
    else:
        status.unlink()
        {"link": status.symlink_to, "other name": status.hardlink_to, "fifo": lambda _: os.mkfifo(status)}[there](
            secret
        )
    for words in (("status", "--json"), ("install", "--server", "apache")):
        told = kept.command("device", *words, f"--run={kept.run}", before=kept.others.root)
        assert "of root's" not in told.out, told
        assert told.status == (2 if "status" in words else 0), told


def test_a_name_writes_no_configuration(kept: Kept) -> None:
    """A name with a line break in it, in the owner's status.json: nothing of it is in what root installs."""
    kept.ok("boot")
    status = kept.run / "current/status.json"
    report = json.loads(status.read_text())
    status.write_text(json.dumps({**report, "names": ["a.local\nLoadModule x /tmp/x.so", "b.lab"]}))
    told = kept.command("device", "install", "--server=apache", f"--run={kept.run}", before=kept.others.root)
    assert told.status == 0, told
    assert "LoadModule" not in told.out


def bounded(unit: str) -> tuple[str, ...]:
    """Words in front of a command that leave root the powers of a unit's CapabilityBoundingSet= alone."""
    text = files("dotlocal.device.system").joinpath(f"dotlocal-{unit}.service").read_text()
    (powers,) = re.findall(r"^CapabilityBoundingSet=(.*)$", text, re.M)
    kept = ",".join(f"+{power.removeprefix('CAP_').lower()}" for power in powers.split())
    return ("setpriv", "--bounding-set", f"-all,{kept}")


def _until(true: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
