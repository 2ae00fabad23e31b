"""The one assembler beside `cryptography`'s builder: for every profile the same contents, to the byte.

profile + issuer ──prepare──► template ──fill──► TBSCertificate  ═?═  CertificateBuilder(same fields)
                                 │ dump
                                 └──► text ──load──► fill ──────────────┘
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

import forge
from dotlocal.core import constraints, keys, template
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Fields, Issuer, prepare, sign
from dotlocal.core.lint import lint
from dotlocal.core.names import Address, HostName
from dotlocal.core.profiles import DEVICE_CA, FACTORY_CA, ROOT_CA, SERVER, Profile
from dotlocal.core.subject import Subject, device_subject
from dotlocal.core.subtrees import UNCONSTRAINED, Subtrees
from dotlocal.core.template import EMPTY_NAME, Template
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.host.signers import KeySigner
from dotlocal.testing import MOMENT, Device
from strategies import (
    addresses,
    addresses_within,
    complete_subtrees,
    device_serials,
    host_names,
    quick,
    serials,
    subject_texts,
    windows,
)

ISSUERS = st.sampled_from(("P-256", "P-384", "RSA-3072")).map(forge.key)
DEVICE_KEY = forge.key(number=7)


class Names(NamedTuple):
    """A subject as ours and as the builder's."""

    ours: Subject
    theirs: x509.Name


SUBJECTS = st.builds(
    lambda o, cn: Names(Subject(o, cn), forge.name(o, common_name=cn)), subject_texts(), subject_texts()
)
HOSTS = st.tuples(
    st.lists(host_names("local", "home.arpa", "internal", "example.com"), max_size=4), st.lists(addresses(), max_size=4)
).filter(any)


def _contents(prepared: Template, fields: Fields) -> bytes:
    return prepared.fill(
        serial=fields.serial, window=fields.window, subject=fields.subject.encode() if fields.subject else EMPTY_NAME,
        spki=keys.spki_of(fields.public_key), key_id=keys.key_id_of(fields.public_key), names=fields.names,
        addresses=fields.addresses,
    )  # fmt: skip


def _agrees(
    profile: Profile, issuer: Issuer, signer: KeySigner, fields: Fields, draft: forge.Draft,
    policy: Subtrees | None = None,
) -> None:  # fmt: skip
    """The template's contents, those of the template read back from its text, and the builder's are the same."""
    prepared = prepare(profile, issuer, throwaway=signer, constraints=policy).template
    ours = _contents(prepared, fields)
    assert ours == draft.signed(signer).tbs_certificate_bytes
    assert ours == _contents(template.load(prepared.dump()), fields)


def _issuer(signer: KeySigner, subject: Subject, permitted: Subtrees = UNCONSTRAINED) -> Issuer:
    whole = Window(-631152000, 253402300799)
    return Issuer(subject.encode(), forge.SERIAL, signer.public_key, whole, permitted)


@quick(30)
@given(ISSUERS, SUBJECTS, serials(), windows(), st.none() | complete_subtrees())
def test_roots_are_the_builders(
    signer: KeySigner, subject: Names, serial: int, window: Window, policy: Subtrees | None
) -> None:
    """A root of any kind of key, with and without constraints."""
    issuer = Issuer.root(subject.ours, signer.public_key, window, serial)
    fields = Fields(serial, window, subject.ours, signer.public_key)
    draft = forge.root(subject.theirs, signer.public_key, window, policy).but(serial=serial)
    _agrees(ROOT_CA, issuer, signer, fields, draft, policy)


@quick(25)
@given(ISSUERS, SUBJECTS, SUBJECTS, st.sampled_from(("P-256", "P-384")), serials(), windows())
def test_factory_cas_are_the_builders(
    signer: KeySigner, above: Names, subject: Names, kind: str, serial: int, window: Window
) -> None:
    """A factory CA below any root."""
    key = forge.key(kind, 2).public_key
    draft = forge.factory(subject.theirs, key, window, above.theirs, signer.public_key).but(serial=serial)
    _agrees(FACTORY_CA, _issuer(signer, above.ours), signer, Fields(serial, window, subject.ours, key), draft)


