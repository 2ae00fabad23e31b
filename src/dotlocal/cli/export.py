"""`dotlocal trust export`: a root as everything that an administrator hands out."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from dotlocal.cli import roots, terms
from dotlocal.core.errors import Refused

if TYPE_CHECKING:
    from dotlocal.browser.appraisal import Appraisal

_KINDS = ("root", "windows", "apple", "chrome", "firefox", "deb", "rpm", "linux", "ansible", "java", "pages")
_LANGUAGES = ("en", "de")


def add(commands: Any) -> None:
    """Add the command to those of the customer."""
    export = terms.command(
        commands, "export", _export, "files and instructions for every kind of computer and phone",
        "  dotlocal trust export root.pem handout\n"
        "  dotlocal trust export root.pem handout --only deb --only pages --language de --url https://acme.example/root",
    )  # fmt: skip
    roots.add(export)
    export.add_argument("folder", metavar="DIR", help="where to: a new or empty folder, or one of an earlier export")
    export.add_argument(
        "--only", action="append", choices=_KINDS, default=[], metavar="KIND",
        help=f"only this kind (repeatable): {', '.join(_KINDS)}",
    )  # fmt: skip
    export.add_argument(
        "--language",
        action="append",
        choices=_LANGUAGES,
        default=[],
        help="of pages and lists (repeatable; default: all)",
    )
    export.add_argument("--url", default="", metavar="URL", help="where the maker publishes the root, for the pages")
    export.add_argument("--fingerprint", metavar="SHA256", help="go on only if the root has this fingerprint")
    export.add_argument(
        "--force", action="store_true", help="also a root that should not be imported, and between other files"
    )
    terms.add_json(export)


def _export(options: argparse.Namespace) -> int:
    from dotlocal.browser.export import folder, making

    appraisal = roots.appraised(roots.read(options.root, force=options.force))
    _check(appraisal, options)
    handout = making.handout_of(appraisal, date=_date(), url=options.url)
    languages = tuple(dict.fromkeys(options.language)) or _LANGUAGES
    made = making.make(appraisal, handout, only=options.only, languages=languages)
    stale = folder.write(options.folder, made.contents, force=options.force)
    if options.json:
        findings = [
            {"code": each.code, "severity": each.severity, "message": each.message, "hint": each.hint}
            for each in (*appraisal.findings, *made.findings)
        ]
        terms.deliver_json({**made.as_dict(), "folder": options.folder, "removed": stale, "findings": findings})
    else:
        terms.write("".join(f"{os.path.join(options.folder, path)}\n" for path in made.contents))
    for finding in (*appraisal.findings, *made.findings):
        terms.say(f"{finding.severity}: {finding.message} ({finding.code})")
        if finding.hint:
            terms.say(f"hint: {finding.hint}")
    if stale:
        terms.say(f"removed {len(stale)} files of an earlier export that this one does not have")
    terms.say(f"{handout.name}, SHA-256 {handout.fingerprint}")
    terms.say(f"begin with {os.path.join(options.folder, f'README.{languages[0]}.html')}")
    return 0


def _check(appraisal: Appraisal, options: argparse.Namespace) -> None:
    from dotlocal.browser.consent import compare

    anchor = appraisal.anchor
    if options.fingerprint is not None:
        compare(appraisal, options.fingerprint)
    if appraisal.refusals and not options.force:
        why = "; ".join(finding.message for finding in appraisal.refusals)
        raise Refused(
            "export-refused", f"{anchor.name} should not be imported: {why}",
            hint="`dotlocal trust show` says more; --force hands it out all the same",
        )  # fmt: skip


def _date() -> int | None:
    # reproducible-builds.org: what archives are dated with, where the root's own first day is not wanted
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or len(given) > 11:
        raise Refused("export-date", f"SOURCE_DATE_EPOCH is {given[:40]!r}, no number of seconds since 1970")
    return int(given)
