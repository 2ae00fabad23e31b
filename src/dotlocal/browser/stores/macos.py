"""The keychains of macOS: the system's for everybody, the login keychain for one person. Never run on a Mac by us:
tested against what `security` is documented and recorded to say.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from cryptography.hazmat.primitives.hashes import SHA1

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import bundle, curl
from dotlocal.browser.stores.store import Holding
from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host import files
from dotlocal.host.commands import Ran

KIND = "macos"
_SECURITY = "/usr/bin/security"
_SECONDS = 180.0  # a person types a password meanwhile
_SYSTEM = "/Library/Keychains/System.keychain"
# servers, and the plain check that precedes it: not mail, not programs
_POLICIES = ("-p", "ssl", "-p", "basic")


def find(machine: Machine) -> list[Keychain]:
    """The system's keychain for an administrator, else one's own."""
    return [Keychain(machine)] if machine.system == "darwin" else []


class Keychain:
    """One keychain, and the trust settings that go with it."""

    kind = KIND
    idle = ""
    afterwards = ""
    needs_root = False

    def __init__(self, machine: Machine) -> None:
        self._run = machine.run
        self.everybody = machine.root
        self.place = _SYSTEM if machine.root else machine.at_home("Library", "Keychains", "login.keychain-db")
        self._domain = ("-d",) if machine.root else ()
        self._sudo = "sudo " if machine.root else ""

    def holds(self, anchor: Anchor) -> Holding:
        """A keychain keeps a certificate once and notes nobody's name, so whatever is there counts as ours."""
        if anchor.der not in list(self.certificates()):
            return Holding()
        verified = self._with(anchor, lambda path: self._security("verify-cert", "-c", path, "-l", "-L", "-p", "ssl"))
        return Holding((anchor.name,), (), not verified.status)

    def install(self, anchor: Anchor) -> None:
        """Certificate and trust settings in one command; the certificate goes again when the trust is not given."""
        words = ("add-trusted-cert", *self._domain, "-r", "trustRoot", *_POLICIES, "-k", self.place)
        ran = self._with(anchor, lambda path: self._security(*words, path))
        if ran.status:
            with suppress(Refused):
                self._delete(anchor)
            raise Refused(
                "store-command", f"`security add-trusted-cert` failed: {ran.said}",
                hint="macOS asks the person at the screen for a password; over SSH there is nobody to ask",
            )  # fmt: skip

    def remove(self, anchor: Anchor, *, others: bool) -> None:
        """The trust settings, then the certificate."""
        if not self.holds(anchor).held:
            return
        ran = self._with(anchor, lambda path: self._security("remove-trusted-cert", *self._domain, path))
        if ran.status and "could not be found" not in ran.err:
            raise Refused("store-command", f"`security remove-trusted-cert` failed: {ran.said}")
        self._delete(anchor)

    def certificates(self) -> Iterator[bytes]:
        """All in the keychain."""
        ran = self._security("find-certificate", "-a", "-p", self.place)
        yield from bundle.certificates(ran.out.encode())

    def by_hand(self, anchor: Anchor, file: str) -> Sequence[str]:
        """On a terminal with a person in front of it."""
        words = " ".join(("add-trusted-cert", *self._domain, "-r trustRoot", *_POLICIES, "-k", shlex.quote(self.place)))
        return (f"{self._sudo}security {words} {shlex.quote(file)}",)

    def by_hand_removal(self, anchor: Anchor, names: Sequence[str] = ()) -> Sequence[str]:
        """By its fingerprint."""
        return (f"{self._sudo}security delete-certificate -t -Z {_sha1(anchor)} {shlex.quote(self.place)}",)

    def ask(self, witness: Witness) -> Sequence[Verdict]:
        """curl as it comes with macOS."""
        return curl.ask(self._run, "/usr/bin/curl", witness)

    def _delete(self, anchor: Anchor) -> None:
        ran = self._security("delete-certificate", "-Z", _sha1(anchor), self.place)
        if ran.status and "could not be found" not in ran.err and "Unable to delete" not in ran.err:
            raise Refused("store-command", f"`security delete-certificate` failed: {ran.said}")

    def _security(self, *words: str) -> Ran:
        return self._run([_SECURITY, *words], seconds=_SECONDS)

    def _with(self, anchor: Anchor, call: Callable[[str], Ran]) -> Ran:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "root.pem")
            files.write(path, anchor.pem.encode())
            return call(path)


def _sha1(anchor: Anchor) -> str:
    # what `security -Z` has taken from its beginning on; it names a certificate here and protects nothing
    return anchor.certificate.fingerprint(SHA1()).hex().upper()  # noqa: S303
