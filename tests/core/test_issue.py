"""Prepare, lint, sign: the wrong order can't be written, and nothing wrong gets a signature."""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from types import SimpleNamespace
from typing import Any, cast, get_type_hints

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils

import forge
from dotlocal.core import constraints, issue
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Fields, Issuer, Linted, prepare, sign
from dotlocal.core.names import Address, HostName
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, ROOT_CA, SERVER, Profile, Row
from dotlocal.core.subject import Subject
from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees
from dotlocal.core.template import Template
from dotlocal.core.window import DAY, Window
from dotlocal.host.signers import KeySigner
from dotlocal.testing import MOMENT, Device, World

LEAF = forge.key(number=9)
TODAY = Window(MOMENT, MOMENT + DAY)


@pytest.fixture
def linted(press: Device) -> Linted:
    """Contents that passed lint, for a server of the press."""
    return _prepared(press).lint(_fields(), press.signer)


def _prepared(press: Device) -> issue.Prepared:
    return prepare(SERVER, press.record.issuer, throwaway=press.signer)


def _fields(**changes: Any) -> Fields:
    return replace(Fields(forge.SERIAL, TODAY, None, LEAF.public_key, (HostName("a.local"),)), **changes)


def test_linted_contents_can_be_signed(linted: Linted, press: Device) -> None:
    """prepare → lint → sign: the certificate has the linted contents, to the byte."""
    assert sign(linted, press.signer).tbs_certificate_bytes == linted.tbs


def test_the_digest_is_of_the_contents(linted: Linted) -> None:
    """What a ledger records before the key is used can be compared with what was signed."""
    assert linted.digest == sha256(linted.tbs).hexdigest()


# ── the types ──


def test_sign_takes_linted_contents_alone() -> None:
    """Its one parameter besides the signer is Linted; mypy --strict keeps everybody to it."""
    assert get_type_hints(sign)["linted"] is Linted


def test_linted_contents_are_not_made_by_hand(linted: Linted) -> None:
    """Nor with an object that looks like the proof."""
    for proof in (None, object(), linted):
        with pytest.raises(TypeError, match=r"only Prepared\.lint"):
            Linted(linted.tbs, linted.serial, linted.issuer, proof)


def test_linted_contents_are_not_exchanged(linted: Linted) -> None:
    """`dataclasses.replace` can't put other contents under a lint that passed, and neither can an assignment."""
    with pytest.raises((TypeError, ValueError)):
        replace(linted, tbs=b"other")  # type: ignore[call-arg]  # the very mistake
    with pytest.raises(AttributeError):
        linted.tbs = b"other"  # type: ignore[misc]  # the very mistake
    assert copy.copy(linted).tbs == linted.tbs
    assert "proof" not in {field.name for field in fields(linted)}


# ── what prepare and lint refuse ──


def test_lint_refuses_with_every_finding(press: Device) -> None:
    """A serial number that is too short, for an RSA key: both are told, and nothing was signed for real."""
    with pytest.raises(Refused) as refused:
        _prepared(press).lint(_fields(serial=7, public_key=forge.key("RSA-3072").public_key), press.signer)
    assert refused.value.code == "lint"
    findings: Any = refused.value.facts["findings"]
    assert [finding.code for finding in findings] == ["lint-serial", "lint-key"]


def test_a_draft_that_an_independent_parser_cant_read_is_no_draft(press: Device) -> None:
    """A faulty assembler that leaves something behind: the parser takes DER and nothing else."""
    prepared = _prepared(press)
    with pytest.raises(ValueError, match="asn1"):
        replace(prepared, template=cast(Template, _Garbling(prepared.template))).lint(_fields(), press.signer)


@dataclass(frozen=True)
class _Garbling:
    """A template whose contents carry a NULL behind them."""

    inner: Any

    def fill(self, **fields: Any) -> bytes:
        return bytes(self.inner.fill(**fields)) + b"\x05\x00"


def test_constraints_need_all_three_kinds(world: World) -> None:
    """A form without a subtree is open in every TLS stack (field notes T18 to T20)."""
    ranges = constraints.DEFAULT.widest().ip or ()
    for policy in (Subtrees(("local",), None), Subtrees(None, ranges), Subtrees(("local",), ranges[:4])):
        with pytest.raises(Refused) as refused:
            prepare(DEVICE_CA, Issuer.of(world.factory), throwaway=world.factory_key, constraints=policy)
        assert refused.value.code == "policy-kind-missing"


def test_constraints_wider_than_those_above_are_refused(world: World) -> None:
    """root: local, home.arpa, internal → device CA: example.com, refused with what was too wide."""
    policy = NamePolicy.parse(constraints.DEFAULT.as_dict() | {"dns": ["local", "example.com"]}).widest()
    with pytest.raises(Refused) as refused:
        issuer = Issuer.of(world.factory, world.root)
        prepare(DEVICE_CA, issuer, throwaway=world.factory_key, constraints=policy)
    assert refused.value.code == "policy-wider"
    assert refused.value.facts["wider"] == ["example.com"]


