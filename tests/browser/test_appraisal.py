"""What a root could do once it is trusted: what speaks against it, what must be confirmed, and the words."""

from __future__ import annotations

import pytest
import roots
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from dotlocal.browser import enforcement, suffixes
from dotlocal.browser.anchor import Anchor
from dotlocal.browser.appraisal import Appraisal, appraise
from dotlocal.browser.public_space import NAMES, RANGES, name_is, range_is_private
from dotlocal.browser.words import appraisal_lines
from dotlocal.core.public_suffix import by_rule
from dotlocal.core.window import YEAR
from dotlocal.testing import MOMENT, World
from peers.shortfalls import shortfall

ADDRESSES = ("10.0.0.0/8", "fc00::/7")
EMAIL = x509.NameConstraints(
    [*map(roots.general, roots.LOCAL), x509.RFC822Name("acme.example")], [x509.DirectoryName(x509.Name([]))]
)
NO_SIGNING = x509.KeyUsage(
    digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
)  # fmt: skip

OLD = b"""\
-----BEGIN CERTIFICATE-----
MIIDVDCCAjygAwIBAgIUcoIs+N7YW2yRHNg3400AG6EWv64wDQYJKoZIhvcNAQEF
BQAwEzERMA8GA1UEAwwIT2xkIFJvb3QwIBcNMjYxMTI2MDMzNzU4WhgPMjA1MTA3
MTgwMzM3NThaMBMxETAPBgNVBAMMCE9sZCBSb290MIIBIjANBgkqhkiG9w0BAQEF
AAOCAQ8AMIIBCgKCAQEAmCSOWIXNxx9sHJkPxhQC2SXojPGaAXiHTNe+joFcTlbL
BzcbFfZySI9ZRB/s6kTPU/mSKMtromElZqeFkgZSIWgxNPA0n/cRCvKAbaiw9yDW
CheJ9KS2pmwmKsOmQE8DeiZWqTJJsmsvq5WJDXFSFQ1MHkMOh2CrGTY8JdDAT/3Q
wDI6W6CsUbF7n3WptysHB6JGNpUF/M9/QwMjxmll+7GsuAd9MTDNX42b8BWDxqu6
sAMUAK97d3ctq8s26d8Kr9IBOz4UDWjZ+2zDnzD/mLOfKNHjCINeS0tkvjLr6wEo
iA5gizIMnrGAOxAmiax2uw7tNd9QwcjUa9pDO10GLwIDAQABo4GdMIGaMB0GA1Ud
DgQWBBTOJ9iAKW5hC35/oZ5CeZ3DR9k3jTAfBgNVHSMEGDAWgBTOJ9iAKW5hC35/
oZ5CeZ3DR9k3jTAPBgNVHRMBAf8EBTADAQH/MEcGA1UdHgEB/wQ9MDugOTAHggVs
b2NhbDAKhwgKAAAA/wAAADAihyD8AAAAAAAAAAAAAAAAAAAA/gAAAAAAAAAAAAAA
AAAAADANBgkqhkiG9w0BAQUFAAOCAQEAcIN6XL1PIgeGEVTHAY6JJsuXD1koUZth
Uin9tfLWBi0kWadc5Yol+787xi2v3XRURef9CDbYPhOJS8VfDGifkVjNKquIHCgb
1JKlPDHy/xSdOcPjHjFQt6znx5tqa7FKfXLW6oi7Oq6pl3iM/QjTcQczunU3PfGV
GdV/KpZDyLmfZhV4hO2p3iijStKlSJYRaAali93glDLWBdKQubM3weUxbNCV0JXD
uANsDgAUYEr26x5OAryEdpBChRo1g9O2+YzsLzGzGQFjdzAyjk4puHsaI9DNjk9n
CJIhLhaQhASrTQIvSV/Sl4T4f6207T9xY4zgPy03BQm4o+RpRMtDZQ==
-----END CERTIFICATE-----
"""