@quick(25)
@given(ISSUERS, SUBJECTS, device_serials(), serials(), windows(), complete_subtrees())
def test_device_cas_are_the_builders(
    signer: KeySigner, above: Names, identity: str, serial: int, window: Window, policy: Subtrees
) -> None:
    """A device CA below a factory CA or a root, with its serial number as PrintableString."""
    key = DEVICE_KEY.public_key
    subject = device_subject("Acme Devices", identity, keys.key_id_of(key))
    theirs = forge.name("Acme Devices", identity, subject.common_name)
    draft = forge.device(theirs, key, window, above.theirs, signer.public_key, policy).but(serial=serial)
    fields = Fields(serial, window, subject, key)
    _agrees(DEVICE_CA, _issuer(signer, above.ours), signer, fields, draft, policy)


@quick(40)
@given(ISSUERS, SUBJECTS, HOSTS, serials(), windows())
def test_server_certificates_are_the_builders(
    signer: KeySigner, above: Names, hosts: tuple[list[HostName], list[Address]], serial: int, window: Window
) -> None:
    """Names and addresses in any mix, dates on both sides of 2050, serial numbers with the top bit set."""
    key = forge.key(number=9).public_key
    draft = forge.server(key, window, above.theirs, signer.public_key, [*hosts[0], *hosts[1]]).but(serial=serial)
    fields = Fields(serial, window, None, key, tuple(hosts[0]), tuple(hosts[1]))
    _agrees(SERVER, _issuer(signer, above.ours), signer, fields, draft)


@quick(50)
@given(
    st.lists(host_names("local", "internal"), max_size=5, unique=True),
    st.lists(addresses_within("10.0.0.0/8") | addresses_within("fd00::/8"), max_size=5, unique=True),
    st.integers(1 << 64, (1 << 159) - 1),
    windows(MOMENT, MOMENT + 20 * YEAR),
    st.integers(1, 50),
)
def test_whatever_is_filled_in_passes_lint(
    names: list[HostName], ips: list[Address], serial: int, window: Window, number: int
) -> None:
    """What was linted once stays true: five fields change, and nothing that lint looks at."""
    signer = forge.key(number=7)
    above = Subject("Acme Devices", "device CA SN0007 00000000")
    issuer = _issuer(signer, above, constraints.DEFAULT.widest())
    fields = Fields(serial, window, None, forge.key(number=number).public_key, tuple(names), tuple(ips))
    prepared = prepare(SERVER, issuer, throwaway=signer)
    if names or ips:
        linted = prepared.lint(fields, signer)
        assert lint(sign(linted, signer), SERVER, prepared._expected()) == []


# ── the text of a template ──


@pytest.fixture(scope="module")
def kept(press: Device) -> str:
    """The text that a device keeps."""
    return prepare(SERVER, press.record.issuer, throwaway=press.signer).template.dump()


def test_a_template_with_one_character_changed_is_refused(kept: str) -> None:
    """Whichever it is: a bit that flips in the flash is never misread."""
    for index, character in enumerate(kept):
        for other in {"\n", " ", "0", "f", chr(ord(character) ^ 1)} - {character}:
            with pytest.raises(Refused) as refused:
                template.load(kept[:index] + other + kept[index + 1 :])
            assert refused.value.code == "template-damaged"


def test_a_template_cut_short_or_grown_is_refused(kept: str) -> None:
    """A file that a power cut tore is seen as torn, wherever it ends."""
    for torn in (*(kept[:size] for size in range(len(kept))), kept + "\n", "\n" + kept, kept + kept):
        with pytest.raises(Refused) as refused:
            template.load(torn)
        assert refused.value.code == "template-damaged"


