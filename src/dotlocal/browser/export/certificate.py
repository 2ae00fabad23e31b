"""The root itself, in the forms and under the names that programs look for."""

from __future__ import annotations

from dotlocal.browser.export.handout import File, Handout, Said


def files(handout: Handout) -> list[File]:
    """DER for Windows and Apple, PEM for nearly everybody else."""
    slug = handout.slug
    anywhere = Said("where it was imported", "dort, wo sie importiert wurde")
    keychain = "-k /Library/Keychains/System.keychain"
    return [
        File(
            f"root/{slug}.cer", handout.der,
            Said(
                "the root in DER form: Windows and macOS. On a Mac: `sudo security add-trusted-cert -d -r trustRoot"
                f" {keychain} {slug}.cer`, with a person who confirms it",
                "das Stammzertifikat als DER: Windows und macOS. Auf einem Mac: `sudo security add-trusted-cert -d -r"
                f" trustRoot {keychain} {slug}.cer`, mit jemandem, der es bestätigt",
            ),
            Said(*[f"`sudo security delete-certificate -Z {handout.thumbprint.upper()} {keychain[3:]}`"] * 2),
        ),
        File(
            f"root/{slug}.crt", handout.pem.encode(),
            Said(
                "in PEM form, named as Android wants it, for its device management too",
                "als PEM, benannt wie Android es will, auch für dessen Geräteverwaltung",
            ),
            anywhere,
        ),
        File(
            f"root/{slug}.pem", handout.pem.encode(),
            Said(
                "the same: ChromeOS (Google Admin console: **Devices, Networks, Certificates**, for Chromebooks), Java,"
                " curl, Python, Git",
                "dasselbe: ChromeOS (Google-Admin-Konsole: **Geräte, Netzwerke, Zertifikate**, für Chromebooks), Java,"
                " curl, Python, Git",
            ),
            anywhere,
        ),
    ]  # fmt: skip
