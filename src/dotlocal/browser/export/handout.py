"""A root as the formats take it: safe to put into a script, a file name, a package; and the files that come of it."""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from dataclasses import dataclass
from importlib import resources

from dotlocal.core import pem

LANGUAGES = ("en", "de")
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._()+-]")
_NAMESPACE = uuid.UUID("7c8d9f4e-6a0b-5f0e-9a53-2b6f1d0c4e11")  # of ours alone: what is derived below it is ours


@dataclass(frozen=True, slots=True)
class Said:
    """One text in every language that is spoken here; the markup is that of `guide.markup`."""

    en: str
    de: str

    def to(self, language: str) -> str:
        """In this language."""
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class File:
    """One file to hand out: where it lies below the folder, who needs it for what, and how that is undone. A part is of
    no use but to the others beside it.
    """

    path: str
    contents: bytes
    use: Said
    removal: Said
    mode: int = 0o644
    part: bool = False


@dataclass(frozen=True, slots=True)
class Handout:
    """A root, and what goes into every format. Two of the same root are equal, whoever makes them, whenever.

    `slug` is for the files that are handed out; `entry` for what is in stores, where another root may have this name.
    `dns` and `cidrs` are what browsers are told to hold the root to, none of them empty; `date` (POSIX seconds) is what
    archives are dated with; `version` numbers packages; `url` is where the vendor publishes the root, or empty.
    """

    name: str
    organisation: str
    slug: str
    entry: str
    der: bytes
    dns: tuple[str, ...]
    cidrs: tuple[str, ...]
    date: int
    version: str
    url: str = ""

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.slug) or not _SLUG.fullmatch(self.entry):
            raise ValueError(f"{self.slug!r}, {self.entry!r}: one can't be part of a file name")
        if not self.dns or not self.cidrs:
            # a kind that is not given is not limited: "If no constraint of a certain type is present, then any name"
            raise ValueError("both kinds of constraints, always")

    @property
    def pem(self) -> str:
        """The certificate, as most of the world but Windows wants it."""
        return pem.encode(pem.CERTIFICATE, self.der)

    @property
    def base64(self) -> str:
        """The certificate in one line."""
        return base64.b64encode(self.der).decode("ascii")

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate: 64 hex digits in upper case, a colon between octets."""
        return hashlib.sha256(self.der).digest().hex(":").upper()

    @property
    def thumbprint(self) -> str:
        """SHA-1, which is what Windows shows in its dialogs. Nothing here relies on it."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest()

    @property
    def maker(self) -> str:
        """The organisation in the same safe form as `label`."""
        return _UNSAFE.sub("_", self.organisation)[:64].strip() or self.label

    @property
    def label(self) -> str:
        """The root's name with nothing in it that a shell, YAML, a control file or a spec could take for more."""
        return _UNSAFE.sub("_", self.name)[:64].strip() or self.slug

    def uuid(self, what: str) -> str:
        """An identifier of a part of this root's profiles: always the same one, so that a new profile replaces it."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.fingerprint} {what}")).upper()


def filled(handout: Handout, name: str, **more: str) -> str:
    """A text of `files/` with the root's facts in it."""
    facts = {
        "SLUG": handout.slug, "ENTRY": handout.entry, "LABEL": handout.label, "FINGERPRINT": handout.fingerprint,
        "THUMBPRINT": handout.thumbprint.upper(), "PEM": handout.pem.strip(), "BASE64": handout.base64,
        "VERSION": handout.version, **more,
    }  # fmt: skip
    text = (resources.files("dotlocal.browser.export.files") / name).read_text(encoding="utf-8")
    for key, value in facts.items():
        text = text.replace(f"@{key}@", value)
    return text
