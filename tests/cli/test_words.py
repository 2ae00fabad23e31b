"""How the installed command talks: words that it does not know, where its data goes, and what is said twice."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from dotlocal import guide
from dotlocal.browser.export import making
from dotlocal.browser.stores import found
from dotlocal.cli import export, trust
from dotlocal.root.plan import EXAMPLE
from dotlocal.wire.birth import BirthRecord
from hierarchy import PASSPHRASE, plan
from installed import Command, tree

COMMANDS = [
    "root plan", "root create", "root sign", "factory init", "factory accept", "factory provision", "factory ledger",
    "device init", "device adopt", "device boot", "device status", "device serve", "demo",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(dotlocal: Command, command: str) -> None:
    """--help: on stdout, with its own name."""
    assert dotlocal.ok(*command.split(), "--help").out.startswith(f"usage: dotlocal {command}")


def test_help_names_all_that_there_is() -> None:
    """Stores, formats and languages: listed without importing what knows them."""
    assert trust._KINDS == found.KINDS
    assert export._KINDS == making.KINDS
    assert tuple(guide.LANGUAGES) == export._LANGUAGES


@pytest.mark.parametrize(
    "words",
    [
        "frobnicate", "root frobnicate", "root sign", "root sign x.pem y.pem", "root create", "root plan --frob",
        "root sign x.pem --hostname press", "root sign x.pem --replace why", "root sign x.pem --years soon",
        "root sign x.pem --passphrase-fd x", "root sign x.pem --passphrase-fd 3 --passphrase-file y",
        "factory init", "factory init --name x --key RSA-3072", "factory provision", "device init", "device adopt",
        "device init --ser SN1", "device status x", "device install", "device install systemd --server nginx",
        "device install --server nginx --port 65536", "device install --server nginx --port x",
    ],
)  # fmt: skip
def test_a_mistake_in_the_words(dotlocal: Command, words: str) -> None:
    """Exit 2, code `usage`, and where to read on."""
    done = dotlocal(*words.split())
    assert (done.status, done.code, done.hinted, done.out) == (2, "usage", True, "")


@pytest.mark.parametrize(
    "words",
    [
        "init --serial SN1 --state=", "init --serial SN1 --config=", "adopt x.pem --state=", "boot --state=",
        "watch --run=", "status --run=", "serve --folder . --run=", "serve --folder . --config=", "handover --config=",
        "install --server nginx --run=", "reset --state=", "reset --scrap --yes-scrap SN1 --run=",
        "time --hint 2026-11-23T12:00:00Z --config=", "own request --state=", "own revert --run=",
        "own acme --status --config=", "own password --password-fd 0 --state=", "own serve --config=",
    ],
)  # fmt: skip
def test_an_empty_path_is_not_the_default_one(dotlocal: Command, tmp_path: Path, words: str) -> None:
    """`--state "$STATE"` of a script that has not set it: exit 2, and the default device stays as it is."""
    done = dotlocal("device", *words.split(), DOTLOCAL_STATE=str(tmp_path), DOTLOCAL_RUN=str(tmp_path))
    assert (done.status, done.code, done.out) == (2, "usage", "")
    assert "expected a path, not nothing" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_web_server_is_no_kit(dotlocal: Command) -> None:
    """`device install nginx`: the hint has the words that were meant."""
    done = dotlocal("device", "install", "nginx")
    assert (done.status, done.code) == (1, "unknown-kit")
    assert "--server nginx" in done.err


@pytest.mark.parametrize("words", ["", "root", "device"])
def test_half_a_command_shows_what_there_is(dotlocal: Command, words: str) -> None:
    """No command: the help, on stderr, exit 2."""
    done = dotlocal(*words.split())
    assert (done.status, done.out) == (2, "")
    assert "usage: dotlocal" in done.err


def test_an_error_as_json(dotlocal: Command, tmp_path: Path) -> None:
    """--json: the refusal is data on stdout as well."""
    done = dotlocal("factory", "ledger", "--json", "--home", tmp_path)
    assert done.status == 2
    error = json.loads(done.out)["error"]
    assert error["code"] == "no-ledger"
    assert set(error) == {"code", "message", "hint"}


# where data goes


def test_the_example_plan_goes_to_stdout(dotlocal: Command) -> None:
    """`root plan > plan.toml`: the example and nothing else."""
    done = dotlocal.ok("root", "plan")
    assert (done.out, done.err) == (EXAMPLE, "")


def test_a_plan_is_never_overwritten(dotlocal: Command, tmp_path: Path) -> None:
    """--out: a plan that somebody has edited stays."""
    path = tmp_path / "plan.toml"
    dotlocal.ok("root", "plan", "--out", path)
    path.write_text("edited")
    done = dotlocal("root", "plan", "--out", path)
    assert (done.status, done.code) == (1, "file-exists")
    assert path.read_text() == "edited"


def test_a_full_standard_output(dotlocal: Command, tmp_path: Path) -> None:
    """`device init > /dev/full`: refused with a code, and the next run prints the same request."""
    words = ("device", "init", "--serial", "SN1", "--state", tmp_path)
    done = dotlocal(*words, before=("sh", "-c", 'exec "$@" > /dev/full', "sh"))
    assert (done.status, done.code) == (1, "file-unwritable")
    assert "Exception ignored" not in done.err
    assert dotlocal.ok(*words).out == (tmp_path / "request.pem").read_text()


def test_a_reader_who_has_had_enough(dotlocal: Command) -> None:
    """`root plan | true`: exit 1 and not a word."""
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run([dotlocal.path, "root", "plan"], stdout=writing, stderr=subprocess.PIPE, env=dotlocal.env())
    os.close(writing)
    assert (ran.returncode, ran.stderr) == (1, b"")


def test_standard_output_by_its_name(dotlocal: Command, tmp_path: Path) -> None:
    """--out /dev/stdout writes there, and replaces no device by a file; nor does a pipe become one."""
    words = ("device", "init", "--serial", "SN1", "--state", tmp_path / "state", "--out")
    link = tmp_path / "stdout"
    link.symlink_to("/dev/stdout")
    done = dotlocal.ok(*words, link)
    assert done.out == (tmp_path / "state" / "request.pem").read_text()
    assert link.is_symlink()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = dotlocal.start(*words, pipe)
    assert pipe.read_text() == done.out
    assert running.wait() == 0
    running.communicate()
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_no_folder_for_the_answer(dotlocal: Command, tmp_path: Path) -> None:
    """--out in a folder that isn't there: a code; the request is there for the next run."""
    done = dotlocal(
        "device", "init", "--serial", "SN1", "--state", tmp_path / "state", "--out", tmp_path / "no" / "x.pem"
    )
    assert (done.status, done.code) == (1, "file-unwritable")


