"""The birth record: one PEM file from the factory to the device, checked before anything is kept.

device CA ──signed by──► factory CA ──signed by──► root        in this order, none missing
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import permutations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import forge
from dotlocal.core import constraints, pem
from dotlocal.core.chain import window_of
from dotlocal.core.errors import Refused
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, ROOT_CA
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import YEAR, Window
from dotlocal.testing import MOMENT, Device, World
from dotlocal.wire.birth import BirthRecord, check_chain

WIDEST = constraints.DEFAULT.widest()


def _refusal(certificates: Sequence[x509.Certificate]) -> Refused:
    text = "".join(pem.encode(pem.CERTIFICATE, each.public_bytes(Encoding.DER)) for each in certificates)
    with pytest.raises(Refused) as refused:
        BirthRecord.parse(text.encode())
    return refused.value


# ── good ones ──


def test_a_record_reads_back_as_it_was_written(press: Device) -> None:
    """There and back, and its parts are where they belong."""
    record = BirthRecord.parse(press.record.encode().encode())
    device_ca, factory_ca, root = record.certificates
    assert record == press.record
    assert (record.device_ca, record.sent, record.root) == (device_ca, (device_ca, factory_ca), root)
    assert record.serial_number == "SN0007"
    assert record.issuer.permitted == WIDEST


def test_a_vendor_without_a_station_has_two_certificates(world: World) -> None:
    """root → device CA; the device sends the device CA alone."""
    key = forge.key(number=3)
    draft = forge.device(
        forge.name("Acme Devices", "SN0001", "device CA SN0001 0"), key.public_key, window_of(world.root),
        world.root.subject, world.root_key.public_key, WIDEST,
    )  # fmt: skip
    record = BirthRecord.of((draft.signed(world.root_key), world.root))
    assert record.sent == (record.device_ca,)
    assert record.serial_number == "SN0001"


def test_a_record_below_an_unconstrained_root() -> None:
    """`constrain_root = false`: the device CA's own constraints count."""
    world = World(constrain_root=False)
    assert world.device("SN1", hostname="press").record.issuer.permitted.dns == (*(WIDEST.dns or ()), "press")


# ── order and number ──


def test_every_other_order_is_refused(press: Device) -> None:
    """Five of the six; the order is not guessed, for a file that was put together by hand may lack more."""
    for shuffled in permutations(press.record.certificates):
        if shuffled != press.record.certificates:
            assert _refusal(shuffled).code == "birth-order"


@pytest.mark.parametrize(
    ("kept", "code"),
    [((), "pem-empty"), ((0,), "birth-count"), ((2,), "birth-count"), ((0, 2), "birth-order"), ((0, 1), "birth-order"),
     ((1, 2), "birth-profile"), ((0, 1, 2, 2), "birth-count"), ((0, 1, 1), "birth-order"), ((0, 0, 1), "birth-order")],
)  # fmt: skip
def test_a_certificate_missing_or_too_many_is_refused(press: Device, kept: tuple[int, ...], code: str) -> None:
    """(0, 2) is device CA and root without the factory CA between them; (1, 2) has no device."""
    refused = _refusal([press.record.certificates[index] for index in kept])
    assert refused.code == code


def test_a_record_of_two_hierarchies_is_refused(press: Device) -> None:
    """The root of another vendor who took the same names."""
    assert _refusal([*press.record.certificates[:2], World().root]).code == "birth-order"


def test_a_private_key_in_the_record_is_refused(press: Device) -> None:
    """Whoever wrote that file has a bigger problem."""
    data = press.record.encode().encode() + press.signer.encode(None)
    with pytest.raises(Refused) as refused:
        BirthRecord.parse(data)
    assert refused.value.code == "pem-label"


# ── profiles ──


def _device(world: World, change: Callable[[forge.Draft], forge.Draft], policy: Subtrees = WIDEST) -> x509.Certificate:
    draft = forge.device(
        forge.name("Acme Devices", "SN0007", "device CA SN0007 0"), forge.key(number=3).public_key,
        window_of(world.factory), world.factory.subject, world.factory_key.public_key, policy,
    )  # fmt: skip
    return change(draft).signed(world.factory_key)


