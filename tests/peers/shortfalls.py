"""Where a client is known to decide otherwise than the rules want: a row each, and why.

A row turns the expectation around, so that a test fails as well when a client has become better than its row.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Shortfall:
    """This peer's verdict on this case, and the reason with its source."""

    peer: str
    case: str
    accepted: bool
    why: str
    constrained_root: bool | None = None
    """The kind of root below which it happens; None: below either."""
    until: tuple[int, ...] = ()
    """The version that no longer has it; empty: none that is known."""


# A thief of a device CA gains the public web from these clients, if they trust the vendor's root.
_WILDCARD_CN_OPENSSL = "a CN with a wildcard is matched, but not held to the DNS subtrees (openssl/openssl#30346)"
_WILDCARD_CN_JAVA = (
    "a CN with a wildcard is matched, but not held to the DNS subtrees, since it does not parse as a DNS name"
    " (openjdk/jdk sun.security.x509.NameConstraintsExtension.verify, `cn is neither IP nor DNS`)"
)
_CN_BESIDE_ADDRESS = (
    "a CN is matched when the SAN has no dNSName, but held to the DNS subtrees only when it has no iPAddress either"
    " (nss lib/certdb CERT_GetConstrainedCertificateNames and cert_CountDNSPatterns)"
)
_ROOT_IGNORED = "a trust anchor is a name and a key, its constraints are not read (RFC 5280 6.1.1 d; JDK TrustAnchor)"

# These give a thief nothing that the default name policy has not given already.
_CN = "without a SAN the CN is matched, as RFC 2818 3.1 had it; the name is a permitted one"
_LOCAL_WILDCARD = "no list of public suffixes is asked, so that `*.local` is a wildcard like any other"
_LOOK_ALIKE = "the end of a name is compared without the dot in front of it (wolfSSL 5.5.4)"

# These lose the client.
_ADDRESS_WITH_DOT = "an IPv6 address is given a trailing dot, as if it were a name, before it is compared (Node 18)"
_CN_OF_CA = "the CN of a CA below a DNS constraint is taken for a host name that is not permitted (wolfSSL 5.5.4)"
_NO_ADDRESSES = "an iPAddress below any name constraint is refused (wolfSSL before wolfSSL/wolfssl#9705)"

_ADDRESS_CASES = ("name-beside-addresses", "ipv4", "ipv6", "own-serial-address")
_IPV6_CASES = ("ipv6", "no-sni-ipv6", "link-local-address")
_ALL_GOOD_CASES = (
    *("name", *_ADDRESS_CASES, "own-serial", "below-own-serial"),
    *("sibling-name", "other-suffix", "routers-address", "ten-address", "link-local-address"),
)

SHORTFALLS = (
    *(Shortfall(peer, "wildcard-cn", True, _WILDCARD_CN_OPENSSL) for peer in ("openssl", "curl", "node")),
    Shortfall("java", "wildcard-cn", True, _WILDCARD_CN_JAVA, until=(17, 0, 21)),
    *(Shortfall("node", case, False, _ADDRESS_WITH_DOT, until=(19,)) for case in _IPV6_CASES),
    Shortfall("nss", "public-cn-beside-address", True, _CN_BESIDE_ADDRESS),
    Shortfall("java", "root-alone-public-name", True, _ROOT_IGNORED),
    Shortfall("java", "root-alone-public-ipv4", True, _ROOT_IGNORED),
    Shortfall("java", "root-alone-public-ipv6", True, _ROOT_IGNORED),
    *(Shortfall(peer, "local-cn", True, _CN) for peer in ("openssl", "curl", "gnutls", "nss", "java", "node")),
    Shortfall("wolfssl", "local-cn", True, _CN, constrained_root=False),
    *(Shortfall(peer, "local-wildcard", True, _LOCAL_WILDCARD) for peer in ("go", "java")),
    Shortfall("wolfssl", "local-wildcard", True, _LOCAL_WILDCARD, constrained_root=False),
    Shortfall("wolfssl", "longer-serial", True, _LOOK_ALIKE, constrained_root=False),
    *(Shortfall("wolfssl", case, False, _CN_OF_CA, constrained_root=True) for case in _ALL_GOOD_CASES),
    *(Shortfall("wolfssl", case, False, _NO_ADDRESSES, constrained_root=False) for case in _ADDRESS_CASES),
    *(Shortfall("wolfssl", case, False, _NO_ADDRESSES) for case in ("no-sni-ipv4", "no-sni-ipv6")),
)


def shortfall(peer: str, case: str, *, constrained_root: bool) -> Shortfall | None:
    """The row that is known for this peer, this case and this kind of root."""
    for row in SHORTFALLS:
        if (row.peer, row.case) == (peer, case) and row.constrained_root in (None, constrained_root):
            return row if not row.until or version(peer) < row.until else None
    return None


@cache
def version(program: str) -> tuple[int, ...]:
    """The version that a program says it has."""
    told = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    found = re.search(r"\d+(\.\d+)*", told.stdout + told.stderr)
    return tuple(map(int, found[0].split("."))) if found else ()
