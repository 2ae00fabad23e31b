"""What a person is shown about a root before it is imported. Pure: lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dotlocal.browser.appraisal import Appraisal
from dotlocal.browser.enforcement import HELD, Row
from dotlocal.core.window import rfc3339


def appraisal_lines(appraisal: Appraisal, programs: Iterable[Row]) -> Iterator[str]:
    """The root, what it can and can't vouch for, who holds it to that, and what speaks against it."""
    anchor = appraisal.anchor
    yield anchor.name
    yield f"  fingerprint (SHA-256)  {anchor.fingerprint[:47]}"
    yield f"                         {anchor.fingerprint[48:]}"
    valid = f"{rfc3339(anchor.not_before)[:10]} to {rfc3339(anchor.not_after)[:10]}"
    yield f"  valid                  {valid}, {anchor.key}"
    yield from _listed("can vouch for", appraisal.can)
    yield from _listed("can never vouch for", appraisal.cannot)
    lax = [row for row in programs if row.limits != HELD]
    held = [row.program for row in programs if row.limits == HELD]
    if anchor.limits.present:
        if held:
            yield f"  held to these limits by {'; '.join(held)}"
        yield from (f"  BUT {row.program} {row.words}" for row in lax)
    for finding in appraisal.findings:
        yield f"  {finding.severity}: {finding.message} ({finding.code})"
        if finding.hint:
            yield f"    {finding.hint}"


def _listed(title: str, sentences: tuple[str, ...]) -> Iterator[str]:
    for index, sentence in enumerate(sentences):
        yield f"  {title if index == 0 else '':22} {sentence}"
