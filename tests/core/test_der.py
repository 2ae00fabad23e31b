"""DER pieces against known values, X.690 and RFC 5280."""

from __future__ import annotations

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.core import der
from strategies import Y1950, Y2050, Y10000, quick

_ARCS = st.lists(st.integers(0, 1 << 70), min_size=0, max_size=5)


@pytest.mark.parametrize(
    ("size", "head"),
    [(0, "0400"), (127, "047f"), (128, "048180"), (255, "0481ff"), (256, "04820100"), (65536, "0483010000")],
)
def test_lengths_are_the_shortest(size: int, head: str) -> None:
    """X.690 10.1: short form to 127, then as few octets as it takes."""
    assert der.octet_string(bytes(size)) == bytes.fromhex(head) + bytes(size)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, "020100"), (1, "020101"), (127, "02017f"), (128, "02020080"), (255, "020200ff"), (256, "02020100")],
)
def test_integers_never_look_negative(value: int, encoded: str) -> None:
    """A set top bit gets an octet of zeros before it (X.690 8.3)."""
    assert der.integer(value) == bytes.fromhex(encoded)


def test_negative_integers_are_not_written() -> None:
    """No field of a certificate holds one."""
    with pytest.raises(ValueError):
        der.integer(-1)


@pytest.mark.parametrize(
    ("dotted", "encoded"),
    [
        ("2.5.29.17", "0603551d11"),
        ("1.2.840.10045.4.3.2", "06082a8648ce3d040302"),
        ("2.999", "06028837"),  # the first two arcs share one number, which may need two octets (X.690 8.19.4)
    ],
)
def test_object_identifiers(dotted: str, encoded: str) -> None:
    """Known identifiers come out as everybody writes them."""
    assert der.oid(dotted) == bytes.fromhex(encoded)


@quick(60)
@given(st.sampled_from(("0.3", "1.2", "1.39", "2.5", "2.47", "2.48")), _ARCS, st.text(min_size=1, max_size=200))
def test_names_are_those_of_an_independent_writer(first: str, arcs: list[int], text: str) -> None:
    """Identifier, UTF8String, SET and SEQUENCE, of any length, as `cryptography` writes them in a Name."""
    dotted = ".".join((first, *map(str, arcs)))
    name = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(dotted), text, _validate=False)])
    ours = der.sequence(der.set_of(der.sequence(der.oid(dotted), der.utf8_string(text))))
    assert ours == name.public_bytes()


@pytest.mark.parametrize(
    ("bits", "encoded"),
    [((0,), "03020780"), ((5,), "03020204"), ((5, 6), "03020106"), ((7,), "03020001"), ((0, 8), "0303078080")],
)
def test_named_bits_end_with_the_last_set_one(bits: tuple[int, ...], encoded: str) -> None:
    """X.690 11.2.2: trailing zero bits are removed, and counted as unused."""
    assert der.named_bits(bits) == bytes.fromhex(encoded)


def test_printable_strings_hold_ascii_alone() -> None:
    """A text that is no PrintableString is an error, never another text."""
    assert der.printable_string("SN1") == b"\x13\x03SN1"
    with pytest.raises(UnicodeEncodeError):
        der.printable_string("é")


@pytest.mark.parametrize(
    ("instant", "encoded"),
    [
        (Y1950 - 1, b"\x18\x0f19491231235959Z"),
        (Y1950, b"\x17\x0d500101000000Z"),
        (0, b"\x17\x0d700101000000Z"),
        (Y2050 - 1, b"\x17\x0d491231235959Z"),
        (Y2050, b"\x18\x0f20500101000000Z"),
        (Y10000 - 1, b"\x18\x0f99991231235959Z"),
    ],
)
def test_times_change_their_form_in_2050(instant: int, encoded: bytes) -> None:
    """RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on."""
    assert der.time(instant) == encoded


def test_extensions_leave_the_default_out() -> None:
    """`critical FALSE` is not written (X.690 11.5, RFC 5280 4.1)."""
    assert der.extension("2.5.29.19", der.sequence(), critical=False).hex() == "30090603551d1304023000"
    assert der.extension("2.5.29.19", der.sequence(), critical=True).hex() == "300c0603551d130101ff04023000"
