"""The ledger: the station's append-only journal of what it meant to sign, signed, and gave out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dotlocal.core.enrolment import Enrolled
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.window import rfc3339

# One row is one fact. `serial` is the certificate's serial number and ties intent, signature and release together;
# an intent that never got a signature is closed by `abandoned`. Rows can't be changed or removed, by trigger.
_SCHEMA = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    what TEXT NOT NULL CHECK (what IN ('intent', 'signature', 'release', 'abandoned')),
    serial TEXT NOT NULL,
    identity TEXT NOT NULL,
    key_id TEXT NOT NULL,
    contents_sha256 TEXT,
    replaces TEXT,
    certificate BLOB,
    CHECK ((what = 'intent') = (contents_sha256 IS NOT NULL)),
    CHECK ((what = 'signature') = (certificate IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX one_intent ON entry (serial) WHERE what = 'intent';
CREATE UNIQUE INDEX one_end ON entry (serial) WHERE what IN ('signature', 'abandoned');
CREATE UNIQUE INDEX one_release ON entry (serial) WHERE what = 'release';
CREATE INDEX by_serial ON entry (serial);
CREATE INDEX by_identity ON entry (identity);
CREATE INDEX by_key ON entry (key_id);
CREATE TRIGGER entries_stay BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- REPLACE deletes without asking the trigger below, unless recursive_triggers is on: a double is refused beforehand
CREATE TRIGGER entries_are_new BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE seq = NEW.seq) OR EXISTS (SELECT 1 FROM entry WHERE serial = NEW.serial AND
    (what = NEW.what OR what IN ('signature', 'abandoned') AND NEW.what IN ('signature', 'abandoned')))
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
PRAGMA user_version = 1;
"""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `what` is intent, signature, release or abandoned; texts are lower-case hex where they are numbers."""

    seq: int
    at: int
    what: str
    serial: str
    identity: str
    key_id: str
    contents_sha256: str | None
    replaces: str | None

    def as_dict(self) -> dict[str, object]:
        """The entry as data, its time in RFC 3339."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": rfc3339(self.at)}


class Ledger:
    """An open ledger. Every method that records returns only when the row is on the disk."""

    def __init__(self, path: Path, *, create: bool) -> None:
        if not create and not path.exists():
            raise Absent("no-ledger", f"there is no ledger at {path}", hint="`dotlocal factory init` makes a station")
        made = not path.exists()
        try:
            self._open(path, create=create)
        except Refused:
            if made:
                path.unlink(missing_ok=True)  # what could not be made must not look like a ledger
            raise

    def _open(self, path: Path, *, create: bool) -> None:
        with _named_errors():
            self._database = sqlite3.connect(path, timeout=10, isolation_level=None)
            # EXTRA: the folder is synced too, so that a power cut can't bring a finished journal back
            self._database.execute("PRAGMA synchronous = EXTRA")
            version = self._database.execute("PRAGMA user_version").fetchone()[0]
            if version == 0 and create:
                self._database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            elif version != _VERSION:
                raise Refused("ledger-version", f"{path} is a ledger of version {version}, not {_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def intend(
        self, serial: str, identity: str, key_id: str, contents_sha256: str, *, replaces: str | None, at: int
    ) -> None:
        """Record what is about to be signed."""
        with _named_errors():
            self._database.execute(
                "INSERT INTO entry (at, what, serial, identity, key_id, contents_sha256, replaces)"
                " VALUES (?, 'intent', ?, ?, ?, ?, ?)",
                (at, serial, identity, key_id, contents_sha256, replaces),
            )

    def signed(self, serial: str, certificate: bytes, *, at: int) -> None:
        """Record the certificate that was signed for an intent."""
        self._follow(serial, "signature", certificate, at)

    def released(self, serial: str, *, at: int) -> None:
        """Record that the birth record is about to leave the station; said once, whatever is repeated."""
        with _named_errors():
            known = self._database.execute("SELECT 1 FROM entry WHERE what = 'release' AND serial = ?", (serial,))
            if known.fetchone() is None:
                self._follow(serial, "release", None, at)

    def abandon_open(self, *, at: int) -> list[str]:
        """Close every intent without a signature: its run was cut short, and nothing of it left the station."""
        with _named_errors():
            rows = self._database.execute(
                # under the station's lock an open intent is younger than every end; read from there, not the years
                "SELECT serial FROM entry WHERE what = 'intent' AND seq > (SELECT coalesce(max(seq), 0) FROM entry"
                " WHERE what IN ('signature', 'abandoned'))"
            ).fetchall()
        for (serial,) in rows:
            self._follow(serial, "abandoned", None, at)
        return [serial for (serial,) in rows]

    def enrolled(self, identity: str, key_id: str) -> list[Enrolled]:
        """Every device CA signed for this device or this key, oldest first."""
        with _named_errors():
            rows = self._database.execute(
                "SELECT identity, key_id, serial, at FROM entry"
                " WHERE what = 'signature' AND (identity = ? OR key_id = ?) ORDER BY seq",
                (identity, key_id),
            ).fetchall()
        return [Enrolled(identity, key_id, serial, rfc3339(at)) for identity, key_id, serial, at in rows]

    def certificate(self, serial: str) -> bytes:
        """The DER of a device CA that was signed here."""
        with _named_errors():
            row = self._database.execute(
                "SELECT certificate FROM entry WHERE what = 'signature' AND serial = ?", (serial,)
            ).fetchone()
        return bytes(row[0])

    def entries(self) -> Iterator[Entry]:
        """All rows, oldest first."""
        with _named_errors():
            yield from (
                Entry(*row)
                for row in self._database.execute(
                    "SELECT seq, at, what, serial, identity, key_id, contents_sha256, replaces FROM entry ORDER BY seq"
                )
            )

    def _follow(self, serial: str, what: str, certificate: bytes | None, at: int) -> None:
        with _named_errors():
            self._database.execute(
                "INSERT INTO entry (at, what, serial, identity, key_id, certificate)"
                " SELECT ?, ?, serial, identity, key_id, ? FROM entry WHERE what = 'intent' AND serial = ?",
                (at, what, certificate, serial),
            )


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Refused(
            "ledger-failed", f"the ledger could not be read or written: {error}",
            hint="free space on the disk, or restore the ledger; nothing was released",
        ) from None  # fmt: skip
