"""Lint: for each rule a certificate, by an independent builder, that breaks it; and the good ones, which break none."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

import forge
from dotlocal.core import constraints, der, keys
from dotlocal.core.lint import RULES, Expected, lint
from dotlocal.core.names import Address, HostName
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, PROFILES, ROOT_CA, SERVER, Profile
from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees
from dotlocal.core.template import ALGORITHMS, certificate
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.testing import MOMENT
from forge import Draft

ROOT, FACTORY, DEVICE, LEAF = forge.key("P-384"), forge.key(number=2), forge.key(number=3), forge.key(number=4)
LONG, SHORT = Window(MOMENT, MOMENT + 25 * YEAR), Window(MOMENT, MOMENT + 90 * DAY)
WIDEST = constraints.DEFAULT.widest()

_ROOT_NAME = forge.name("Acme Devices", common_name="Acme Devices Root G1")
_FACTORY_NAME = forge.name("Acme Devices", common_name="Acme Devices Factory CA (line 1)")
_DEVICE_NAME = forge.name("Acme Devices", "SN0007", "device CA SN0007 00000000")

GOOD = {
    ROOT_CA: forge.root(_ROOT_NAME, ROOT.public_key, LONG, WIDEST),
    FACTORY_CA: forge.factory(_FACTORY_NAME, FACTORY.public_key, LONG, _ROOT_NAME, ROOT.public_key),
    DEVICE_CA: forge.device(_DEVICE_NAME, DEVICE.public_key, LONG, _FACTORY_NAME, FACTORY.public_key, WIDEST),
    SERVER: forge.server(
        LEAF.public_key, SHORT, _DEVICE_NAME, DEVICE.public_key,
        [HostName("press-07.local"), Address.parse("192.168.77.7"), Address.parse("fd00::7")],
    ),
}  # fmt: skip
SIGNERS = {ROOT_CA: ROOT, FACTORY_CA: ROOT, DEVICE_CA: FACTORY, SERVER: DEVICE}


def _expected(profile: Profile) -> Expected:
    signer = SIGNERS[profile]
    return Expected(
        issuer=GOOD[profile].issuer.public_bytes(),
        issuer_key_id=keys.key_id_of(signer.public_key),
        algorithm=signer.algorithm,
        window=LONG,
        permitted=UNCONSTRAINED if profile is ROOT_CA else WIDEST,
        constraints=WIDEST if profile in (ROOT_CA, DEVICE_CA) else None,
    )


def _codes(signed: x509.Certificate, profile: Profile, expected: Expected | None = None) -> set[str]:
    return {finding.code for finding in lint(signed, profile, expected or _expected(profile))}


def _san(*names: x509.GeneralName) -> Callable[[Draft], Draft]:
    return lambda draft: draft.having(x509.SubjectAlternativeName(names), critical=True)


def _dns(*names: str) -> Callable[[Draft], Draft]:
    return _san(*(x509.DNSName(name) for name in names))


def _ip(text: str) -> Callable[[Draft], Draft]:
    return _san(x509.IPAddress(ipaddress.ip_address(text)))


def _swapped(draft: Draft) -> Draft:
    first, second, *rest = draft.extensions
    return draft.but(extensions=(second, first, *rest))


def _permitted(subtrees: Subtrees) -> Callable[[Draft], Draft]:
    return lambda draft: draft.having(forge.name_constraints(subtrees), critical=True)


def _excluding(draft: Draft) -> Draft:
    found = forge.name_constraints(WIDEST).permitted_subtrees
    return draft.having(x509.NameConstraints(found, [x509.DNSName("other.local")]), critical=True)


def _aki_with_issuer(draft: Draft) -> Draft:
    names = [x509.DirectoryName(_DEVICE_NAME)]
    return draft.having(x509.AuthorityKeyIdentifier(keys.key_id_of(DEVICE.public_key), names, 1), critical=False)


def _named(text: str) -> Callable[[Draft], Draft]:
    return lambda draft: draft.but(subject=forge.name("Acme Devices", common_name=text))


_EKU = x509.ExtendedKeyUsage
_AUTHORITY_ACCESS = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://o.local"))]
)

BROKEN: list[tuple[str, Profile, str, Callable[[Draft], Draft]]] = [
    ("a short serial number", SERVER, "lint-serial", lambda d: d.but(serial=1)),
    ("64 bits of a serial number", SERVER, "lint-serial", lambda d: d.but(serial=(1 << 64) - 1)),
    ("another issuer", SERVER, "lint-issuer", lambda d: d.but(issuer=_FACTORY_NAME)),
    ("starts before its issuer", SERVER, "lint-validity", lambda d: d.but(window=Window(MOMENT - 1, MOMENT))),
    ("outlives its issuer", DEVICE_CA, "lint-validity", lambda d: d.but(window=Window(MOMENT, LONG.not_after + 1))),
    ("a server with a common name", SERVER, "lint-subject", _named("press-07.local")),
    ("a device CA without serial number", DEVICE_CA, "lint-subject", _named("device CA SN0007")),
    ("a factory CA with serial number", FACTORY_CA, "lint-subject", lambda d: d.but(subject=_DEVICE_NAME)),
    ("a root that is called like a host", ROOT_CA, "lint-subject",
     lambda d: d.but(subject=forge.name("Acme Devices", common_name="acme.local"))),
    ("P-384 on a device", DEVICE_CA, "lint-key", lambda d: _rekeyed(d, forge.key("P-384", 5).public_key)),
    ("RSA at a station", FACTORY_CA, "lint-key", lambda d: _rekeyed(d, forge.key("RSA-3072").public_key)),
    ("extensions in another order", ROOT_CA, "lint-extensions", _swapped),
    ("constraints that are not critical", DEVICE_CA, "lint-extensions",
     lambda d: d.having(forge.name_constraints(WIDEST), critical=False)),
    ("names that are not critical", SERVER, "lint-extensions",
     lambda d: d.having(x509.SubjectAlternativeName([x509.DNSName("a.local")]), critical=False)),
    ("an address of an OCSP server", SERVER, "lint-extensions", lambda d: d.having(_AUTHORITY_ACCESS, critical=False)),
    ("an extension of nobody's", SERVER, "lint-extensions",
     lambda d: d.having(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), critical=False)),
    ("a device CA that can make CAs", DEVICE_CA, "lint-basic-constraints",
     lambda d: d.having(x509.BasicConstraints(ca=True, path_length=1), critical=True)),
    ("a device CA without path length", DEVICE_CA, "lint-basic-constraints",
     lambda d: d.having(x509.BasicConstraints(ca=True, path_length=None), critical=True)),
    ("a root with path length 0 (T9)", ROOT_CA, "lint-basic-constraints",
     lambda d: d.having(x509.BasicConstraints(ca=True, path_length=0), critical=True)),
    ("a server that is a CA", SERVER, "lint-basic-constraints",
     lambda d: d.having(x509.BasicConstraints(ca=True, path_length=None), critical=True)),
    ("a device CA that signs CRLs", DEVICE_CA, "lint-key-usage",
     lambda d: d.having(forge.usage(key_cert_sign=True, crl_sign=True), critical=True)),
    ("a server that encrypts keys", SERVER, "lint-key-usage",
     lambda d: d.having(forge.usage(digital_signature=True, key_encipherment=True), critical=True)),
    ("a server for clients too", SERVER, "lint-purpose",
     lambda d: d.having(_EKU([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)),
    ("any purpose", SERVER, "lint-purpose",
     lambda d: d.having(_EKU([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), critical=False)),
    ("a device CA not for servers (T8)", DEVICE_CA, "lint-purpose",
     lambda d: d.having(_EKU([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)),
    ("names alone constrained (T18)", DEVICE_CA, "lint-name-constraints", _permitted(Subtrees(WIDEST.dns, None))),
    ("addresses alone constrained (T19)", DEVICE_CA, "lint-name-constraints", _permitted(Subtrees(None, WIDEST.ip))),
    ("IPv4 alone constrained (T20)", DEVICE_CA, "lint-name-constraints",
     _permitted(Subtrees(WIDEST.dns, (WIDEST.ip or ())[:4]))),
    ("wider than the policy", DEVICE_CA, "lint-name-constraints",
     _permitted(Subtrees((*(WIDEST.dns or ()), "example.com"), WIDEST.ip))),
    ("something excluded", DEVICE_CA, "lint-name-constraints", _excluding),
    ("upper case in a name (T12)", SERVER, "lint-names", _dns("Press-07.local")),
    ("a trailing dot (T12)", SERVER, "lint-names", _dns("press-07.local.")),
    ("an underscore (T12)", SERVER, "lint-names", _dns("press_07.local")),
    ("a wildcard (T13)", SERVER, "lint-names", _dns("*.local")),
    ("an address written as a name (T11)", SERVER, "lint-names", _dns("192.168.77.7")),
    ("a name outside the constraints (T14)", SERVER, "lint-names", _dns("a.local", "press-07")),
    ("an address outside the constraints (T15)", SERVER, "lint-names", _ip("100.64.0.1")),
    ("an e-mail address", SERVER, "lint-names", _san(x509.DNSName("a.local"), x509.RFC822Name("a@b.local"))),
]  # fmt: skip


def _rekeyed(draft: Draft, public_key: keys.PublicKey) -> Draft:
    return draft.but(public_key=public_key).having(forge.ski(public_key), critical=False)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_the_good_ones_have_no_finding(profile: Profile) -> None:
    """The profiles, written out by hand with another builder, are what lint wants."""
    assert lint(GOOD[profile].signed(SIGNERS[profile]), profile, _expected(profile)) == []


@pytest.mark.parametrize(
    ("profile", "code", "broken"), [row[1:] for row in BROKEN], ids=[f"{row[2]}: {row[0]}" for row in BROKEN]
)
def test_a_broken_rule_is_found(profile: Profile, code: str, broken: Callable[[Draft], Draft]) -> None:
    """Each of these departs from its profile in one point, and lint names that point and no other."""
    assert _codes(broken(GOOD[profile]).signed(SIGNERS[profile]), profile) == {code}


def test_a_root_with_and_without_constraints_are_different_plans() -> None:
    """`constrain_root = false` means none, and not "whichever"."""
    unconstrained = GOOD[ROOT_CA].without(x509.NameConstraints).signed(ROOT)
    assert _codes(unconstrained, ROOT_CA) == {"lint-extensions", "lint-name-constraints"}
    assert _codes(unconstrained, ROOT_CA, replace(_expected(ROOT_CA), constraints=None)) == set()


@pytest.mark.parametrize("kind", [x509.BasicConstraints, x509.KeyUsage, x509.SubjectKeyIdentifier])
def test_a_missing_extension_is_a_finding(kind: type[x509.ExtensionType]) -> None:
    """Twice: the extensions are not the profile's, and the rule about that one can't be kept."""
    found = _codes(GOOD[DEVICE_CA].without(kind).signed(FACTORY), DEVICE_CA)
    assert "lint-extensions" in found
    assert len(found) == 2


def test_the_signature_algorithm_is_the_issuers_keys() -> None:
    """SHA-384 by a P-256 key, or SHA-512: neither is the one algorithm that goes with the key."""
    for digest in (hashes.SHA384(), hashes.SHA512()):
        assert _codes(GOOD[SERVER].signed(DEVICE, digest), SERVER) == {"lint-algorithm"}


def test_the_key_identifier_is_the_keys() -> None:
    """Of another key, or SHA-1 of this one, it would not be found again (RFC 7093 2)."""
    for wrong in (forge.ski(ROOT.public_key), x509.SubjectKeyIdentifier.from_public_key(LEAF.public_key)):
        signed = GOOD[SERVER].having(wrong, critical=False).signed(DEVICE)
        assert _codes(signed, SERVER) == {"lint-key-identifiers"}


def test_the_authority_key_identifier_is_the_key_id_alone() -> None:
    """T3: issuer and serial number in it bind to one certificate of the CA; OpenSSL then refuses a renewed one."""
    for wrong in (_aki_with_issuer, lambda d: d.having(forge.aki(ROOT.public_key), critical=False)):
        assert _codes(wrong(GOOD[SERVER]).signed(DEVICE), SERVER) == {"lint-key-identifiers"}


def test_keys_of_other_kinds_are_found() -> None:
    """A curve that no profile has can't even be identified."""
    stranger = ec.generate_private_key(ec.SECP521R1()).public_key()
    signed = GOOD[SERVER].but(public_key=stranger).signed(DEVICE)
    assert _codes(signed, SERVER) == {"lint-key", "lint-key-identifiers"}


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.251", "ff02::fb", "::ffff:10.0.0.1"])
def test_addresses_that_mean_no_other_machine_are_found(text: str) -> None:
    """Loopback, nobody, everybody, and IPv4 in disguise, even where the constraints would let them through."""
    everything = replace(_expected(SERVER), permitted=UNCONSTRAINED)
    assert _codes(_ip(text)(GOOD[SERVER]).signed(DEVICE), SERVER, everything) == {"lint-names"}


