"""From an appraised root to all the files that were asked for.

1. the root and what it is limited to    2. each kind's files    3. the .rpm, where rpmbuild is    4. the list of all
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryptography.x509.oid import NameOID

from dotlocal import VERSION
from dotlocal.browser.anchor import Anchor, printable
from dotlocal.browser.appraisal import Appraisal
from dotlocal.browser.export import (
    ansible,
    apple,
    certificate,
    chromium,
    debian,
    firefox,
    index,
    page,
    qr,
    rpm,
    rpmbuild,
    scripts,
    vouching,
)
from dotlocal.browser.export.handout import LANGUAGES, File, Handout
from dotlocal.browser.export.vouching import Vouching
from dotlocal.core.errors import Refused
from dotlocal.core.findings import NOTE, WARNING, Finding
from dotlocal.core.window import rfc3339

SUMS = "SHA256SUMS"
MANIFEST = "export.json"
SCHEMA = "dotlocal-export-1"
_MAKERS: dict[str, Callable[[Handout], list[File]]] = {
    "root": certificate.files,
    "windows": scripts.windows,
    "apple": apple.files,
    "chrome": chromium.files,
    "firefox": firefox.files,
    "deb": debian.files,
    "rpm": rpm.files,
    "linux": scripts.linux,
    "ansible": ansible.files,
    "java": scripts.java,
}
KINDS = (*_MAKERS, "pages")
_MOST_URL = 200


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written: contents by path, with modes; and what could not be made, or not in full."""

    handout: Handout
    listed: tuple[File, ...]
    contents: dict[str, tuple[bytes, int]]
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, object]:
        """The report; without findings it is also the manifest in the folder."""
        return {
            "schema": SCHEMA,
            "root": self.handout.name,
            "fingerprint_sha256": self.handout.fingerprint,
            "permitted": {"dns": list(self.handout.dns), "cidrs": list(self.handout.cidrs)},
            "files": [
                {
                    "path": file.path, "sha256": hashlib.sha256(file.contents).hexdigest(), "use": file.use.en,
                    "removal": file.removal.en,
                }
                for file in self.listed
            ],
        }  # fmt: skip


def handout_of(appraisal: Appraisal, *, date: int | None = None, url: str = "") -> Handout:
    """The root as formats take it. `date` goes into archives: the root's first day unless another is given."""
    anchor = appraisal.anchor
    dns, cidrs = vouching.held_to(appraisal)
    return Handout(
        name=anchor.name, organisation=_organisation(anchor), slug=anchor.slug, entry=anchor.entry, der=anchor.der,
        dns=dns, cidrs=cidrs, date=max(0, anchor.not_before) if date is None else date, version=VERSION, url=_url(url),
    )  # fmt: skip


def make(
    appraisal: Appraisal, handout: Handout, *, only: Sequence[str] = (), languages: Sequence[str] = LANGUAGES
) -> Export:
    """Everything, or the kinds of `only`. Refuses `rpmbuild-…` where nothing but an .rpm was asked for."""
    kinds = [kind for kind in KINDS if not only or kind in only]
    said = Vouching.of(appraisal)
    files: list[File] = []
    findings: list[Finding] = []
    for kind in kinds:
        if kind != "pages":
            files += _MAKERS[kind](handout)
        if kind == "rpm":
            files += _rpm(handout, findings, alone=kinds == ["rpm"])
    if "pages" in kinds:
        days = rfc3339(appraisal.anchor.not_before)[:10], rfc3339(appraisal.anchor.not_after)[:10]
        files += page.files(handout, said, languages, days)
        if not qr.available():
            findings.append(
                Finding(
                    "export-no-qr", NOTE, "pages", "the pages have no QR codes: there is no segno here",
                    hint="pip install 'dotlocal[tools]' and export again",
                )
            )  # fmt: skip
    files += index.files(handout, said, files, languages)
    return _closed(handout, files, findings)


def _rpm(handout: Handout, findings: list[Finding], *, alone: bool) -> list[File]:
    try:
        return [rpmbuild.build(handout)]
    except Refused as refused:
        if alone:
            raise
        findings.append(Finding(refused.code, WARNING, "rpm", refused.message, hint=refused.hint))
        return []


def _closed(handout: Handout, files: list[File], findings: list[Finding]) -> Export:
    contents = {file.path: (file.contents, file.mode) for file in files}
    export = Export(handout, tuple(files), contents, tuple(findings))
    manifest = json.dumps(export.as_dict(), indent=1, ensure_ascii=False) + "\n"
    sums = "".join(f"{hashlib.sha256(contents[path][0]).hexdigest()}  {path}\n" for path in sorted(contents))
    contents[SUMS] = (sums.encode(), 0o644)
    contents[MANIFEST] = (manifest.encode(), 0o644)
    return export


def _organisation(anchor: Anchor) -> str:
    for attribute in anchor.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME):
        return " ".join(printable(str(attribute.value)).split())[:64]
    return ""


def _url(url: str) -> str:
    if not url:
        return ""
    scheme, _, rest = url.partition("://")
    if scheme not in ("https", "http") or not rest or len(url) > _MOST_URL or not _plain(url):
        raise Refused(
            "export-url", f"{url[:_MOST_URL]!r} is no address of a web page that can be printed",
            hint=f"give https://… in ASCII, at most {_MOST_URL} letters",
        )  # fmt: skip
    return url


def _plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\^`{|}")