_BASIC = x509.BasicConstraints


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d.without(x509.NameConstraints), id="without constraints"),
        pytest.param(lambda d: d.having(_BASIC(ca=True, path_length=None), critical=True), id="able to make CAs"),
        pytest.param(lambda d: d.having(_BASIC(ca=False, path_length=None), critical=True), id="no CA at all"),
        pytest.param(lambda d: d.without(_BASIC), id="silent about being a CA"),
        pytest.param(lambda d: d.but(extensions=()), id="without extensions"),
        pytest.param(lambda d: d.but(subject=forge.name("Acme Devices", common_name="a device")), id="without serial"),
        pytest.param(lambda d: d.but(window=Window(MOMENT, MOMENT + 30 * YEAR)), id="outliving its factory CA"),
        pytest.param(lambda d: d.but(serial=1), id="with a counter for a serial number"),
    ],
)
def test_a_device_ca_that_is_not_what_it_must_be_is_refused(
    world: World, change: Callable[[forge.Draft], forge.Draft]
) -> None:
    """A mistaken or captured factory can't talk a device into serving what browsers refuse, or what thieves like."""
    assert _refusal([_device(world, change), world.factory, world.root]).code == "birth-profile"


@pytest.mark.parametrize("base", [".local", "Local"])
def test_constraints_in_a_form_that_stacks_disagree_about_are_refused(base: str) -> None:
    """T22: a leading dot, or upper case, below a root without constraints."""
    world = World(constrain_root=False)
    device_ca = _device(world, lambda draft: draft, Subtrees((base,), WIDEST.ip))
    assert _refusal([device_ca, world.factory, world.root]).code == "birth-profile"


def test_a_device_ca_wider_than_its_root_is_refused(world: World) -> None:
    """root: local … → device CA: example.com; every client would refuse what it makes of it."""
    wider = Subtrees((*(WIDEST.dns or ()), "example.com"), WIDEST.ip)
    assert _refusal([_device(world, lambda draft: draft, wider), world.factory, world.root]).code == "policy-wider"


def test_foreign_constraints_are_refused(world: World) -> None:
    """Excluded subtrees: a form that we neither write nor interpret."""
    permitted = forge.name_constraints(WIDEST).permitted_subtrees
    foreign = x509.NameConstraints(permitted, [x509.DNSName("a.local")])
    device_ca = _device(world, lambda draft: draft.having(foreign, critical=True))
    assert _refusal([device_ca, world.factory, world.root]).code == "foreign-constraint"


def test_a_factory_ca_with_its_own_constraints_is_refused(world: World, press: Device) -> None:
    """Java and Apple refuse or relax two different constraints below the root."""
    draft = forge.factory(
        world.factory.subject, world.factory_key.public_key, window_of(world.factory), world.root.subject,
        world.root_key.public_key,
    ).having(forge.name_constraints(WIDEST), critical=True)  # fmt: skip
    assert _refusal([press.record.device_ca, draft.signed(world.root_key), world.root]).code == "birth-profile"


def test_a_root_that_is_not_self_signed_is_refused(world: World, press: Device) -> None:
    """A cross-certificate in the root's place: its own signature is part of the check."""
    other = World()
    cross = forge.root(world.root.subject, world.root_key.public_key, window_of(world.root), WIDEST)
    crossed = cross.but(issuer=other.root.subject).signed(other.root_key)
    assert _refusal([*press.record.certificates[:2], crossed]).code == "birth-order"


def test_the_refusal_says_which_certificate_and_why(world: World) -> None:
    """Both sides: what the profile wants, and what the device CA has."""
    refused = _refusal([_device(world, lambda draft: draft.but(serial=1)), world.factory, world.root])
    assert "device certificate: serial number 1" in refused.message


# ── time ──


def test_an_expired_record_is_told_by_the_one_that_ended(press: Device) -> None:
    """No clock is asked when it is parsed: `check_valid` is for those who can trust theirs."""
    end = window_of(press.record.device_ca).not_after
    press.record.check_valid(end)
    press.record.check_valid(0)  # not yet valid is no reason: the device's clock may be in 1970
    with pytest.raises(Refused) as refused:
        press.record.check_valid(end + 1)
    assert refused.value.code == "birth-expired"


def test_a_chain_may_be_checked_with_other_profiles(world: World) -> None:
    """The root's answer is a chain of two, under profiles of its own."""
    check_chain((world.factory, world.root), (FACTORY_CA, ROOT_CA))
    with pytest.raises(Refused) as refused:
        check_chain((world.factory, world.root), (DEVICE_CA, ROOT_CA))
    assert refused.value.code == "birth-profile"
