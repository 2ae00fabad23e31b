"""Chrome, Chromium and Edge by policy: the root, and the names that it may vouch for whatever it says itself.

CACertificatesWithConstraints: Chrome 132 on every desktop, Edge 133 on Windows and macOS (their policy lists).
"""

from __future__ import annotations

import json
from typing import Any

from dotlocal.browser.export import apple, registry
from dotlocal.browser.export.handout import File, Handout, Said

POLICY = "CACertificatesWithConstraints"
MANAGED = (
    "/etc/opt/chrome/policies/managed", "/etc/chromium/policies/managed",
    "/etc/chromium-browser/policies/managed",  # Ubuntu's, which is a snap
    "/etc/opt/edge/policies/managed",
)  # fmt: skip
_KEYS = {"chrome": r"SOFTWARE\Policies\Google\Chrome", "edge": r"SOFTWARE\Policies\Microsoft\Edge"}
_TITLES = {"chrome": "Chrome", "edge": "Edge"}
_DOMAINS = ("com.google.Chrome", "com.microsoft.Edge")
_ONE_LIST = Said(
    "A browser reads one such list: where another root is set in the same way, put both into one",
    "Ein Browser liest nur eine solche Liste: wo schon ein anderes Stammzertifikat so eingetragen ist, beide in eine"
    " schreiben",
)


def policy(handout: Handout) -> list[dict[str, Any]]:
    """The value of the policy. Both kinds of constraint, always: an unset one would allow everything of its kind."""
    constraints = {"permitted_dns_names": list(handout.dns), "permitted_cidrs": list(handout.cidrs)}
    return [{"certificate": handout.base64, "constraints": constraints}]


def linux(handout: Handout) -> bytes:
    """The policy file of Linux."""
    return (json.dumps({POLICY: policy(handout)}, indent=1) + "\n").encode()


def files(handout: Handout) -> list[File]:
    """Policy files for Linux, Windows and macOS."""
    whole = {POLICY: policy(handout)}
    made = [
        File(
            f"chrome/linux/{handout.entry}.json", linux(handout),
            Said(
                "Linux: as it is into `/etc/opt/chrome/policies/managed/` (Chrome), `/etc/chromium/policies/managed/`"
                " (Chromium; as a snap `/etc/chromium-browser/policies/managed/`) or `/etc/opt/edge/policies/managed/`"
                f" (Edge). {_ONE_LIST.en}",
                "Linux: unverändert nach `/etc/opt/chrome/policies/managed/` (Chrome),"
                " `/etc/chromium/policies/managed/` (Chromium; als Snap `/etc/chromium-browser/policies/managed/`) oder"
                f" `/etc/opt/edge/policies/managed/` (Edge). {_ONE_LIST.de}",
            ),
            Said("delete the file", "Datei löschen"),
        ),
        File(
            f"chrome/macos/{handout.slug}-browsers.mobileconfig",
            apple.managed_preferences(handout, _DOMAINS, whole),
            Said(f"macOS: Chrome and Edge, by MDM. {_ONE_LIST.en}", f"macOS: Chrome und Edge, per MDM. {_ONE_LIST.de}"),
            Said("remove the profile by MDM", "Profil per MDM entfernen"),
        ),
    ]  # fmt: skip
    for browser, key in _KEYS.items():
        made += _windows(handout, browser, key)
    return made


def _windows(handout: Handout, browser: str, key: str) -> list[File]:
    value = json.dumps(policy(handout), separators=(",", ":"))
    stem = f"chrome/windows/{handout.slug}-{browser}"
    title = _TITLES[browser]
    undone = Said(f"`{handout.slug}-{browser}-remove.reg`", f"`{handout.slug}-{browser}-remove.reg`")
    return [
        File(
            f"{stem}.reg", registry.encode({key: {POLICY: value}}),
            Said(
                f"Windows, {title}: opened by an administrator, or `reg import`; or the same value by group policy."
                f" {_ONE_LIST.en}",
                f"Windows, {title}: als Administrator öffnen oder `reg import`; oder derselbe Wert per"
                f" Gruppenrichtlinie. {_ONE_LIST.de}",
            ),
            undone,
        ),
        File(
            f"{stem}-remove.reg", registry.encode({key: {POLICY: None}}),
            Said(
                f"Windows, {title}: takes the whole list away again, other roots in it as well",
                f"Windows, {title}: nimmt die ganze Liste wieder weg, auch andere Stammzertifikate darin",
            ),
            Said("not needed", "nicht nötig"),
        ),
    ]  # fmt: skip
