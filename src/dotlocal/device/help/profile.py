"""Apple's configuration profile with the root in it ("Device Management Profile", payload com.apple.security.root)."""

from __future__ import annotations

import plistlib
from hashlib import sha256

from dotlocal.device.help.facts import Root


def profile(root: Root, about: str) -> bytes:
    """The same octets for the same root and text, so that importing it twice replaces it."""
    payload = {
        "PayloadType": "com.apple.security.root", "PayloadVersion": 1, "PayloadContent": root.der,
        "PayloadCertificateFileName": f"{root.slug}.cer", "PayloadDisplayName": root.name,
        "PayloadIdentifier": f"dotlocal.{root.slug}.root", "PayloadUUID": _uuid(root, "root"),
    }  # fmt: skip
    return plistlib.dumps({
        "PayloadType": "Configuration", "PayloadVersion": 1, "PayloadContent": [payload],
        "PayloadDisplayName": root.name, "PayloadDescription": about, "PayloadOrganization": root.vendor,
        "PayloadIdentifier": f"dotlocal.{root.slug}", "PayloadUUID": _uuid(root, "profile"),
        "PayloadRemovalDisallowed": False,
    })  # fmt: skip


def _uuid(root: Root, part: str) -> str:
    digits = bytearray(sha256(part.encode() + root.der).digest()[:16])
    digits[6] = digits[6] & 0x0F | 0x80  # version 8, of the maker's own choice (RFC 9562 5.8)
    digits[8] = digits[8] & 0x3F | 0x80
    text = digits.hex().upper()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