def test_a_profile_that_needs_constraints_is_not_prepared_without(world: World) -> None:
    """A device CA without constraints could impersonate the public web."""
    with pytest.raises(ValueError, match="nameConstraints"):
        prepare(DEVICE_CA, Issuer.of(world.factory), throwaway=world.factory_key)


def test_a_server_can_be_prepared_below_a_policy_of_no_addresses() -> None:
    """`0.0.0.0/32` and `::1/128` mean none; the sample then names a host and no address."""
    none = NamePolicy.parse({"dns": ["local"], "ipv4": ["0.0.0.0/32"], "ipv6": ["::1/128"]})
    world = World(names=none)
    leaf, _ = world.serve(world.device("SN1"), "a.local")
    assert leaf.subject.rfc4514_string() == ""


def test_a_server_can_be_prepared_below_an_unconstrained_ca() -> None:
    """The customer's own CA may have no constraints at all."""
    issuer = Issuer(Subject("Own", "own CA").encode(), 1, LEAF.public_key, TODAY, UNCONSTRAINED)
    assert prepare(SERVER, issuer, throwaway=LEAF).template.permitted == UNCONSTRAINED


# ── issuers ──


def test_an_issuer_permits_what_its_whole_chain_permits(world: World) -> None:
    """root (three suffixes) → factory CA (none) → device CA (one): the one."""
    device = World(root_key=world.root_key, names=constraints.DEFAULT).device("SN1", hostname="x.local")
    narrowed = Issuer.of(device.record.device_ca, *device.record.certificates[1:])
    assert narrowed.permitted.permits(HostName("x.local"))
    assert Issuer.of(world.factory).permitted == UNCONSTRAINED
    assert not Issuer.of(world.factory, world.root).permitted.permits(HostName("example.com"))


def test_an_issuer_has_a_key_of_a_known_kind(world: World) -> None:
    """A CA on P-521 can't be issued under."""
    key = KeySigner(ec.derive_private_key(77, ec.SECP521R1()))
    draft = forge.factory(world.factory.subject, world.factory_key.public_key, TODAY, world.root.subject,
                          world.root_key.public_key)  # fmt: skip
    stranger = draft.but(public_key=key.private_key.public_key()).signed(world.root_key)
    with pytest.raises(Refused) as refused:
        Issuer.of(stranger)
    assert refused.value.code == "key-kind"


# ── signing ──


def test_another_key_than_the_issuers_does_not_sign(linted: Linted) -> None:
    """The wrong token in the reader."""
    with pytest.raises(Refused) as refused:
        sign(linted, forge.key(number=1))
    assert refused.value.code == "wrong-key"


@pytest.mark.parametrize("fault", ["of other contents", "of nothing at all"])
def test_a_faulty_signature_is_discarded(linted: Linted, press: Device, fault: str) -> None:
    """A token with a broken signature unit: no certificate of it ever leaves."""

    def faulty(message: bytes) -> bytes:
        return press.signer.sign(message + b"x") if fault == "of other contents" else utils.encode_dss_signature(1, 1)

    token = SimpleNamespace(public_key=press.signer.public_key, algorithm=press.signer.algorithm, sign=faulty)
    with pytest.raises(Refused) as refused:
        sign(linted, token)
    assert refused.value.code == "signature-fault"


# ── encodings ──


def test_a_row_that_nobody_can_encode_is_a_mistake_of_the_table(world: World) -> None:
    """A new extension in a profile needs its encoding in the assembler."""
    strange = Row("basicConstraints", critical=True, value="whatever", cite="none", why="none")
    profile = Profile("factory", "Factory CA", FACTORY_CA.keys, "", "", (strange,))
    with pytest.raises(ValueError, match="no encoding"):
        prepare(profile, Issuer.of(world.root), throwaway=world.root_key)


def test_the_profiles_names_are_the_issuers(world: World, press: Device) -> None:
    """Chain of subjects: each certificate names the one above it as its issuer."""
    path = press.record.certificates
    assert [each.issuer for each in path] == [world.factory.subject, world.root.subject, world.root.subject]
    assert Issuer.of(world.root).self_signed is False
    assert Issuer.root(Subject("A", "B C"), LEAF.public_key, TODAY, 1).self_signed is True


def test_addresses_alone_can_be_served(press: Device) -> None:
    """T16: without a name the subject stays empty, so that no stack holds a common name to the DNS subtrees."""
    linted = _prepared(press).lint(_fields(names=(), addresses=(Address.parse("10.0.0.1"),)), press.signer)
    assert sign(linted, press.signer).subject.rfc4514_string() == ""
    assert ROOT_CA.row("authorityKeyIdentifier") is None
