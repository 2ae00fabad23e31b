"""Configuration profiles for Apple's systems (Device Management, "Configuring Multiple Devices Using Profiles")."""

from __future__ import annotations

import plistlib
from collections.abc import Sequence
from typing import Any

from dotlocal.browser.export.handout import File, Handout, Said

_ASKED = Said(
    "This installs the root certificate {name}. Compare its SHA-256 fingerprint with the one that you were given:"
    "\n\n{fingerprint}",
    "Damit wird das Stammzertifikat {name} installiert. Vergleichen Sie seinen SHA-256-Fingerabdruck mit dem, der Ihnen"
    " genannt wurde:\n\n{fingerprint}",
)


def files(handout: Handout) -> list[File]:
    """The profile for iPhone, iPad and Mac."""
    return [
        File(
            f"apple/{handout.slug}.mobileconfig", root_profile(handout),
            Said(
                "iPhone, iPad and Mac: by MDM or Apple Configurator, which trust the root by themselves; or opened by a"
                " person, who on an iPhone or iPad then has to switch it on in **Certificate Trust Settings**. On a Mac"
                " without MDM, macOS 13 and later do not trust a root from a profile for TLS: import the `.cer` there",
                "iPhone, iPad und Mac: über MDM oder Apple Configurator, die dem Stammzertifikat von selbst vertrauen;"
                " oder von Hand geöffnet, dann muss es auf iPhone und iPad noch in den"
                " **Zertifikatsvertrauenseinstellungen** eingeschaltet werden. Auf einem Mac ohne MDM vertraut macOS"
                " ab 13 einem Stammzertifikat aus einem Profil nicht für TLS: dort die `.cer` importieren",
            ),
            Said(
                "remove the profile by MDM, or in **Settings, General, VPN & Device Management**",
                "Profil per MDM entfernen oder in **Einstellungen, Allgemein, VPN und Geräteverwaltung**",
            ),
        )
    ]  # fmt: skip


def root_profile(handout: Handout) -> bytes:
    """A profile with the root in it."""
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{_identifier(handout)}.root",
        "PayloadUUID": handout.uuid("root payload"),
        "PayloadDisplayName": handout.name,
        "PayloadCertificateFileName": f"{handout.slug}.cer",
        "PayloadContent": handout.der,
    }
    return profile(handout, "root profile", handout.name, [payload])


def managed_preferences(handout: Handout, domains: Sequence[str], settings: dict[str, Any]) -> bytes:
    """A profile that forces settings upon programs of macOS, each by its preference domain."""
    forced = {domain: {"Forced": [{"mcx_preference_settings": settings}]} for domain in domains}
    payload = {
        "PayloadType": "com.apple.ManagedClient.preferences",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{_identifier(handout)}.browsers",
        "PayloadUUID": handout.uuid("browsers payload"),
        "PayloadDisplayName": handout.name,
        "PayloadContent": forced,
    }
    return profile(handout, "browsers profile", f"{handout.name}: Chrome, Edge", [payload])


def profile(handout: Handout, kind: str, title: str, payloads: list[dict[str, Any]]) -> bytes:
    """A profile that its user may remove, and that shows the fingerprint before it is installed."""
    asked = {
        language: _ASKED.to(language).format(name=handout.name, fingerprint=handout.fingerprint)
        for language in ("en", "de")
    }
    whole = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{_identifier(handout)}.{kind.partition(' ')[0]}-profile",
        "PayloadUUID": handout.uuid(kind),
        "PayloadDisplayName": title,
        "PayloadOrganization": handout.organisation,
        "PayloadDescription": f"SHA-256 {handout.fingerprint}",
        "PayloadRemovalDisallowed": False,
        "PayloadScope": "System",
        "ConsentText": {"default": asked["en"], **asked},
        "PayloadContent": payloads,
    }
    return plistlib.dumps(whole, sort_keys=True)


def _identifier(handout: Handout) -> str:
    # by fingerprint, not by name: the next root may be called the same and must not replace this one
    return f"dotlocal.root.{handout.fingerprint.replace(':', '').lower()[:16]}"
