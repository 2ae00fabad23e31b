"""What a customer's CA may answer when it is asked for a constrained CA, and what is refused, with the reason."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

import pytest
from box import Box
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from customer import NOW, Authority, Customer, ec_key, pem, root

from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.device.owned.below import JudgedIssuer
from dotlocal.device.owned.material import Upload
from forge import usage

SUBJECT = "device CA SN0001 AAAA"
CA = (x509.BasicConstraints(ca=True, path_length=0), True)
SIGNS = (usage(key_cert_sign=True), True)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def names(dns: Sequence[str] = ("local",), ranges: Sequence[str] = ("192.168.0.0/16", "::1/128"), *,
          excluded: Sequence[str] = (), critical: bool = True) -> tuple[x509.NameConstraints, bool]:  # fmt: skip
    """Name constraints."""
    permitted: list[x509.GeneralName] = [x509.DNSName(each) for each in dns]
    permitted += [x509.IPAddress(ipaddress.ip_network(each)) for each in ranges]
    shut = [x509.DNSName(each) for each in excluded]
    return x509.NameConstraints(permitted or None, shut or None), critical


GOOD = (CA, SIGNS, names())


def answer(
    box: Box, ca: Authority, extensions: Extensions = GOOD, *, key: object = None, **how: object
) -> JudgedIssuer:
    """What the customer's CA made of the device's request, judged."""
    request = x509.load_pem_x509_csr(box.owned.issuer_request()[0].encode())
    how = {"subject": SUBJECT, "end": NOW + 5 * YEAR, **how}
    made = ca.sign(key.public_key() if key else request.public_key(), extensions=extensions, **how)  # type: ignore[attr-defined, arg-type]
    return box.owned.examine_issuer([Upload("answer", pem(made, ca.certificate))])


def test_a_good_one_is_taken(box: Box, customer: Customer) -> None:
    """Below a root: served, with the CA's own key identifier, and accepted up to that root."""
    judged = answer(box, customer.root)
    assert [each.code for each in judged.findings] == []
    report = box.owned.take_issuer(judged, confirm=True)
    assert report["served"] == "issuer"
    found = box.leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert found.key_identifier
    assert box.restart()["served"] == "issuer"
    assert box.status()["device_ca"]["serial"] == f"{box.record.device_ca.serial_number:x}", "the vendor's stays"


REFUSED: tuple[tuple[str, Extensions], ...] = (
    ("own-issuer-unconstrained", (CA, SIGNS)),
    ("own-issuer-path-length", ((x509.BasicConstraints(ca=True, path_length=1), True), SIGNS, names())),
    ("own-issuer-path-length", ((x509.BasicConstraints(ca=True, path_length=None), True), SIGNS, names())),
    ("own-issuer-may-not-sign", (CA, (usage(digital_signature=True), True), names())),
    ("own-issuer-may-not-sign", (CA, names())),
    ("own-issuer-no-ca", ((x509.BasicConstraints(ca=False, path_length=None), True), SIGNS, names())),
    ("own-issuer-constraints", (CA, SIGNS, names(ranges=()))),
    ("own-issuer-constraints", (CA, SIGNS, names(ranges=("192.168.0.0/16",)))),
    ("own-issuer-constraints", (CA, SIGNS, names(dns=(".local",)))),
    ("own-issuer-constraints", (CA, SIGNS, names(excluded=("com",)))),
    ("own-issuer-useless", (CA, SIGNS, names(dns=("oven.local",), ranges=("10.0.0.0/8", "::1/128")))),
    ("own-ca-purpose", (*GOOD, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False))),
)  # fmt: skip


@pytest.mark.parametrize(("code", "extensions"), REFUSED, ids=[f"{n} {code}" for n, (code, _) in enumerate(REFUSED)])
def test_a_bad_one_is_refused(code: str, extensions: Extensions, box: Box, customer: Customer) -> None:
    """With its code, what to do, and nothing changed."""
    before = box.leaf
    judged = answer(box, customer.root, extensions)
    found = {each.code: each for each in judged.findings if each.severity == "error"}
    assert set(found) == {code}
    assert found[code].hint
    with pytest.raises(Refused) as refused:
        box.owned.take_issuer(judged, accept=True)
    assert refused.value.code == "own-refused"
    assert box.leaf == before


def test_a_foreign_key_is_refused(box: Box, customer: Customer) -> None:
    """A certificate for a key that somebody else has."""
    judged = answer(box, customer.root, key=ec_key())
    assert [each.code for each in judged.findings] == ["own-issuer-key"]


def test_nobody_asked(box: Box, customer: Customer) -> None:
    """Without a request of this device's there is nothing to answer."""
    judged = box.owned.examine_issuer([Upload("answer", pem(customer.middle.certificate))])
    assert [each.code for each in judged.findings] == ["own-issuer-unasked"]