def test_a_template_of_another_kind_of_file_is_refused(press: Device) -> None:
    """A whole and sealed file under another heading is no template."""
    with pytest.raises(Refused) as refused:
        template.load(template.seal(["dotlocal settings 1", "days 90"]))
    assert refused.value.code == "template-damaged"


@quick(40)
@given(
    st.none() | st.just(()) | complete_subtrees().map(lambda s: s.dns),
    st.none() | st.just(()) | complete_subtrees().map(lambda s: s.ip),
)
def test_open_and_closed_forms_are_told_apart(
    dns: tuple[str, ...] | None, ip: tuple[tuple[bytes, bytes], ...] | None
) -> None:
    """Unconstrained and "nothing at all" are opposites, and both outlive the text."""
    written = Template(
        profile="server", algorithm="ecdsa-sha256", issuer=EMPTY_NAME, issuer_key_id=b"k", issuer_serial=1,
        issuer_window=Window(-5, 5), permitted=Subtrees(dns, ip), extensions=(b"\x30\x00", template.NAMES_SLOT),
    )  # fmt: skip
    read = template.load(written.dump())
    assert {name: getattr(read, name) for name in Template.__slots__} == {
        name: getattr(written, name) for name in Template.__slots__
    }


# ── what is never filled in ──


def _fill(press: Device, **changes: object) -> bytes:
    prepared = prepare(SERVER, press.record.issuer, throwaway=press.signer).template
    key = forge.key(number=9).public_key
    fields: dict[str, object] = {
        "serial": forge.SERIAL, "window": Window(MOMENT, MOMENT + DAY), "subject": EMPTY_NAME,
        "spki": keys.spki_of(key), "key_id": keys.key_id_of(key), "names": [HostName("a.local")],
    }  # fmt: skip
    return prepared.fill(**fields | changes)  # type: ignore[arg-type]  # wrong values are the point


@pytest.mark.parametrize("serial", [0, -1, 1 << 159])
def test_serial_numbers_are_positive_and_fit_20_octets(press: Device, serial: int) -> None:
    """RFC 5280 4.1.2.2."""
    with pytest.raises(ValueError, match="serial"):
        _fill(press, serial=serial)


@pytest.mark.parametrize("ends", [(-2 * DAY, DAY), (0, 30 * YEAR)])
def test_no_certificate_starts_before_or_outlives_its_issuer(press: Device, ends: tuple[int, int]) -> None:
    """The device CA runs from a day before the moment, for 25 years."""
    with pytest.raises(ValueError, match="outside the issuer's"):
        _fill(press, window=Window(MOMENT + ends[0], MOMENT + ends[1]))


@pytest.mark.parametrize("hosts", [{"names": [HostName("www.example.com")]}, {"addresses": [Address.parse("8.8.8.8")]}])
def test_no_name_outside_the_constraints_is_filled_in(press: Device, hosts: dict[str, object]) -> None:
    """One name outside loses the whole certificate in every client (field note T15)."""
    with pytest.raises(ValueError, match="outside the issuer's constraints"):
        _fill(press, **hosts)


def test_a_server_certificate_names_somebody(press: Device) -> None:
    """Without a name and an address there is nothing to certify."""
    with pytest.raises(ValueError, match="if, and only if"):
        _fill(press, names=[])


def test_a_ca_names_no_host(press: Device) -> None:
    """A profile without subjectAltName takes no names."""
    signer = forge.key("P-384")
    issuer = _issuer(signer, Subject("Acme Devices", "Acme Devices Root G1"))
    prepared = prepare(FACTORY_CA, issuer, throwaway=signer)
    fields = Fields(forge.SERIAL, Window(0, 1), Subject("A", "B C"), signer.public_key, (HostName("a.local"),))
    with pytest.raises(ValueError, match="if, and only if"):
        prepared.lint(fields, signer)
