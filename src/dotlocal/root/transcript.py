"""The transcript: everything that a root's key ever did, appended to one file, each intent before its signature."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.window import rfc3339
from dotlocal.host import files

SCHEMA = 1
_MOST_OCTETS = 1 << 26


@dataclass(frozen=True, slots=True)
class Transcript:
    """The file `transcript.json`. Entries are never changed or removed; the file is replaced as a whole."""

    path: Path

    def start(self, entry: dict[str, Any], *, at: int) -> None:
        """Create the file with its first entry; refuses `file-exists`."""
        files.create(str(self.path), _encode([_dated(entry, at)]))

    def append(self, entry: dict[str, Any], *, at: int) -> None:
        """Record one more fact, durably, before returning."""
        files.write(str(self.path), _encode([*self.entries(), _dated(entry, at)]))

    def entries(self) -> list[dict[str, Any]]:
        """All entries, oldest first; refuses `no-root`, `transcript-damaged` and `transcript-schema`."""
        if not self.path.exists():
            hint = "`dotlocal root create` makes one"
            raise Absent("no-root", f"there is no root in {self.path.parent}", hint=hint)
        try:
            read = json.loads(files.read(str(self.path), most=_MOST_OCTETS))
            if read["schema"] != SCHEMA:
                raise Refused("transcript-schema", f"{self.path} has schema {read['schema']}, not {SCHEMA}")
            entries = list(read["entries"])
            if not isinstance(entries[0]["plan"], dict) or not all("what" in entry for entry in entries):
                raise ValueError("the ceremony's own entry comes first, and every entry says what it is")
            return entries
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise Refused("transcript-damaged", f"{self.path} can't be read", hint="restore it from a copy") from None


def _dated(entry: dict[str, Any], at: int) -> dict[str, Any]:
    return {"at": rfc3339(at), **entry}


def _encode(entries: list[dict[str, Any]]) -> bytes:
    return (json.dumps({"schema": SCHEMA, "entries": entries}, indent=1) + "\n").encode()
