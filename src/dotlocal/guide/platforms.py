"""What there is to import a root into, and which file each takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileKind:
    """A form in which a root is handed over: how its file is named, and how a web server must send it."""

    key: str
    suffix: str
    media_type: str
    inline: bool = False  # otherwise as an attachment

    def disposition(self, file_name: str) -> str:
        """The Content-Disposition that a browser needs in order to do the right thing with the file."""
        return f'{"inline" if self.inline else "attachment"}; filename="{file_name}"'


# No RFC registers a type for a CA that is to be imported: this is Netscape's, which all browsers know.
DER = FileKind("der", ".cer", "application/x-x509-ca-cert")
CRT = FileKind("crt", ".crt", "application/x-x509-ca-cert")  # what Android's file chooser looks for
PEM = FileKind("pem", ".pem", "application/x-pem-file")
PROFILE = FileKind("profile", ".mobileconfig", "application/x-apple-aspen-config", inline=True)
FILE_KINDS = {kind.key: kind for kind in (DER, CRT, PEM, PROFILE)}


@dataclass(frozen=True, slots=True)
class Platform:
    """One place to import a root into. `key` is stable: it stands in addresses and file names."""

    key: str
    file: FileKind
    person: bool = True  # somebody with a browser; otherwise what programs and administrators need


PLATFORMS = (
    Platform("windows", DER),
    Platform("macos", DER),
    Platform("ios", PROFILE),
    Platform("android", CRT),
    Platform("firefox-android", CRT),
    Platform("linux", PEM),
    Platform("firefox", DER),
    Platform("chromeos", PEM),
    Platform("terminal", PEM, person=False),
    Platform("java", PEM, person=False),
)
BY_KEY = {platform.key: platform for platform in PLATFORMS}
