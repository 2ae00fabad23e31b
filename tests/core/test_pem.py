"""Strict PEM: what travelled by mail is read, what was damaged is not."""

from __future__ import annotations

import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

import forge
from dotlocal.core import der, keys, pem
from dotlocal.core.errors import Refused
from dotlocal.core.template import ALGORITHMS, certificate
from dotlocal.testing import MOMENT, World
from strategies import quick

BLOCK = pem.encode("CERTIFICATE", b"some contents of some length that needs more than one line of text").encode()


def _code(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        pem.parse(data, "the file")
    return refused.value.code


@quick(60)
@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Z0-9 ]{1,40}", fullmatch=True), st.binary(min_size=1)), min_size=1, max_size=4
    )
)
def test_what_is_encoded_is_read_back(blocks: list[tuple[str, bytes]]) -> None:
    """Blocks in order, 64 characters a line (RFC 7468 2)."""
    text = "".join(pem.encode(*block) for block in blocks)
    assert all(len(line) <= 64 for line in text.splitlines())
    assert pem.parse(text.encode(), "the file") == blocks


@pytest.mark.parametrize(
    "data",
    [
        BLOCK.replace(b"\n", b"\r\n"),
        BLOCK.rstrip(),
        b"subject=CN = x\nissuer=CN = y\n" + BLOCK + b"and then some text\n",
        BLOCK.replace(b"-----\n", b"----- \t\n", 1),
        b"\n".join(b"  " + line if index in (1, 2) else line for index, line in enumerate(BLOCK.splitlines())),
        BLOCK.replace(b"\n", b"\n\n"),
    ],
    ids=["CRLF", "no last newline", "text around", "blanks", "indented", "blank lines"],
)
def test_what_mail_and_editors_do_is_harmless(data: bytes) -> None:
    """Line ends, explanatory text and white space carry no meaning (RFC 7468 2 and 5.2)."""
    assert pem.parse(data, "the file") == pem.parse(BLOCK, "the file")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "pem-empty"),
        (b"\0" * 100, "pem-empty"),
        (b"\x30\x82\x01\x00", "pem-empty"),
        (BLOCK.replace(b"\n", b"\r"), "pem-corrupt"),
        (b" " + BLOCK, "pem-corrupt"),
        (b"\xef\xbb\xbf" + BLOCK, "pem-corrupt"),
        (BLOCK[:-20], "pem-corrupt"),
        (BLOCK[20:], "pem-corrupt"),
        (BLOCK + BLOCK[:-20], "pem-corrupt"),
        (BLOCK + BLOCK[20:], "pem-corrupt"),
        (BLOCK[:30] + BLOCK, "pem-corrupt"),
        (BLOCK.replace(b"END CERTIFICATE", b"END PRIVATE KEY"), "pem-corrupt"),
        (BLOCK.replace(b"BEGIN CERTIFICATE", b"BEGIN certificate"), "pem-corrupt"),
        (BLOCK.replace(b"-----\n", b"-----\nProc-Type: 4,ENCRYPTED\n\n", 1), "pem-corrupt"),
        (b"-----BEGIN A-----\n-----END A-----\n", "pem-corrupt"),
        (b"-----BEGIN A-----\nAAA\n-----END A-----\n", "pem-corrupt"),
        (b"-----BEGIN A-----\nAA=A\n-----END A-----\n", "pem-corrupt"),
        (b"-----BEGIN A-----\nAAAA=\n-----END A-----\n", "pem-corrupt"),
        (b"-----BEGIN A-----\nAAA*\n-----END A-----\n", "pem-corrupt"),
        (b"-----BEGIN A-----\nAA\0A\n-----END A-----\n", "pem-corrupt"),
        (b"-----BEGIN A-----\n-----BEGIN A-----\nAAAA\n-----END A-----\n-----END A-----\n", "pem-corrupt"),
        (BLOCK + b"x" * pem.MOST_OCTETS, "pem-too-large"),
        (b"-" * 10_000_000, "pem-too-large"),
    ],
)
def test_what_was_damaged_is_refused(data: bytes, code: str) -> None:
    """Torn, nested, mislabelled, with headers, with other characters, endless: never half of it."""
    assert _code(data) == code


