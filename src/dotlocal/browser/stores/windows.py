"""The certificate stores of Windows: the machine's for an administrator, else one's own. Never run on Windows by us:
tested against what `certutil.exe` is documented and recorded to say.
"""

from __future__ import annotations

import binascii
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import curl
from dotlocal.browser.stores.store import Holding
from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host.commands import Ran

KIND = "windows"
_SECONDS = 180.0  # for a person's own store, Windows asks at the screen
_LIST = "Get-ChildItem Cert:\\{}\\Root | ForEach-Object {{ [Convert]::ToBase64String($_.RawData) }}"


def find(machine: Machine) -> list[RootStore]:
    """The machine's store for an administrator, else one's own."""
    return [RootStore(machine)] if machine.system == "win32" else []


class RootStore:
    """Trusted Root Certification Authorities."""

    kind = KIND
    idle = ""
    afterwards = ""
    needs_root = False

    def __init__(self, machine: Machine) -> None:
        self._run = machine.run
        self.everybody = machine.root
        system = machine.environment.get("SYSTEMROOT") or "C:\\Windows"
        # by its path: NSS has a program of the same name
        self._certutil = f"{system}\\System32\\certutil.exe"
        self._powershell = f"{system}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
        self._curl = f"{system}\\System32\\curl.exe"
        self._whose = () if machine.root else ("-user",)
        self.place = "Cert:\\LocalMachine\\Root" if machine.root else "Cert:\\CurrentUser\\Root"

    def holds(self, anchor: Anchor) -> Holding:
        """Windows keeps a certificate once and notes nobody's name, so whatever is there counts as ours."""
        if anchor.der in list(self.certificates()):
            return Holding((anchor.name,), (), True)
        return Holding()

    def install(self, anchor: Anchor) -> None:
        """With certutil."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "root.cer")
            path.write_bytes(anchor.der)
            ran = self._call("-addstore", "Root", str(path))
        if ran.status:
            raise Refused(
                "store-command", f"`certutil -addstore` failed: {ran.said}",
                hint="for one's own store Windows asks at the screen, and a No is an answer",
            )  # fmt: skip

    def remove(self, anchor: Anchor, *, others: bool) -> None:
        """By its fingerprint."""
        if self.holds(anchor).held:
            ran = self._call("-delstore", "Root", _sha1(anchor))
            if ran.status:
                raise Refused("store-command", f"`certutil -delstore` failed: {ran.said}")

    def certificates(self) -> Iterator[bytes]:
        """All in the store, by PowerShell: certutil's listing is in the language of the person."""
        script = _LIST.format("LocalMachine" if not self._whose else "CurrentUser")
        ran = self._run([self._powershell, "-NoProfile", "-NonInteractive", "-Command", script], seconds=_SECONDS)
        if ran.status:
            raise Refused("store-command", f"PowerShell can't list {self.place}: {ran.said}")
        for line in ran.out.split():
            try:
                yield binascii.a2b_base64(line)
            except binascii.Error:
                continue

    def by_hand(self, anchor: Anchor, file: str) -> Sequence[str]:
        """For an administrator, without -user for the whole machine."""
        return (" ".join(("certutil", *self._whose, "-addstore", "Root", f'"{file}"')),)

    def by_hand_removal(self, anchor: Anchor, names: Sequence[str] = ()) -> Sequence[str]:
        """By its fingerprint."""
        return (" ".join(("certutil", *self._whose, "-delstore", "Root", _sha1(anchor))),)

    def ask(self, witness: Witness) -> Sequence[Verdict]:
        """curl as it comes with Windows; nobody in a closed network answers questions about revocation."""
        return curl.ask(self._run, self._curl, witness, "--ssl-no-revoke")

    def _call(self, *words: str) -> Ran:
        return self._run([self._certutil, *self._whose, *words], seconds=_SECONDS)


def _sha1(anchor: Anchor) -> str:
    # Windows calls it the thumbprint; it names a certificate here and protects nothing
    return anchor.certificate.fingerprint(SHA1()).hex()  # noqa: S303
