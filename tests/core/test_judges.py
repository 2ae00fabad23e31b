"""Independent judges of the profiles: pkilint on every certificate, `openssl verify -x509_strict` on every chain.

pkilint finds nothing but what OBJECTIONS lists, with the reason why the certificate is right.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import forge
from core.cases import CASES, Case
from dotlocal.core.names import HostName
from dotlocal.core.window import DAY, Window
from dotlocal.testing import MOMENT, World, parse_host
from tools import package, program

pytestmark = pytest.mark.peer

# code of pkilint → the texts that it may object to, and why they are right
OBJECTIONS = {
    "pkix.invalid_domain_name_syntax": (
        ("local", "internal"),
        "a subtree of one label is what RFC 6762 and ICANN reserved; pkilint wants two (every client was measured)",
    ),
}


def _hierarchy(world: World) -> Iterator[tuple[str, x509.Certificate, x509.Certificate]]:
    """Every certificate of a vendor with its issuer."""
    device = world.device("SN0007")
    device_ca = device.record.device_ca
    yield "root", world.root, world.root
    yield "factory CA", world.factory, world.root
    yield "device CA", device_ca, world.factory
    for what, hosts in (
        ("server, names and addresses", ("press-07.local", "192.168.77.7", "fd00::7")),
        ("server, names alone", ("press-07.local", "a.home.arpa")),
        ("server, addresses alone", ("192.168.77.7",)),
    ):
        yield what, world.serve(device, *hosts)[0], device_ca


@pytest.fixture(scope="module", params=["P-384", "P-256", "RSA-3072", "without constraints"])
def vendor(request: pytest.FixtureRequest) -> World:
    """A hierarchy below each kind of root."""
    kind = request.param if request.param != "without constraints" else "P-384"
    return World(root_key=forge.key(kind), constrain_root=request.param != "without constraints")


def _objections(results: list[object]) -> list[str]:
    """The findings of severity warning and worse that nobody has explained."""
    return [
        f"{found.finding.severity.name} {found.finding.code} {found.message}"
        for result in results
        for found in result.finding_descriptions  # type: ignore[attr-defined]  # pkilint is not typed
        if found.finding.severity.name in ("WARNING", "ERROR", "FATAL")
        and not any(f'"{text}"' in (found.message or "") for text in OBJECTIONS.get(found.finding.code, ((), ""))[0])
    ]


def _alone(certificate: x509.Certificate) -> list[str]:
    """`lint_pkix_cert lint -s WARNING`."""
    package("pkilint")
    from pkilint import loader  # type: ignore[import-untyped]  # pkilint is not typed
    from pkilint.pkix import certificate as judges  # type: ignore[import-untyped]  # pkilint is not typed
    from pkilint.pkix import extension, name

    judge = judges.create_pkix_certificate_validator_container(
        judges.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            judges.create_issuer_validator_container([]),
            judges.create_validity_validator_container(),
            judges.create_subject_validator_container([]),
            judges.create_extensions_validator_container([]),
            judges.create_spki_validator_container([]),
        ],
    )
    load = loader.RFC5280CertificateDocumentLoader().load_document
    return _objections(judge.validate(load(certificate.public_bytes(Encoding.DER), "it").root))


def _below(certificate: x509.Certificate, issuer: x509.Certificate) -> list[str]:
    """`lint_pkix_signer_signee_cert_chain lint -s WARNING`."""
    package("pkilint")
    from pkilint import loader
    from pkilint.bin import lint_pkix_signer_signee_cert_chain as judges  # type: ignore[import-untyped]  # the same

    load = loader.RFC5280CertificateDocumentLoader().load_document
    pair: dict[str, Any] = {}
    for role, each in (("issuer", issuer), ("subject", certificate)):
        pair[role] = load(each.public_bytes(Encoding.DER), role, role, pair)
    decoding = judges.create_decoder_validation_container()
    return _objections(
        [
            *decoding.validate(pair["issuer"].root),
            *decoding.validate(pair["subject"].root),
            *judges.create_issuer_validation_container().validate(pair["issuer"].root),
            *judges.create_subject_validation_container().validate(pair["subject"].root),
        ]
    )


def test_pkilint_finds_nothing_in_any_certificate(vendor: World) -> None:
    """Root, factory CA, device CA, and server certificates with names, with addresses and with both."""
    assert {what: _alone(each) for what, each, _ in _hierarchy(vendor) if _alone(each)} == {}


def test_pkilint_finds_nothing_between_issuer_and_issued(vendor: World) -> None:
    """Names, key identifiers and signatures fit, step by step.

    The root alone is not asked about: it has no authority key identifier, as RFC 5280 4.2.1.1 lets it.
    """
    below = list(_hierarchy(vendor))[1:]
    assert {what: _below(each, above) for what, each, above in below if _below(each, above)} == {}


def test_pkilint_is_a_judge(vendor: World) -> None:
    """A leaf without key identifiers, and one that another key has signed, are objected to."""
    device = vendor.device("SN0007")
    draft = forge.server_below(device.record.device_ca, Window(MOMENT, MOMENT + DAY), HostName("a.local"))
    bare = draft.without(x509.AuthorityKeyIdentifier).signed(device.signer)
    assert any("authority_key_identifier" in objection for objection in _alone(bare))
    forged = draft.signed(forge.key(number=6))
    assert any("signature" in objection for objection in _below(forged, device.record.device_ca))
    assert _below(draft.signed(device.signer), device.record.device_ca) == []


def _openssl(folder: Path, chain: list[x509.Certificate], root: x509.Certificate, host: str, instant: int) -> bool:
    command = program("openssl")
    for name, certificates in (("root", [root]), ("leaf", chain[:1]), ("above", chain[1:])):
        contents = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
        (folder / f"{name}.pem").write_bytes(contents)
    asked = "-verify_hostname" if isinstance(parse_host(host), HostName) else "-verify_ip"
    untrusted = ["-untrusted", str(folder / "above.pem")] if chain[1:] else []
    ran = subprocess.run(
        [
            command, "verify", "-x509_strict", "-purpose", "sslserver", "-attime", str(instant), asked, host,
            "-no-CApath", "-no-CAstore", "-CAfile", str(folder / "root.pem"), *untrusted, str(folder / "leaf.pem"),
        ],
        capture_output=True, timeout=30, check=False,
    )  # fmt: skip
    assert ran.returncode in (0, 2), ran
    return ran.returncode == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_openssl_concludes_the_same(case: Case, tmp_path: Path) -> None:
    """Every visit of the table, good and bad; where OpenSSL differs the case says why."""
    chain, root = case.build()
    assert _openssl(tmp_path, chain, root, case.host, case.instant) == case.accepted_by("openssl")


@pytest.mark.parametrize("host", ["press-07.local", "192.168.77.7", "fd00::7"])
def test_openssl_accepts_every_device(vendor: World, host: str, tmp_path: Path) -> None:
    """Below each kind of root, by name and by address; and refuses another name."""
    device = vendor.device("SN0007")
    leaf, _ = vendor.serve(device, "press-07.local", "192.168.77.7", "fd00::7")
    chain = [leaf, *device.chain]
    assert _openssl(tmp_path, chain, vendor.root, host, MOMENT)
    assert not _openssl(tmp_path, chain, vendor.root, "press-08.local", MOMENT)
