"""Other people's programs, run to their end: no shell, an environment from scratch, a time limit, bounded output."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dotlocal.core.errors import Refused

_MOST_OUTPUT = 8 << 20
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did: its exit status, and what it said."""

    words: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Its last words in one line, printable, the errors rather than the output."""
        lines = [line.strip() for line in (self.err.strip() or self.out.strip()).splitlines() if line.strip()]
        text = " / ".join(lines[-3:])
        shown = "".join(letter if letter.isprintable() else " " for letter in text)[-_MOST_WORDS:]
        return shown or f"ended with {self.status} and said nothing"


class Runner(Protocol):
    """Runs a program to its end. Refuses `tool-missing` and `tool-late`; the caller knows what a status means."""

    def __call__(
        self, words: Sequence[str], *, seconds: float = 60, stdin: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Ran:
        """`more` are environment variables beside PATH, HOME and the language."""

    def find(self, program: str) -> str | None:
        """Where a program is, or None."""


class Programs:
    """The programs of this computer.

    The environment is made from scratch: with SSL_CERT_FILE and its like inherited, a probe would ask another store.
    """

    def __init__(self, home: str, path: str) -> None:
        self._home = home
        self._path = path

    def __call__(
        self, words: Sequence[str], *, seconds: float = 60, stdin: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Ran:
        """Run it; what it says goes into files, since a daemon that it leaves behind would keep a pipe open."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            try:
                done = subprocess.run(
                    list(words), input=stdin, stdout=out, stderr=err, env=self._environment(more or {}),
                    timeout=seconds, check=False, start_new_session=True,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise Refused("tool-late", f"`{words[0]}` has not ended after {seconds:g} seconds") from None
            except OSError as error:
                raise Refused("tool-missing", f"`{words[0]}` can't be run: {error.strerror}") from None
            said = []
            for each in (out, err):
                each.seek(0)
                said.append(each.read(_MOST_OUTPUT).decode(errors="replace"))
        return Ran(tuple(words), done.returncode, *said)

    def find(self, program: str) -> str | None:
        """Where a program is, or None."""
        return shutil.which(program, path=self._path)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMPDIR") if name in os.environ}
        return {**kept, "PATH": self._path, "HOME": self._home, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **more}
