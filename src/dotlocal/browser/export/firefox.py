"""Firefox by policy. On Linux it has a store of its own; on Windows and macOS it follows the system, if it is told to.

A bare file name would be looked for in folders that a Firefox in a sandbox can't see: hence the absolute path, beside
the policy file itself (Firefox's policy reference, Certificates).
"""

from __future__ import annotations

import json
from typing import Any

from dotlocal.browser.export.handout import File, Handout, Said, filled

LINUX = "/etc/firefox/policies"
_ONE_FILE = Said(
    "There is one such file per computer: where it exists, add the entry to it",
    "Es gibt eine solche Datei je Rechner: wo sie schon da ist, den Eintrag dort ergänzen",
)


def files(handout: Handout) -> list[File]:
    """policies.json with the root beside it for Linux, and the one for Windows and macOS."""
    name = f"{handout.slug}-firefox-remove.sh"
    removal = Said(
        f"take the entry out, then `{name}`: a profile that has the root keeps it",
        f"Eintrag herausnehmen, dann `{name}`: ein Profil, das es schon hat, behält es",
    )
    installed = f"{LINUX}/{handout.entry}.crt"
    return [
        File(
            "firefox/linux/policies.json", _encode({"Install": [installed]}),
            Said(
                f"Linux: into `{LINUX}/`, together with `{handout.entry}.crt`. {_ONE_FILE.en}",
                f"Linux: nach `{LINUX}/`, zusammen mit `{handout.entry}.crt`. {_ONE_FILE.de}",
            ),
            removal,
        ),
        File(
            f"firefox/linux/{handout.entry}.crt", handout.pem.encode(),
            Said("what `policies.json` names", "was `policies.json` nennt"), Said("delete the file", "Datei löschen"),
            part=True,
        ),
        File(
            f"firefox/linux/{name}", filled(handout, "firefox-remove.sh").encode(),
            Said(
                f"Linux: `sudo sh {name}` takes the root out of every profile, once the policy no longer puts it there",
                f"Linux: `sudo sh {name}` nimmt das Stammzertifikat aus jedem Profil, sobald die Richtlinie es nicht"
                " mehr hineinlegt",
            ),
            Said("not needed", "nicht nötig"), 0o755,
        ),
        File(
            "firefox/windows-macos/policies.json", _encode({"ImportEnterpriseRoots": True}),
            Said(
                "Windows: into the folder `distribution` beside `firefox.exe`; macOS: into"
                " `Firefox.app/Contents/Resources/distribution/`. Firefox then trusts what the system trusts; from"
                f" version 120 on it does so by itself. {_ONE_FILE.en}",
                "Windows: in den Ordner `distribution` neben `firefox.exe`; macOS: nach"
                " `Firefox.app/Contents/Resources/distribution/`. Firefox vertraut dann allem, dem das System"
                f" vertraut; ab Version 120 von selbst. {_ONE_FILE.de}",
            ),
            Said("remove the root from the system", "Stammzertifikat aus dem System entfernen"),
        ),
    ]  # fmt: skip


def _encode(certificates: dict[str, Any]) -> bytes:
    return (json.dumps({"policies": {"Certificates": certificates}}, indent=1) + "\n").encode()
