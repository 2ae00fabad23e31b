"""FAKES of systems that can't be run here: a keychain of macOS, a root store of Windows, as far as `trust` uses them.

They answer as `security(1)` and Microsoft's certutil and PowerShell are documented, and have been recorded by others,
to answer. What they prove is that our words fit those answers, and not that a Mac or Windows does what they say.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.browser.machine import Machine
from dotlocal.host.commands import Ran

Answer = tuple[int, str, str]
_NOT_FOUND = "The specified item could not be found in the keychain."
_NOBODY = "The authorization was denied since no user interaction was possible."


@dataclass
class Faked:
    """Runs words by a function of its own, and keeps them."""

    answers: dict[str, Callable[[list[str]], Answer]]
    ran: list[list[str]] = field(default_factory=list)

    def __call__(
        self, words: Sequence[str], *, seconds: float = 60, stdin: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Ran:
        self.ran.append(list(words))
        status, out, err = self.answers[words[0]](list(words[1:]))
        return Ran(tuple(words), status, out, err)

    def find(self, program: str) -> str | None:
        return program if program in self.answers else None

    def said(self, *words: str) -> bool:
        """Whether a command with these words, in this order, was run."""
        return any([word for word in command if word in words] == list(words) for command in self.ran)


@dataclass
class Keychains:
    """macOS: certificates, and those among them that are trusted for TLS."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    trusted: set[bytes] = field(default_factory=set)
    somebody_at_the_screen: bool = True
    curl: Answer = (0, "", "")

    def machine(self, home: Path, *, root: bool) -> tuple[Machine, Faked]:
        faked = Faked({"/usr/bin/security": self._security, "/usr/bin/curl": lambda words: self.curl})
        return Machine("darwin", str(home), root, faked, below=str(home)), faked

    def _security(self, words: list[str]) -> Answer:
        match words[0]:
            case "find-certificate":
                return 0, "".join(each.public_bytes(Encoding.PEM).decode() for each in self.certificates), ""
            case "verify-cert":
                if _der(words[words.index("-c") + 1]) in self.trusted:
                    return 0, "...certificate verification successful.\n", ""
                return 1, "", "Cert Verify Result: CSSMERR_TP_NOT_TRUSTED\n"
            case "add-trusted-cert":
                return self._add(words[-1])
            case "remove-trusted-cert":
                if _der(words[-1]) not in self.trusted:
                    return 1, "", f"SecTrustSettingsRemoveTrustSettings: {_NOT_FOUND}\n"
                self.trusted.discard(_der(words[-1]))
                return 0, "", ""
            case "delete-certificate":
                return self._delete(words[words.index("-Z") + 1])
        raise AssertionError(words)

    def _add(self, path: str) -> Answer:
        # the certificate first, then the trust settings: recorded, and why a refusal leaves half of it behind
        self.certificates.append(x509.load_pem_x509_certificate(Path(path).read_bytes()))
        if not self.somebody_at_the_screen:
            return 1, "", f"SecTrustSettingsSetTrustSettings: {_NOBODY}\n"
        self.trusted.add(_der(path))
        return 0, "", ""

    def _delete(self, digest: str) -> Answer:
        kept = [each for each in self.certificates if each.fingerprint(SHA1()).hex().upper() != digest.upper()]
        if len(kept) == len(self.certificates):
            return 1, "", f'Unable to delete certificate matching "{digest}"\n'
        self.certificates = kept
        return 0, "", ""


@dataclass
class WindowsStore:
    """Windows: the root store of the machine or of a person; `yes` is what the person answers who is asked."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    yes: bool = True
    curl: Answer = (0, "", "")

    def machine(self, home: Path, *, root: bool) -> tuple[Machine, Faked]:
        folder = "C:\\Windows\\System32"
        faked = Faked({
            f"{folder}\\certutil.exe": self._certutil,
            f"{folder}\\WindowsPowerShell\\v1.0\\powershell.exe": self._powershell,
            f"{folder}\\curl.exe": lambda words: self.curl,
        })  # fmt: skip
        return Machine("win32", str(home), root, faked, {"SYSTEMROOT": "C:\\Windows"}), faked

    def _powershell(self, words: list[str]) -> Answer:
        lines = (base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in self.certificates)
        return 0, "".join(f"{line}\r\n" for line in lines), ""

    def _certutil(self, words: list[str]) -> Answer:
        verb = "-addstore" if "-addstore" in words else "-delstore"
        if verb == "-addstore":
            if "-user" in words and not self.yes:
                return 1223, f"CertUtil: {verb} command FAILED: 0x800704c7 (WIN32: 1223 ERROR_CANCELLED)\r\n", ""
            self.certificates.append(x509.load_der_x509_certificate(Path(words[-1]).read_bytes()))
        else:
            self.certificates = [each for each in self.certificates if each.fingerprint(SHA1()).hex() != words[-1]]
        return 0, f"CertUtil: {verb} command completed successfully.\r\n", ""


def _der(path: str) -> bytes:
    return x509.load_pem_x509_certificate(Path(path).read_bytes()).public_bytes(Encoding.DER)
