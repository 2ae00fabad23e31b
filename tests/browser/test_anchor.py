"""The one root that a person hands over: every form that it comes in, and everything that is handed over instead."""

from __future__ import annotations

import pytest
import roots
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs7, pkcs12
from cryptography.x509.oid import NameOID

from dotlocal.browser.anchor import Anchor
from dotlocal.core.errors import Refused
from dotlocal.testing import World

KEY = ec.generate_private_key(ec.SECP256R1())
ROOT = roots.make(*roots.LOCAL)
PEM, DER = roots.pem(ROOT), roots.der(ROOT)
LEAF = roots.make(ca=False, name="press-07.local", issuer="Acme Devices Root G1", signer=KEY)
BELOW = roots.make(name="Acme Factory CA", issuer="Acme Devices Root G1", signer=KEY)
REQUEST = x509.CertificateSigningRequestBuilder(
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "press-07")])
).sign(KEY, hashes.SHA256())  # fmt: skip
SECRET = BestAvailableEncryption(b"correct horse battery")
LOCKED = {kind: KEY.private_bytes(kind, PrivateFormat.PKCS8, SECRET) for kind in (Encoding.PEM, Encoding.DER)}
OLD_KEY = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, roots.NoEncryption())

FORMS = {
    "PEM": PEM,
    "DER": DER,
    "text around it": b"Subject: Acme\r\n\r\n" + PEM + b"\nThis is our root.\n",
    "Windows line ends": PEM.replace(b"\n", b"\r\n"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + PEM,
    "UTF-16": b"\xff\xfe" + PEM.decode().encode("utf-16-le"),
    "UTF-16, the other way round": b"\xfe\xff" + PEM.decode().encode("utf-16-be"),
}
INSTEAD = {
    "nothing": (b"", "anchor-empty"),
    "blanks": (b" \r\n\0\0\n" * 20, "anchor-empty"),
    "10 MB": (b"A" * (10 << 20), "anchor-too-large"),
    "10 MB of PEM": (PEM * (10 << 20 >> 10), "anchor-too-large"),
    "an error page": (b"\n<!DOCTYPE html><title>404</title>-----BEGIN CERTIFICATE-----</html>", "anchor-web-page"),
    "a captive portal": (b"<HTML><HEAD><meta http-equiv=refresh></HEAD>", "anchor-web-page"),
    "a private key": (roots.key_pem(KEY), "anchor-private-key"),
    "a private key in DER": (roots.key_der(KEY), "anchor-private-key"),
    "a private key that is encrypted": (LOCKED[Encoding.PEM], "anchor-private-key"),
    "a private key in DER that is encrypted": (LOCKED[Encoding.DER], "anchor-private-key"),
    "an old private key": (OLD_KEY, "anchor-private-key"),
    "the root and its key": (PEM + roots.key_pem(KEY), "anchor-private-key"),
    "PKCS#7": (pkcs7.serialize_certificates([ROOT], Encoding.PEM), "anchor-pkcs7"),
    "PKCS#7 in DER": (pkcs7.serialize_certificates([ROOT], Encoding.DER), "anchor-pkcs7"),
    "PKCS#12": (pkcs12.serialize_key_and_certificates(b"a", KEY, roots.make(key=KEY), None, SECRET), "anchor-pkcs12"),
    "a request": (REQUEST.public_bytes(Encoding.PEM), "anchor-request"),
    "a public key": (KEY.public_key().public_bytes(Encoding.PEM, roots.SPKI), "anchor-not-a-certificate"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "anchor-not-a-certificate"),
    "words": (b"please find the root attached", "anchor-not-a-certificate"),
    "PEM cut short": (PEM[:300], "anchor-damaged"),
    "PEM with a letter gone": (PEM.replace(b"M", b"", 1), "anchor-damaged"),
    "PEM of rubbish": (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "anchor-damaged"),
    "DER cut short": (DER[:300], "anchor-damaged"),
    "DER with more behind": (DER + b"\0", "anchor-damaged"),
    "a bundle of three": (PEM + roots.pem(BELOW) + roots.pem(LEAF), "anchor-bundle"),
    "the root twice": (PEM + PEM, "anchor-bundle"),
    "a leaf": (roots.pem(LEAF), "anchor-leaf"),
    "a leaf in DER": (roots.der(LEAF), "anchor-leaf"),
    "a CA below the root": (roots.pem(BELOW), "anchor-not-self-signed"),
    "a root that another key signed": (roots.pem(roots.make(signer=KEY)), "anchor-not-self-signed"),
    "a device's own makeshift": (roots.pem(roots.make(ca=False)), "anchor-not-a-ca"),
    "a certificate of the last century": (roots.pem(roots.make(ca=None)), "anchor-not-a-ca"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_root_is_read_in_every_form_it_comes_in(form: str) -> None:
    """The same certificate comes out, as DER and as PEM that holds nothing else."""
    anchor = Anchor.parse(FORMS[form])
    assert (anchor.der, anchor.pem.encode()) == (DER, PEM)


@pytest.mark.parametrize("what", INSTEAD)
def test_what_is_no_root_is_refused_by_what_it_is(what: str) -> None:
    """A code of its own, and what to do next."""
    data, code = INSTEAD[what]
    with pytest.raises(Refused) as refused:
        Anchor.parse(data)
    assert refused.value.code == code
    assert refused.value.hint


def test_a_private_key_is_told_loudly() -> None:
    """Nobody overlooks capitals; and the key itself is not repeated."""
    with pytest.raises(Refused, match="THIS FILE HOLDS A PRIVATE KEY") as refused:
        Anchor.parse(roots.key_pem(KEY))
    assert roots.key_pem(KEY).splitlines()[1].decode() not in str(refused.value)


def test_force_takes_a_self_signed_certificate_that_is_no_ca_and_nothing_else() -> None:
    """The one of INSTEAD that a person may insist on."""
    taken = []
    for what, (data, _) in INSTEAD.items():
        try:
            Anchor.parse(data, force=True)
            taken.append(what)
        except Refused:
            pass
    assert taken == ["a device's own makeshift", "a certificate of the last century"]


def test_the_fingerprint_is_the_one_that_browsers_show() -> None:
    """SHA-256 over the DER: capitals, with colons."""
    assert Anchor.parse(PEM).fingerprint == ROOT.fingerprint(hashes.SHA256()).hex(":").upper()


def test_our_own_root_is_an_anchor() -> None:
    """The root of `dotlocal root create`, with its three kinds of subtrees."""
    world = World()
    anchor = Anchor.parse(roots.pem(world.root))
    assert (anchor.name, anchor.slug, anchor.key) == ("Acme Devices Root G1", "acme-devices-root-g1", "P-384")
    assert anchor.permitted == world.names.widest()
    assert anchor.entry == f"dotlocal-acme-devices-root-g1-{anchor.fingerprint.replace(':', '')[:8].lower()}"
    assert anchor.not_before < world.now < anchor.not_after


@pytest.mark.parametrize(
    ("name", "shown", "slug"),
    [
        ("Müller & Söhne Root", "Müller & Söhne Root", "m-ller-s-hne-root"),
        ("../../etc/passwd", "../../etc/passwd", "etc-passwd"),
        ("a\x1b[2Jb\u202ec\nd", "a [2Jb c d", "a-2jb-c-d"),
        ("機器", "機器", "root"),
        ("$(reboot)`x`", "$(reboot)`x`", "reboot-x"),
    ],
)
def test_a_hostile_name_is_shown_and_used_safely(name: str, shown: str, slug: str) -> None:
    """Nothing that moves the cursor of a terminal, and no path."""
    anchor = Anchor.parse(roots.pem(roots.make(name=name)))
    assert (anchor.name, anchor.slug) == (shown, slug)


def test_a_leading_dot_and_capitals_mean_the_same_subtree() -> None:
    """Foreign roots write `.LOCAL`."""
    anchor = Anchor.parse(roots.pem(roots.make(".LOCAL", "10.0.0.0/8", "fc00::/7")))
    assert anchor.permitted.dns == ("local",)