REFUSED = {
    "no limits": (roots.make(), {"root-unlimited"}),
    "not critical": (roots.make(*roots.LOCAL, critical=False), {"root-limits-not-critical"}),
    "no DNS": (roots.make(*ADDRESSES), {"root-kind-open"}),
    "no addresses": (roots.make("local"), {"root-kind-open"}),
    "no IPv6": (roots.make("local", "10.0.0.0/8"), {"root-kind-open"}),
    "no IPv4": (roots.make("local", "fc00::/7"), {"root-kind-open"}),
    "only excluded names": (roots.make(excluded=("com", "net")), {"root-kind-open"}),
    "com": (roots.make("com", *ADDRESSES), {"root-public-suffix"}),
    "a top-level domain of the next round": (roots.make("gadgets", *ADDRESSES), {"root-public-suffix"}),
    "co.uk": (roots.make("local", "co.uk", *ADDRESSES), {"root-public-suffix"}),
    ".com.au": (roots.make(".com.au", *ADDRESSES), {"root-public-suffix"}),
    "com and a dot": (roots.make("local", "com.", *ADDRESSES), {"root-public-suffix"}),
    "two dots and com": (roots.make("..com", *ADDRESSES), {"root-public-suffix"}),
    "a dot alone": (roots.make(".", *ADDRESSES), {"root-public-suffix"}),
    "every name": (roots.make("", *ADDRESSES), {"root-public-suffix"}),
    "every IPv4 address": (roots.make("local", "0.0.0.0/0", "fc00::/7"), {"root-public-range"}),
    "every IPv6 address": (roots.make("local", "10.0.0.0/8", "::/0"), {"root-public-range"}),
    "a range that is half public": (roots.make("local", "192.168.0.0/15", "fc00::/7"), {"root-public-range"}),
    "somebody's server": (roots.make("local", "8.8.8.8/32", "fc00::/7"), {"root-public-range"}),
    "IPv4 written as IPv6": (roots.make("local", "10.0.0.0/8", "::ffff:0:0/96"), {"root-public-range"}),
    "no CA": (roots.make(*roots.LOCAL, ca=False), {"root-not-a-ca"}),
    "a CA that may not sign": (roots.make(*roots.LOCAL, extra=(NO_SIGNING,)), {"root-not-a-ca"}),
    "expired": (roots.make(*roots.LOCAL, days=(-20, -10)), {"root-expired"}),
    "of next month": (roots.make(*roots.LOCAL, days=(30, 60)), {"root-not-yet-valid"}),
    "RSA 1024": (roots.make(*roots.LOCAL, key=rsa.generate_private_key(65537, 1024)), {"root-weak-key"}),
    "Ed25519": (roots.make(*roots.LOCAL, key=ed25519.Ed25519PrivateKey.generate()), {"root-weak-key"}),
    "a curve of Bitcoin": (roots.make(*roots.LOCAL, key=ec.generate_private_key(ec.SECP256K1())), {"root-weak-key"}),
    "two things at once": (roots.make("com", "10.0.0.0/8"), {"root-public-suffix", "root-kind-open"}),
}  # fmt: skip
FINE = {
    "the default": roots.make(*roots.LOCAL),
    "no IPv6 at all": roots.make("local", "10.0.0.0/8", "::1/128"),
    "no IPv4 at all": roots.make("local", "0.0.0.0/32", "fc00::/7"),
    "no address, by exclusion": roots.make("local", excluded=("0.0.0.0/0", "::/0")),
    "names below the serial number": roots.make("sn0001.local", *ADDRESSES),
    "a carrier's shared range": roots.make("local", "100.64.0.0/10", "fc00::/7"),
}


def judged(certificate: x509.Certificate) -> Appraisal:
    return appraise(Anchor.parse(roots.pem(certificate), force=True), now=MOMENT)


@pytest.mark.parametrize("what", REFUSED)
def test_a_root_that_could_do_more_is_refused(what: str) -> None:
    """By each of its codes and no other; each says what to do."""
    certificate, codes = REFUSED[what]
    refusals = judged(certificate).refusals
    assert {finding.code for finding in refusals} == codes
    assert all(finding.hint for finding in refusals)


@pytest.mark.parametrize("what", FINE)
def test_a_root_for_local_networks_is_fine(what: str) -> None:
    """Nothing found, nothing to confirm."""
    appraisal = judged(FINE[what])
    assert (appraisal.findings, appraisal.domains) == ((), ())