def test_a_refusal_that_standard_output_does_not_take(dotlocal: Command, tmp_path: Path) -> None:
    """--json into a full disk, or to a reader who has left: told on stderr, with the status of the refusal."""
    words = ("factory", "ledger", "--json", "--home", tmp_path)
    done = dotlocal(*words, before=("sh", "-c", 'exec "$@" > /dev/full', "sh"))
    assert (done.status, done.code) == (2, "no-ledger")
    running = dotlocal.start(*words, before=("sh", "-c", '"$@"; exit $?', "sh"))
    assert running.stdout is not None
    running.stdout.close()
    _, told = running.communicate()
    assert (running.returncode, b"no-ledger" in told, b"Traceback" in told) == (2, True, False), told


def test_a_terminal_that_knows_ascii_alone(dotlocal: Command) -> None:
    """A character that the locale lacks is written as an escape."""
    done = dotlocal.ok("trust", "remove", "--help", PYTHONIOENCODING="ascii")
    assert "AB:CD:\\u2026" in done.out


@pytest.mark.parametrize(
    "words",
    [
        ("--server", "nginx", "--run", "/tmp/a b"),
        ("--server", "nginx", "--run", os.fsdecode(b"/tmp/\xff")),
        ("systemd", "--prefix", "@", "--command", "/opt/a b/dotlocal"),
        ("init", "--prefix", "@", "--command", "/opt/$x"),
    ],
)
def test_paths_that_other_programs_would_misread(dotlocal: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A blank, a dollar, a byte that is no text: refused before anything is written."""
    done = dotlocal("device", "install", *(str(tmp_path) if word == "@" else word for word in words))
    assert (done.status, done.code, done.out, list(tmp_path.iterdir())) == (1, "path-odd", "", []), done


# what is said twice, and other ways to say it


def test_the_same_words_again_give_the_same_answers(dotlocal: Command, places: Path) -> None:
    """init, sign, provision: the second answer is the first, to the octet, and nothing is changed by asking again."""
    root = ("--home", places / "root", "--passphrase-file", places / "pass")
    commands = [
        ("device", "init", "--serial", "SN0001", "--state", places / "SN0001" / "state"),
        ("factory", "init", "--name", "line 1", "--home", places / "factory"),
        ("root", "sign", places / "new-station.pem", *root),
        ("root", "sign", places / "new.pem", "--device", *root),
        ("factory", "provision", places / "new.pem", "--home", places / "factory"),
    ]
    first = [dotlocal.ok(*command).out for command in commands]
    before = tree(places)
    assert [dotlocal.ok(*command).out for command in commands] == first
    assert tree(places) == before


def test_requests_from_stdin(dotlocal: Command, places: Path) -> None:
    """`-`: a request comes in, a birth record goes out, and nothing else is on stdout."""
    request = (places / "new.pem").read_bytes()
    done = dotlocal.ok("factory", "provision", "-", "--home", places / "factory", stdin=request)
    assert BirthRecord.parse(done.out.encode()).serial_number == "SN1000"


def test_a_passphrase_from_a_descriptor(dotlocal: Command, tmp_path: Path) -> None:
    """--passphrase-fd: the ceremony and the signature, without a passphrase in a file or among the words."""
    (tmp_path / "plan.toml").write_bytes(plan())
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE + b"\n")
    os.close(writing)
    words = ["root", "create", tmp_path / "plan.toml", "--home", tmp_path / "root", "--passphrase-fd", str(reading)]
    ran = subprocess.run(
        [str(word) for word in (dotlocal.path, *words)], pass_fds=[reading], env=dotlocal.env(), capture_output=True
    )
    os.close(reading)
    assert ran.returncode == 0, ran.stderr
    assert b"ENCRYPTED" in (tmp_path / "root" / "root.key").read_bytes()


def test_a_rehearsal_leaves_nothing(dotlocal: Command, tmp_path: Path) -> None:
    """`root create --rehearse` needs no home and no passphrase, and writes nothing at all."""
    (tmp_path / "plan.toml").write_bytes(plan())
    before = tree(tmp_path)
    told = dotlocal.ok("root", "create", tmp_path / "plan.toml", "--rehearse", "--json")
    assert json.loads(told.out)["rehearsed"] is True
    assert tree(tmp_path) == before


def test_the_home_from_the_environment(dotlocal: Command, places: Path) -> None:
    """DOTLOCAL_HOME names the home; --home wins."""
    told = dotlocal.ok("factory", "ledger", "--json", DOTLOCAL_HOME=str(places / "factory"))
    assert json.loads(told.out)["entries"]
    done = dotlocal("factory", "ledger", "--home", places / "waiting", DOTLOCAL_HOME=str(places / "factory"))
    assert done.code == "no-ledger"


def test_the_ledger_of_one_device(dotlocal: Command, places: Path) -> None:
    """--device: its intent, signature and release, for people and for programs."""
    words = ("factory", "ledger", "--home", places / "factory", "--device", "SN0001")
    entries = json.loads(dotlocal.ok(*words, "--json").out)["entries"]
    assert [(entry["what"], entry["identity"]) for entry in entries] == [
        ("intent", "SN0001"), ("signature", "SN0001"), ("release", "SN0001"),
    ]  # fmt: skip
    assert dotlocal.ok(*words).out.count("SN0001") == 3


def test_a_replaced_device(dotlocal: Command, places: Path) -> None:
    """--replace: a new birth record; the ledger names the reason, and the old request gets nothing any more."""
    home = ("--home", places / "factory")
    dotlocal.ok("factory", "provision", places / "taken.pem", *home, "--replace", "new board")
    assert "new board" in dotlocal.ok("factory", "ledger", *home).out
    done = dotlocal("factory", "provision", places / "SN0001.pem", *home)
    assert (done.status, done.code, done.hinted) == (1, "superseded", True)


def test_what_changes_nothing_is_said(dotlocal: Command, places: Path) -> None:
    """--years for a request that was answered before, --replace for a device that had no other: told, on stderr."""
    home = ("--home", places / "factory")
    first = dotlocal.ok("factory", "provision", places / "new.pem", *home, "--years", "12")
    assert "answered before" not in first.err
    again = dotlocal.ok("factory", "provision", places / "new.pem", *home, "--years", "12")
    assert (again.out, again.err) == (first.out, first.err)
    other = dotlocal.ok("factory", "provision", places / "new.pem", *home, "--years", "15", "--replace", "new board")
    assert other.out == first.out
    assert "answered before" in other.err
    assert "nothing was replaced" in other.err


def test_the_wrong_end_of_a_secret(dotlocal: Command, places: Path) -> None:
    """A private key handed in as a request is refused, and not a line of it is repeated."""
    done = dotlocal("factory", "provision", places / "key.pem", "--home", places / "factory")
    secret = (places / "key.pem").read_text().splitlines()[1]
    assert secret not in done.out + done.err