@pytest.mark.parametrize("base", [".local", "Local", "192.168.0.0", "my_host.local"])
def test_subtrees_are_host_names(base: str) -> None:
    """T11 and T22: a leading dot breaks pyca, an address as dNSName breaks Firefox; a policy that says so too."""
    policy = Subtrees((base,), WIDEST.ip)
    signed = _permitted(policy)(GOOD[DEVICE_CA]).signed(FACTORY)
    assert _codes(signed, DEVICE_CA, replace(_expected(DEVICE_CA), constraints=policy)) == {"lint-name-constraints"}


# ── what no builder writes ──


def _patched(profile: Profile, old: bytes, new: bytes) -> x509.Certificate:
    tbs = GOOD[profile].signed(SIGNERS[profile]).tbs_certificate_bytes
    assert tbs.count(old) == 1
    assert len(old) == len(new)
    patched = tbs.replace(old, new)
    signer = SIGNERS[profile]
    return x509.load_der_x509_certificate(certificate(patched, signer.algorithm, signer.sign(patched)))


def test_versions_before_3_are_found() -> None:
    """RFC 5280 4.1.2.1: a certificate without extensions is of version 1, whatever else it has."""
    tbs = der.sequence(
        der.integer(forge.SERIAL), ALGORITHMS[DEVICE.algorithm], _DEVICE_NAME.public_bytes(),
        der.sequence(der.time(MOMENT), der.time(MOMENT)), der.sequence(), keys.spki_of(LEAF.public_key),
    )  # fmt: skip
    first = x509.load_der_x509_certificate(certificate(tbs, DEVICE.algorithm, DEVICE.sign(tbs)))
    assert "lint-version" in _codes(first, SERVER)


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
def test_negative_serial_numbers_are_found() -> None:
    """RFC 5280 4.1.2.2: a sign bit that nobody meant."""
    try:
        signed = _patched(SERVER, b"\x02\x13\x5a\x5a", b"\x02\x13\x80\x5a")
    except ValueError:
        return  # newer parsers don't let them in at all
    assert _codes(signed, SERVER) == {"lint-serial"}