@quick(60)
@given(st.integers(0, len(BLOCK) - 1), st.sampled_from(b"-*\0:,"))
def test_a_character_that_is_not_base64_never_slips_through(index: int, other: int) -> None:
    """One octet changed to what base64 doesn't have: refused, or it was in a line end of the frame."""
    damaged = BLOCK[:index] + bytes((other,)) + BLOCK[index + 1 :]
    try:
        read = pem.parse(damaged, "the file")
    except Refused:
        return
    assert read == pem.parse(BLOCK, "the file")


# ── certificates ──


def test_certificates_come_in_order(world: World) -> None:
    """As many as there are, and nothing between them."""
    both = (world.factory, world.root)
    text = "".join(pem.encode(pem.CERTIFICATE, each.public_bytes(Encoding.DER)) for each in both)
    assert pem.certificates(text.encode(), "the chain") == list(both)


def test_a_file_of_certificates_holds_nothing_else(world: World) -> None:
    """A private key instead of, or among, the certificates."""
    for data in (world.factory_key.encode(None), BLOCK + world.factory_key.encode(None)):
        with pytest.raises(Refused) as refused:
            pem.certificates(data, "the chain")
        assert refused.value.code in ("pem-label", "certificate-unreadable")


_DATES = der.sequence(der.time(MOMENT), der.time(MOMENT + 1))
_SPKI = keys.spki_of(forge.key().public_key)


def _certificate(
    *, subject: bytes = der.sequence(), issuer: bytes = der.sequence(), dates: bytes = _DATES, spki: bytes = _SPKI,
    extensions: bytes = b"",
) -> bytes:  # fmt: skip
    version = der.explicit(0, der.integer(2))
    algorithm = ALGORITHMS["ecdsa-sha256"]
    tbs = der.sequence(version, der.integer(forge.SERIAL), algorithm, issuer, dates, subject, spki, extensions)
    return certificate(tbs, "ecdsa-sha256", forge.key().sign(tbs))


def _named(tag: int, content: bytes) -> bytes:
    return der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.tlv(tag, content))))


_BASIC = der.extension("2.5.29.19", der.sequence(), critical=True)


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b"\x30\x00",
        _certificate()[:-1],
        _certificate() + b"\0",
        _certificate(subject=_named(0x0C, b"\xff")),
        _certificate(issuer=_named(0x14, b"\xe9")),
        _certificate(subject=_named(0x03, b"\0abc")),
        _certificate(dates=der.sequence(der.time(MOMENT), der.tlv(0x17, b"269999999999Z"))),
        _certificate(dates=der.sequence(der.tlv(0x18, b"00000101000000Z"), der.time(MOMENT))),
        _certificate(dates=der.sequence(der.time(MOMENT + 1), der.time(MOMENT))),
        _certificate(spki=der.sequence(der.sequence(der.oid("1.2.3.4")), der.bit_string(b"key"))),
        _certificate(spki=_SPKI[:-1] + bytes((_SPKI[-1] ^ 1,))),
        _certificate(extensions=der.explicit(3, der.sequence(_BASIC, _BASIC))),
        _certificate(extensions=der.explicit(3, der.sequence(der.extension("2.5.29.19", b"\x05\x00", critical=True)))),
    ],
    ids=[
        "nothing", "empty", "cut off", "more behind", "bad subject", "bad issuer", "a name of bits", "bad date",
        "the year 0", "ends before it starts", "key of nobody's kind", "point on no curve", "an extension twice",
        "extension that is none",
    ],
)  # fmt: skip
def test_a_certificate_that_cant_be_read_is_refused_at_once(contents: bytes) -> None:
    """Whatever the parser would find out later, in somebody else's hands, it finds out here."""
    with pytest.raises(Refused) as refused:
        pem.certificate(contents, "the file")
    assert refused.value.code == "certificate-unreadable"


def test_the_raw_material_of_these_is_a_good_certificate() -> None:
    """Or else their refusal would prove nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(pem.certificate(_certificate(), "the file"), x509.Certificate)
