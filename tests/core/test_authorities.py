"""What goes into a CA certificate: subjects, windows, constraints, and the lives that are refused."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

import forge
from dotlocal.core import authorities, constraints, keys
from dotlocal.core.authorities import Terms
from dotlocal.core.chain import named, window_of
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Issuer, Linted, sign
from dotlocal.core.keys import algorithm_for, kind_of, verifies
from dotlocal.core.request import Request
from dotlocal.core.subject import Subject, check_text, factory_subject
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.testing import MOMENT, World

DEVICE = Request(forge.key(number=3).public_key, "SN0007")


def _device_ca(world: World, **changes: Any) -> Linted:
    terms = Terms(**{"now": MOMENT, "years": None, "least": 10} | changes)
    return authorities.device_ca(
        DEVICE, Issuer.of(world.factory, world.root), organisation="Acme Devices",
        constraints=constraints.DEFAULT.for_device("SN0007"), terms=terms, serial=forge.SERIAL,
        throwaway=world.factory_key,
    )  # fmt: skip


def _window(world: World, **changes: Any) -> Window:
    return window_of(sign(_device_ca(world, **changes), world.factory_key))


def _code(world: World, **changes: Any) -> str:
    with pytest.raises(Refused) as refused:
        _device_ca(world, **changes)
    return refused.value.code


END = MOMENT + 25 * YEAR


def test_a_device_ca_lives_to_its_parents_end(world: World) -> None:
    """Unless years are given; and everything is dated a day back, within the parent."""
    assert _window(world) == Window(MOMENT - DAY, END)
    assert _window(world, now=MOMENT + 5 * YEAR) == Window(MOMENT + 5 * YEAR - DAY, END)
    assert _window(world, years=12) == Window(MOMENT - DAY, MOMENT + 12 * YEAR)


def test_no_child_starts_before_its_parent(world: World) -> None:
    """A device made in the root's first hours is dated back to the root's beginning, and no further."""
    start = window_of(world.factory).not_before
    assert _window(world, now=start).not_before == start


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"now": END + 1}, "issuer-expired"),
        ({"now": MOMENT - DAY - 1}, "clock-behind"),
        ({"now": 0}, "clock-behind"),
        ({"years": 26}, "life-beyond-parent"),
        ({"years": 9}, "life-too-short"),
        ({"years": 0}, "life-too-short"),
        ({"years": -5, "least": 0}, "life-too-short"),
        ({"now": END - 9 * YEAR}, "life-too-short"),
        ({"now": END, "least": 1}, "life-too-short"),
    ],
)
def test_a_life_that_helps_nobody_is_refused(world: World, terms: dict[str, Any], code: str) -> None:
    """Never shortened in silence: an expired or a future parent, more than it has, less than the plan's minimum."""
    assert _code(world, **terms) == code


@pytest.mark.parametrize("terms", [{"now": END - 10 * YEAR + DAY}, {"years": 10}, {"now": END, "least": 0}])
def test_the_minimum_is_meant_to_the_day(world: World, terms: dict[str, Any]) -> None:
    """A device made on the last day of the station's plan still gets its ten years, give or take that day."""
    assert _device_ca(world, **terms).serial == forge.SERIAL


def test_the_subject_is_the_vendors_and_unique_for_device_and_key(world: World) -> None:
    """O=vendor, serialNumber=device, CN=`device CA SERIAL KKKKKKKK`: there, and not a host name."""
    certificate = sign(_device_ca(world), world.factory_key)
    key_id = keys.key_id_of(DEVICE.public_key).hex().upper()
    assert certificate.subject == forge.name("Acme Devices", "SN0007", f"device CA SN0007 {key_id[:8]}")
    assert key_id[:8] in named(certificate)


def test_a_factory_ca_is_the_roots_to_name(world: World) -> None:
    """O=vendor, CN=vendor Factory CA (station)."""
    assert world.factory.subject == forge.name("Acme Devices", common_name="Acme Devices Factory CA (line 1)")


@pytest.mark.parametrize("organisation", ["A", "Acme Devices", "Ü" * 64, "An Organisation with a Long Name of Its Own"])
def test_every_station_has_a_subject_of_every_vendor(organisation: str) -> None:
    """The longest name of a station beside the longest of a vendor: shortened to fit, never refused."""
    subject = factory_subject(organisation, "S" * 32)
    assert subject.common_name.endswith(f" Factory CA ({'S' * 32})")
    assert len(subject.common_name) <= 64


@pytest.mark.parametrize("text", ["", " a", "a ", "a\nb", "a" * 65, "a\u200b b", "\x7f a"])
def test_texts_of_subjects_are_printable_and_short(text: str) -> None:
    """RFC 5280 appendix A: 64 characters; and what can't be seen can't be compared."""
    with pytest.raises(Refused) as refused:
        check_text("organisation", text)
    assert refused.value.code == "subject-text"
    for organisation, common_name in ((text, "A B"), ("A", text)):
        with pytest.raises(Refused):
            Subject(organisation, common_name)


@pytest.mark.parametrize("common_name", ["acme.local", "press-07", "Acme", "münchen"])
def test_no_ca_is_called_like_a_host(common_name: str) -> None:
    """wolfSSL takes the common name of every CA for a host name and holds it to the constraints above."""
    with pytest.raises(Refused) as refused:
        Subject("Acme Devices", common_name)
    assert refused.value.code == "subject-is-host"


# ── roots ──


@pytest.mark.parametrize("kind", ["P-384", "P-256", "RSA-3072"])
@pytest.mark.parametrize("constrained", [True, False])
def test_roots_of_every_kind(kind: str, constrained: bool) -> None:
    """Self-signed with its own algorithm, a day back and so many years ahead."""
    signer = forge.key(kind)
    subject = Subject("Acme Devices", "Acme Devices Root G1")
    linted = authorities.root_ca(
        subject, signer.public_key, now=MOMENT, years=25, serial=forge.SERIAL, throwaway=signer,
        constraints=constraints.DEFAULT.widest() if constrained else None,
    )  # fmt: skip
    root = sign(linted, signer)
    assert root.issuer == root.subject
    assert Issuer.of(root).algorithm == signer.algorithm == algorithm_for(kind)
    assert window_of(root) == Window(MOMENT - DAY, MOMENT + 25 * YEAR)
    assert verifies(signer.public_key, root.signature, root.tbs_certificate_bytes, signer.algorithm)
    assert not verifies(signer.public_key, root.signature, b"other contents", signer.algorithm)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA-3072"])
def test_kinds_of_keys(kind: str) -> None:
    """Named as in a plan."""
    assert kind_of(forge.key(kind).public_key) == kind


def test_the_key_identifier_is_of_the_key_bits() -> None:
    """RFC 7093 2, method 1: 160 bits of SHA-256 over the subjectPublicKey, without its algorithm."""
    for kind in ("P-256", "RSA-3072"):
        public_key = forge.key(kind).public_key
        bits = sha256(_key_bits(keys.spki_of(public_key))).digest()
        assert keys.key_id_of(public_key) == bits[:20]


def _key_bits(spki: bytes) -> bytes:
    # an EC point of P-256 is the last 65 octets; an RSA key the whole BIT STRING after its 24 octets of header
    return spki[-65:] if len(spki) < 100 else spki[24:]
