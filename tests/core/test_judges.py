"""Independent judges of the profiles: pkilint on every certificate, `openssl verify -x509_strict` on every chain.

pkilint finds nothing but what OBJECTIONS lists, with the reason why the certificate is right.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import forge
from core.cases import CASES, Case
from dotlocal.core.names import HostName
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


def test_pkilint_finds_nothing_in_any_certificate(vendor: World) -> None:
    """`lint_pkix_cert lint -s WARNING` on root, factory CA, device CA and the three kinds of server certificates."""
    package("pkilint")
    from pkilint import loader  # type: ignore[import-untyped]  # pkilint is not typed
    from pkilint.pkix import certificate, extension, name  # type: ignore[import-untyped]  # pkilint is not typed

    judge = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    for what, each, _ in _hierarchy(vendor):
        document = loader.RFC5280CertificateDocumentLoader().load_document(each.public_bytes(Encoding.DER), what)
        assert _objections(judge.validate(document.root)) == [], what


def test_pkilint_finds_nothing_between_issuer_and_issued(vendor: World) -> None:
    """`lint_pkix_signer_signee_cert_chain lint -s WARNING`: names, key identifiers and signatures fit, step by step.

    The root alone is not asked about: it has no authority key identifier, as RFC 5280 4.2.1.1 lets it.
    """
    package("pkilint")
    from pkilint import loader
    from pkilint.bin import lint_pkix_signer_signee_cert_chain as pairs  # type: ignore[import-untyped]  # pkilint is not typed

    load = loader.RFC5280CertificateDocumentLoader().load_document
    for what, each, above in list(_hierarchy(vendor))[1:]:
        documents: dict[str, object] = {}
        for role, certificate in (("issuer", above), ("subject", each)):
            documents[role] = load(certificate.public_bytes(Encoding.DER), what, role, documents)
        decoding = pairs.create_decoder_validation_container()
        results = [
            *(result for document in documents.values() for result in decoding.validate(document.root)),  # type: ignore[attr-defined]
            *pairs.create_issuer_validation_container().validate(documents["issuer"].root),  # type: ignore[attr-defined]
            *pairs.create_subject_validation_container().validate(documents["subject"].root),  # type: ignore[attr-defined]
        ]
        assert _objections(results) == [], what


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