@pytest.mark.parametrize("domain", ["devices.acme.example", "acme.com", "lan", "x.co.uk"])
def test_somebodys_own_domain_is_shown_and_confirmed(domain: str) -> None:
    """No reason to refuse; the person knows whose it is."""
    appraisal = judged(roots.make("local", domain, *ADDRESSES))
    assert appraisal.refusals == []
    assert appraisal.domains == (domain,)
    assert [finding.code for finding in appraisal.findings] == ["root-own-domain"]


def test_limits_on_other_kinds_of_names_are_told() -> None:
    """E-mail and directory names: Go and Java then refuse what others take."""
    codes = [finding.code for finding in judged(roots.make(constraints=EMAIL)).findings]
    assert codes == ["root-other-kinds"]


def test_a_signature_of_the_past_is_told() -> None:
    """On a root nobody checks it, but it tells of the maker; the certificate is one of OpenSSL's making."""
    anchor = Anchor.parse(OLD)
    assert [finding.code for finding in appraise(anchor, now=anchor.not_before).findings] == ["root-old-signature"]


def test_the_list_of_public_suffixes_sharpens_the_rule() -> None:
    """Hosting domains, where anybody gets a name, are known to the list alone; without it they are to be confirmed."""
    listed = suffixes.load()
    assert listed is not by_rule, "publicsuffixlist is among the test's requirements"
    for name in ("github.io", "kawasaki.jp", "co.uk"):
        assert name_is(name, listed) == "public", name
    assert name_is("github.io") == "own"
    assert name_is("acme.com", listed) == "own"


def test_the_tables_agree_with_themselves() -> None:
    """What is reserved is local, and what is private stays so."""
    assert {name_is(row.text) for row in NAMES} == {"local"}
    for row in RANGES:
        (entry,) = (roots.general(row.text),)
        assert range_is_private(entry.value.network_address.packed, entry.value.netmask.packed), row
    assert all(row.cite for row in (*NAMES, *RANGES, *enforcement.ROWS))


def test_our_own_root_passes_and_its_words_say_what_it_can_do() -> None:
    """Local names and private addresses, never a web site; Java and Apple don't look."""
    world = World()
    appraisal = appraise(Anchor.parse(roots.pem(world.root)), now=world.now)
    assert appraisal.findings == ()
    text = "\n".join(appraisal_lines(appraisal, enforcement.for_stores(("debian", "java", "macos"))))
    assert Anchor.parse(roots.pem(world.root)).fingerprint[:47] in text
    for words in ("local and every name below it", "10.0.0.0/8", "fe80::/10", "any web site, mail server", "25 years"):
        assert words in text
    assert "BUT Java does not look at a root's own limits" in text
    assert "BUT Safari" in text


def test_an_unlimited_root_is_not_praised() -> None:
    """It can vouch for anything, and nobody holds it to anything."""
    appraisal = judged(roots.make())
    text = "\n".join(appraisal_lines(appraisal, enforcement.ROWS))
    assert appraisal.cannot == ()
    assert "any name" in text
    assert "held to" not in text


def test_a_root_ends_in_words() -> None:
    """So that nobody is surprised."""
    world = World(years=10)
    appraisal = appraise(Anchor.parse(roots.pem(world.root)), now=world.now + 2 * YEAR)
    assert any("in 8 years" in sentence for sentence in appraisal.cannot)


PEERS = {
    "chromium": "Chrome", "firefox": "Firefox", "openssl": "programs on OpenSSL", "gnutls": "programs on GnuTLS",
    "go": "programs in Go", "java": "Java",
}  # fmt: skip


@pytest.mark.parametrize("peer", PEERS)
def test_who_holds_a_root_to_its_limits_is_what_the_peers_do(peer: str) -> None:
    """`tests/peers` serves each of them a chain that the root alone forbids; its table of shortfalls is ours."""
    (row,) = (row for row in enforcement.ROWS if row.program.startswith(PEERS[peer]))
    ignores = any(
        shortfall(peer, f"root-alone-public-{kind}", constrained_root=True) for kind in ("name", "ipv4", "ipv6")
    )
    assert row.limits == (enforcement.IGNORED if ignores else enforcement.HELD)
