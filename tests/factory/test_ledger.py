"""The ledger: append-only by the database's own rules, and whole after whatever happened to the file."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dotlocal.core.errors import Absent, Refused
from dotlocal.factory.ledger import Ledger
from dotlocal.testing import MOMENT

REPLACE_BY_NUMBER = """
INSERT OR REPLACE INTO entry
SELECT seq, 0, what, serial, identity, key_id, contents_sha256, replaces, NULL FROM entry WHERE seq = 1"""
REPLACE_BY_SERIAL = """
REPLACE INTO entry (at, what, serial, identity, key_id, contents_sha256)
SELECT 0, what, serial, identity, key_id, contents_sha256 FROM entry WHERE seq = 1"""
SERIAL, IDENTITY, KEY, DIGEST = "5e71", "SN0001", "aa" * 20, "cc" * 32


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    ledger = Ledger(path, create=True)
    ledger.intend(SERIAL, IDENTITY, KEY, DIGEST, replaces=None, at=MOMENT)
    return ledger


def events(ledger: Ledger) -> list[tuple[str, str]]:
    return [(entry.what, entry.serial) for entry in ledger.entries()]


def test_a_device_takes_three_entries(ledger: Ledger) -> None:
    """Intent, signature, release, in this order, tied together by the serial number."""
    ledger.signed(SERIAL, b"certificate", at=MOMENT + 1)
    ledger.released(SERIAL, at=MOMENT + 2)
    assert events(ledger) == [("intent", SERIAL), ("signature", SERIAL), ("release", SERIAL)]
    assert {(entry.identity, entry.key_id) for entry in ledger.entries()} == {(IDENTITY, KEY)}
    assert ledger.certificate(SERIAL) == b"certificate"


def test_an_entry_as_data(ledger: Ledger) -> None:
    """Times in RFC 3339, numbers as they are, and what does not apply is null."""
    (entry,) = ledger.entries()
    assert entry.as_dict() == {
        "seq": 1, "at": "2026-11-23T12:00:00Z", "what": "intent", "serial": SERIAL, "identity": IDENTITY,
        "key_id": KEY, "contents_sha256": DIGEST, "replaces": None,
    }  # fmt: skip


def test_a_release_is_said_once(ledger: Ledger) -> None:
    """The same birth record may leave often; the ledger says when it could have left first."""
    ledger.signed(SERIAL, b"certificate", at=MOMENT)
    ledger.released(SERIAL, at=MOMENT + 1)
    ledger.released(SERIAL, at=MOMENT + 2)
    assert [entry.at for entry in ledger.entries() if entry.what == "release"] == [MOMENT + 1]


def test_an_open_intent_is_abandoned(ledger: Ledger) -> None:
    """Cut short before its signature: closed, once, and no later signature can claim it."""
    assert ledger.abandon_open(at=MOMENT) == [SERIAL]
    assert ledger.abandon_open(at=MOMENT) == []
    with pytest.raises(Refused) as caught:
        ledger.signed(SERIAL, b"certificate", at=MOMENT)
    assert caught.value.code == "ledger-failed"


def test_a_signed_intent_is_not_abandoned(ledger: Ledger) -> None:
    """What was signed stays, released or not."""
    ledger.signed(SERIAL, b"certificate", at=MOMENT)
    assert ledger.abandon_open(at=MOMENT) == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entry SET identity = 'SN0002'", "DELETE FROM entry", "UPDATE entry SET at = 0 WHERE seq = 1",
     REPLACE_BY_NUMBER, REPLACE_BY_SERIAL],
)  # fmt: skip
def test_the_ledger_is_append_only(ledger: Ledger, path: Path, statement: str) -> None:
    """No statement changes or removes an entry, whoever opens the file."""
    before = list(ledger.entries())
    ledger.close()
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError):
        database.execute(statement)
    database.close()
    assert list(Ledger(path, create=False).entries()) == before


@pytest.mark.parametrize("what", ["intent", "signature", "release", "abandoned"])
def test_nothing_happens_twice_to_a_serial_number(ledger: Ledger, path: Path, what: str) -> None:
    """One intent, one end, one release for each serial number: the database itself says so."""
    ledger.signed(SERIAL, b"certificate", at=MOMENT)
    ledger.released(SERIAL, at=MOMENT)
    ledger.close()
    digest, certificate = (DIGEST if what == "intent" else None), (b"other" if what == "signature" else None)
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.IntegrityError):
        database.execute(
            "INSERT INTO entry (at, what, serial, identity, key_id, contents_sha256, certificate)"
            " VALUES (0, ?, ?, ?, ?, ?, ?)",
            (what, SERIAL, IDENTITY, KEY, digest, certificate),
        )
    database.close()


def test_no_ledger_is_absent(path: Path) -> None:
    """Without a file there is nothing to look at, and none is made by looking."""
    with pytest.raises(Absent) as caught:
        Ledger(path, create=False)
    assert caught.value.code == "no-ledger"
    assert not path.exists()


def test_opening_again_keeps_what_is_there(ledger: Ledger, path: Path) -> None:
    """`create` makes a ledger only where there is none."""
    ledger.close()
    assert events(Ledger(path, create=True)) == [("intent", SERIAL)]


def test_a_ledger_of_another_version_is_refused(path: Path) -> None:
    """A newer program's ledger is left alone."""
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()
    for create in (True, False):
        with pytest.raises(Refused) as caught:
            Ledger(path, create=create)
        assert caught.value.code == "ledger-version"


def test_a_file_that_is_no_ledger_is_refused(path: Path) -> None:
    """Garbage in place of the file: ledger-failed, with what to do."""
    path.write_bytes(b"garbage " * 1000)
    with pytest.raises(Refused) as caught:
        Ledger(path, create=True)
    assert (caught.value.code, bool(caught.value.hint)) == ("ledger-failed", True)
