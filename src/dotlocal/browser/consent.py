"""What must hold before a root is imported: that it is the right one, and that it can do nothing unheard of. Pure."""

from __future__ import annotations

import re

from dotlocal.browser.appraisal import Appraisal
from dotlocal.core.errors import Refused

_HEX = re.compile(r"[0-9A-F]{64}")


def is_fingerprint(text: str) -> bool:
    """Whether a text is a SHA-256 fingerprint, in any of the ways in which people write them."""
    return bool(_HEX.fullmatch(bare(text)))


def check(appraisal: Appraisal, *, fingerprint: str | None, force: bool) -> None:
    """Compare the fingerprint, then let the appraisal decide; refuses `fingerprint-form`, `fingerprint-differs` and
    `root-refused`.
    """
    if fingerprint is not None:
        compare(appraisal, fingerprint)
    if appraisal.refusals and not force:
        codes = ", ".join(dict.fromkeys(finding.code for finding in appraisal.refusals))
        raise Refused(
            "root-refused", f"{appraisal.anchor.name!r} was not imported: {codes}",
            hint=f"{appraisal.refusals[0].hint}; --force imports it all the same",
            facts={"codes": [finding.code for finding in appraisal.refusals]},
        )  # fmt: skip


def compare(appraisal: Appraisal, fingerprint: str) -> None:
    """Whether it is the root that somebody means; refuses `fingerprint-form` and `fingerprint-differs`."""
    if not is_fingerprint(fingerprint):
        raise Refused(
            "fingerprint-form", f"{fingerprint[:100]!r} is no SHA-256 fingerprint: 64 hexadecimal digits",
            hint="a shorter one is SHA-1 or MD5, with which a root can be forged; look for SHA-256",
        )  # fmt: skip
    found = appraisal.anchor.fingerprint
    if bare(fingerprint) != bare(found):
        expected = ":".join(re.findall("..", bare(fingerprint)))
        raise Refused(
            "fingerprint-differs", f"the file's fingerprint is {found}, and not {expected}; nothing was done",
            hint="this is not the root that the label speaks of: get it from the maker, and tell them",
            facts={"file": found, "given": expected},
        )  # fmt: skip


def bare(text: str) -> str:
    """A fingerprint as 64 capital digits, however it was written."""
    return re.sub(r"[\s:-]", "", text).upper()