PATHS: tuple[tuple[str, Callable[[], Authority]], ...] = (
    ("own-path-length", lambda: root().authority("Issuing CA", path_length=0)),
    ("own-issuer-wider", lambda: root().authority("Issuing CA", path_length=1, more=[names(dns=("example.com",))])),
    ("own-issuer-wider", lambda: root().authority(
        "Issuing CA", path_length=1, more=[names(dns=(), ranges=(), excluded=("press-07.local",))])),
    ("own-issuer-wider", lambda: root(more=[names(ranges=("10.0.0.0/8", "::1/128"))])),
)  # fmt: skip


@pytest.mark.parametrize(("code", "make"), PATHS, ids=[f"{number} {code}" for number, (code, _) in enumerate(PATHS)])
def test_the_whole_path_counts(code: str, make: Callable[[], Authority], box: Box) -> None:
    """A path length or constraints above it that it does not fit into."""
    judged = answer(box, make())
    assert [each.code for each in judged.findings if each.severity == "error"] == [code]


def test_warnings(box: Box, customer: Customer) -> None:
    """Constraints that are not critical, a subject like a host's, and a CA that came alone: said, and accepted."""
    judged = answer(box, customer.root, (CA, SIGNS, names(critical=False)), subject="press-07.local")
    assert [each.code for each in judged.findings] == ["own-issuer-not-critical", "own-issuer-host"]
    assert box.owned.take_issuer(judged, accept=True)["served"] == "issuer"


def test_its_end_counts(box: Box, customer: Customer) -> None:
    """Ended, or as good as: refused. Later, when it has ended, the vendor's serves again."""
    assert "own-ended" in {each.code for each in answer(box, customer.root, end=NOW + DAY).findings}
    box.owned.take_issuer(answer(box, customer.root, end=NOW + 9 * DAY), confirm=True)
    report = box.passes(10 * DAY)
    assert report["served"] == "vendor"
    assert [each["code"] for each in report["findings"]] == ["own-expired"]


def test_an_issuer_comes_below_a_certificate(box: Box, customer: Customer) -> None:
    """The certificate is served, the issuer when it has ended; who confirms an issuer wants it served."""
    box.owned.take_issuer(answer(box, customer.root), confirm=True)
    box.take(customer.files(end=NOW + 3 * DAY), confirm=True)
    assert box.boot()["served"] == "certificate"
    assert box.passes(4 * DAY)["served"] == "issuer"


def test_a_renamed_device_falls_back(box: Box, customer: Customer) -> None:
    """Neither name nor address within the constraints: the vendor's, and the issuer's again with the name."""
    narrow = (CA, SIGNS, names(dns=("press-07.local",), ranges=("192.168.77.0/24", "::1/128")))
    box.owned.take_issuer(answer(box, customer.root, narrow), confirm=True)
    box.host_name, box.addresses = "oven", ("10.0.0.4",)
    report = box.boot()
    assert (report["served"], [each["code"] for each in report["findings"]]) == ("vendor", ["own-unfit"])
    box.host_name = "press-07"
    assert box.boot()["served"] == "issuer"


def test_the_request_is_the_same_when_said_again(box: Box) -> None:
    """Same key, same constraints; others make another; the key is in no file but its slot."""
    first, wanted = box.owned.issuer_request()
    assert box.owned.issuer_request() == (first, wanted)
    other, narrower = box.owned.issuer_request(("press.example.com", "10.1.0.0/16"))
    assert other != first
    assert narrower.dns == ("press.example.com",)
    assert box.owned.issuer_request(force=True)[0] not in (first, other)


def test_a_root_of_its_own_is_made_once(box: Box) -> None:
    """`self-signed` said again is the same root, also when nobody confirmed it: browsers may have it. `force` makes
    another.
    """
    box.owned.self_signed()
    anchor = box.owned.anchor()
    assert box.passes(601)["served"] == "vendor"
    box.owned.self_signed(confirm=True)
    assert box.owned.anchor() == anchor
    box.owned.self_signed(confirm=True, force=True)
    assert box.owned.anchor() != anchor
    with pytest.raises(Refused) as refused:
        box.owned.self_signed(years=26, force=True)
    assert refused.value.code == "own-years"


@pytest.mark.parametrize("within", [
    "com", "press", "co.uk", "com.au", "8.8.8.0/24", "10.0.0.0/7", "0.0.0.0/0", "::/0", "2001:db8::/32",
])  # fmt: skip
def test_a_root_of_its_own_never_vouches_for_the_public_web(box: Box, within: str) -> None:
    """A top-level domain or a registry's below one, a range of public addresses, a range wider than a private one:
    refused, nothing made.
    """
    with pytest.raises(Refused) as refused:
        box.owned.self_signed((within,))
    assert refused.value.code == "own-within-public"
    assert within in refused.value.message
    assert box.owned.status()["served"] == "vendor"


def test_a_root_of_its_own_within_what_is_the_customers(box: Box) -> None:
    """A domain, a name of one label that is nobody's in public, a private range, one address."""
    names = ("example.com", "acme.co.uk", "acme.de", "local", "lan")
    box.owned.self_signed((*names, "10.20.0.0/16", "fd00::/8", "203.0.113.9"))
    assert box.owned.status()["served"] == "issuer"
