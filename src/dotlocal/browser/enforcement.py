"""Who holds an imported root to the limits that are written in the root itself: a table, and what it is based on.

RFC 5280 6.1.1 (d) leaves it to every program; below the root, in a factory's or a device's CA, all of them enforce
constraints. Measured means: served and asked, with a chain that only the root's own constraint forbids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HELD = "held"
IGNORED = "ignored"
UNKNOWN = "unknown"
REFUSES = "refuses"  # limits that are critical, and with them everything below the root

SYSTEM_LINUX = ("debian", "fedora", "arch", "suse")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of program: the stores in which it looks for roots, and whether it holds them to their own limits."""

    program: str
    stores: tuple[str, ...]
    limits: str
    words: str
    cite: str

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "program": self.program, "stores": list(self.stores), "limits": self.limits, "words": self.words,
            "cite": self.cite,
        }  # fmt: skip


ROWS = (
    Row("Chrome, Edge and other Chromium browsers", ("chromium", "windows", "macos"), HELD,
        "hold it to its limits", "Chromium from 112 on, from 126 on without exception; measured: 156"),
    Row("Firefox", ("firefox", "windows", "macos"), HELD,
        "holds it to its limits", "mozilla::pkix; measured: ESR 153.7"),
    Row("programs on OpenSSL (curl, Python, Git)", SYSTEM_LINUX, HELD,
        "hold it to its limits", "RFC 5280 6.1.4; measured: OpenSSL 3.0.22, 4.0.3"),
    Row("programs on GnuTLS (wget, GNOME)", SYSTEM_LINUX, HELD,
        "hold it to its limits", "RFC 5280 6.1.4; measured: GnuTLS 3.7.9"),
    Row("programs in Go", (*SYSTEM_LINUX, "windows", "macos"), HELD,
        "hold it to its limits", "crypto/x509; measured: Go 1.19.8, 1.27.3"),
    Row("Java", ("java",), IGNORED,
        "does not look at a root's own limits: for Java programs it could vouch for any web site",
        "RFC 5280 6.1.1 (d); measured: OpenJDK 17.0.15, 25.0.2"),
    Row("Safari, and what else uses Apple's own verification", ("macos",), IGNORED,
        "do not look at a root's own limits: for them it could vouch for any web site",
        "Apple's published trust evaluation; not measured"),
    Row("Windows itself (PowerShell, .NET, curl.exe)", ("windows",), UNKNOWN,
        "enforce limits of CAs below a root; about a root's own nothing is known",
        "bettertls, 2021; not measured here"),
    Row("programs on wolfSSL", SYSTEM_LINUX, IGNORED,
        "look only at the CA right above a certificate, not at the root's limits", "measured: wolfSSL 5.5.4"),
    Row("programs on Mbed TLS", SYSTEM_LINUX, REFUSES,
        "know no limits, and refuse every device of a maker who sets them", "RFC 5280 4.2; measured: Mbed TLS 2.28.3"),
)  # fmt: skip


def for_stores(kinds: Iterable[str]) -> list[Row]:
    """The programs that look into any of these stores, those that do not enforce first."""
    wanted = set(kinds)
    rank = {IGNORED: 0, UNKNOWN: 1, REFUSES: 2, HELD: 3}
    return sorted((row for row in ROWS if wanted.intersection(row.stores)), key=lambda row: rank[row.limits])
