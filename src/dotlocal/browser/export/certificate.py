"""The root itself, in the forms and under the names that programs look for."""

from __future__ import annotations

from dotlocal.browser.export.handout import File, Handout, Said


def files(handout: Handout) -> list[File]:
    """DER for Windows and Apple, PEM for nearly everybody else."""
    undone = Said("where it was imported", "dort, wo sie importiert wurde")
    return [
        File(
            f"root/{handout.slug}.cer", handout.der,
            Said("the root in DER form: Windows, macOS", "das Stammzertifikat als DER: Windows, macOS"), undone,
        ),
        File(
            f"root/{handout.slug}.crt", handout.pem.encode(),
            Said("in PEM form, named as Android and Debian want it", "als PEM, benannt, wie Android und Debian wollen"),
            undone,
        ),
        File(
            f"root/{handout.slug}.pem", handout.pem.encode(),
            Said("the same: ChromeOS, Java, curl, Python, Git", "dasselbe: ChromeOS, Java, curl, Python, Git"), undone,
        ),
    ]  # fmt: skip
