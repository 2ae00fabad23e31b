"""One NSS database, as Chromium and Firefox on Linux have them: `cert9.db`, `key4.db` and `pkcs11.txt` in a folder.

NSS's own `certutil` writes; what the database holds is read from its SQLite table, which tells a locked or broken one
apart, and never writes.
"""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import made_here
from dotlocal.browser.stores.store import Holding
from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host.commands import Ran

FILES = ("cert9.db", "key4.db", "pkcs11.txt")
_TRUSTED = "C,,"  # a CA whose server certificates are accepted, and nothing else
_LOCK_SECONDS = 2.0
_SECONDS = 30.0
# pkcs11t.h: CKA_CLASS 0, CKA_LABEL 3, CKA_VALUE 0x11; CKO_CERTIFICATE 1; attributes are columns named in hexadecimal
_QUERY = "SELECT a3, a11 FROM nssPublic WHERE a0 = x'00000001'"
_LINE = re.compile(r"^(.+?)\s+([a-zA-Z]*),([a-zA-Z]*),([a-zA-Z]*)\s*$")
_MISSING = "`certutil` of NSS is not installed"
_PACKAGE = "install it: libnss3-tools on Debian, nss-tools on Fedora, nss on Arch, mozilla-nss-tools on SUSE"


class Database:
    """A database in a folder; `kind` is whose it is, `idle` why nobody looks at it."""

    needs_root = False
    everybody = False
    afterwards = "a browser that is open now sees it when it is started again"

    def __init__(self, machine: Machine, folder: str, kind: str, *, idle: str = "") -> None:
        self._machine = machine
        self._folder = folder
        self.kind = kind
        self.place = folder
        self.idle = idle

    def holds(self, anchor: Anchor) -> Holding:
        """NSS keeps a certificate once, under one nickname: ours, or that of whoever came first."""
        names = [name for name, der in self._rows() if der == anchor.der]
        if not names:
            return Holding()
        ours = tuple(name for name in names if name == anchor.entry)
        others = tuple(name for name in names if name != anchor.entry)
        return Holding(ours, others, any("C" in self._flags(name) for name in names))

    def install(self, anchor: Anchor) -> None:
        """Make the database where there is none, then add; a database made here goes again when that fails."""
        certutil = self._certutil()
        new = not os.path.exists(os.path.join(self._folder, FILES[0]))
        made: list[str] = made_here.folders(self._folder) if new else []
        try:
            if new:
                self._run([certutil, "-N", "-d", self._named, "--empty-password"])
                made_here.mark(self._folder, made)
            self._run([certutil, "-A", "-d", self._named, "-n", anchor.entry, "-t", _TRUSTED], anchor.der)
        except BaseException:
            # with a primary password NSS keeps the certificate and refuses the trust: half of it is there
            with suppress(Refused):
                if new:
                    made_here.remove(self._folder, FILES, made)
                elif self.holds(anchor).ours:
                    self._run([certutil, "-D", "-d", self._named, "-n", anchor.entry])
            raise

    def remove(self, anchor: Anchor, *, others: bool) -> None:
        """By nickname; then a database that was made here, and holds nothing any more."""
        certutil = self._certutil()
        holding = self.holds(anchor)
        for name in (*holding.ours, *(holding.others if others else ())):
            self._run([certutil, "-D", "-d", self._named, "-n", name])
        made = made_here.marked(self._folder)
        if made is not None and not self._rows() and not self._has_keys():
            made_here.remove(self._folder, FILES, made)
        elif made is not None:
            made_here.unmark(self._folder)  # by now it is its owner's

    def certificates(self) -> Iterator[bytes]:
        """All in it; none where there is no database."""
        return iter([der for _, der in self._rows()])

    def by_hand(self, anchor: Anchor, file: str) -> Sequence[str]:
        """With certutil, after making the database where there is none."""
        named = shlex.quote(self._named)
        new = not os.path.exists(os.path.join(self._folder, FILES[0]))
        made = [f"mkdir -p {shlex.quote(self._folder)}", f"certutil -N -d {named} --empty-password"] if new else []
        return (*made, f"certutil -A -d {named} -n {anchor.entry} -t {_TRUSTED} -i {shlex.quote(file)}")

    def by_hand_removal(self, anchor: Anchor, names: Sequence[str] = ()) -> Sequence[str]:
        """With certutil."""
        named = shlex.quote(self._named)
        return [f"certutil -D -d {named} -n {shlex.quote(name)}" for name in names or (anchor.entry,)]

    def ask(self, witness: Witness) -> Sequence[Verdict]:
        """NSS's own client, with this database; nobody where there is none yet."""
        if not exists(self._folder) or not self._machine.run.find("tstclnt"):
            return []
        family = "-6" if ":" in witness.address else "-4"
        led = [family, "-h", witness.address, "-p", str(witness.port), "-a", witness.host.text]
        try:
            ran = self._machine.run(["tstclnt", *led, "-Q", "-d", self._named], seconds=_SECONDS)
        except Refused as refused:
            return [Verdict("NSS", witness.text, None, refused.message)]
        refusal = re.search(r"authentication of server cert failed: (.*)", ran.err)
        if refusal:
            return [Verdict("NSS", witness.text, False, refusal[1])]
        return [Verdict("NSS", witness.text, True, "trusted") if not ran.status else _unasked(witness, ran.said)]

    @property
    def _named(self) -> str:
        return f"sql:{self._folder}"

    def _certutil(self) -> str:
        found = self._machine.run.find("certutil")
        if not found:
            raise Refused("store-tool", _MISSING, hint=_PACKAGE)
        return found

    def _flags(self, nickname: str) -> str:
        """What the nickname is trusted for as a server's CA."""
        ran = self._run([self._certutil(), "-L", "-d", self._named])
        for line in ran.out.splitlines():
            match = _LINE.match(line)
            if match and match[1] == nickname:
                return match[2]
        return ""

    def _rows(self) -> list[tuple[str, bytes]]:
        """Nickname and DER of every certificate."""
        return [(_text(label), der) for label, der in self._select(FILES[0], _QUERY) if isinstance(der, bytes)]

    def _has_keys(self) -> bool:
        return bool(self._select(FILES[1], "SELECT id, a0 FROM nssPrivate"))

    def _select(self, name: str, query: str) -> list[tuple[object, object]]:
        path = os.path.join(self._folder, name)
        if not os.path.exists(path):
            return []
        try:
            address = f"file:{_quoted(path)}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=_LOCK_SECONDS)) as database:
                return list(database.execute(query))
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise Refused(
                    "store-locked", f"another program holds {path}", hint="close the browser, and try again"
                ) from None
            raise Refused(
                "store-broken", f"{path} is no NSS database, or a damaged one: {error}",
                hint="the browser that owns it makes a new one when the file is moved away",
            ) from None  # fmt: skip

    def _run(self, words: list[str], stdin: bytes = b"") -> Ran:
        ran = self._machine.run(words, seconds=_SECONDS, stdin=stdin)
        if not ran.status:
            return ran
        if "PASSWORD" in ran.err or "authenticate" in ran.err:
            raise Refused(
                "store-password", f"{self._folder} has a primary password, which `certutil` would need",
                hint="import the root in the browser's own settings, where it asks for it",
            )  # fmt: skip
        raise Refused("store-command", f"`certutil {words[1]}` failed at {self._folder}: {ran.said}")


def _unasked(witness: Witness, said: str) -> Verdict:
    return Verdict("NSS", witness.text, None, said)


def _text(label: object) -> str:
    return label.decode(errors="replace") if isinstance(label, bytes) else str(label or "")


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def exists(folder: str) -> bool:
    """Whether there is a database in the folder."""
    return os.path.exists(os.path.join(folder, FILES[0]))