def test_extensions_that_cant_be_read_are_findings_not_crashes() -> None:
    """BasicConstraints with an INTEGER where a BOOLEAN should be: every rule that needs extensions says so."""
    signed = _patched(DEVICE_CA, b"\x01\x01\xff\x02\x01\x00", b"\x02\x01\xff\x02\x01\x00")
    assert "lint-basic-constraints" in _codes(signed, DEVICE_CA)


def test_an_extension_that_comes_twice_is_a_finding_not_a_crash() -> None:
    """RFC 5280 4.2: a certificate must not include more than one instance of an extension."""
    aki, ski = b"\x06\x03\x55\x1d\x23", b"\x06\x03\x55\x1d\x0e"
    assert "lint-extensions" in _codes(_patched(SERVER, aki, ski), SERVER)


def test_a_table_that_forgets_a_row_lets_nothing_through() -> None:
    """A profile without basicConstraints is a mistake of the table, and lint says so of every certificate."""
    forgetful = replace(SERVER, rows=SERVER.rows[1:])
    assert "lint-basic-constraints" in _codes(GOOD[SERVER].signed(DEVICE), forgetful, _expected(SERVER))


def test_every_rule_has_a_test_that_breaks_it() -> None:
    """The table of rules and this file go together."""
    elsewhere = {"lint-version", "lint-algorithm", "lint-key-identifiers"}
    assert {code for code, _, _ in RULES} == {row[2] for row in BROKEN} | elsewhere


def test_every_rule_follows_a_clause() -> None:
    """Rules are rows with a citation."""
    assert all("RFC" in clause for _, clause, _ in RULES)
