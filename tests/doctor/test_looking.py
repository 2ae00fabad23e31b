"""Small parts of looking: which call shows the chain, what a target is, what a DNS message says."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from makers import Maker

from dotlocal.browser.connection import chain
from dotlocal.browser.dns_message import AAAA, PTR, SRV, A, Malformed, Record, answers, labels, question
from dotlocal.browser.target import Target
from dotlocal.core.errors import Absent

CHAIN = tuple(each.public_bytes(Encoding.DER) for each in Maker().chain().certificates)


class _Old:
    """A certificate as Python's private call gives it."""

    def __init__(self, der: bytes) -> None:
        self._der = der

    def public_bytes(self) -> str:
        return ssl.DER_cert_to_PEM_cert(self._der)


class _Secured:
    """A connection of some Python: with the public call, the private one, or neither."""

    def __init__(self, *, public: bool = False, private: Callable[[], object] | None = None) -> None:
        if public:
            self.get_unverified_chain = lambda: list(CHAIN)
        if private:
            self._sslobj = type("_SSL", (), {"get_unverified_chain": staticmethod(private)})()

    def getpeercert(self, *, binary_form: bool) -> bytes:
        assert binary_form
        return CHAIN[0]


def _fails() -> object:
    raise TypeError("another signature")


@pytest.mark.parametrize(
    ("secured", "whole"),
    [
        (_Secured(public=True), True),
        (_Secured(private=lambda: [_Old(each) for each in CHAIN]), True),
        (_Secured(private=lambda: [object()]), False),
        (_Secured(private=_fails), False),
        (_Secured(), False),
    ],
    ids=["public", "private", "other objects", "other signature", "neither"],
)
def test_the_chain_is_had_from_every_python(secured: _Secured, whole: bool) -> None:
    """All of it where there is a call for it, else the server certificate, and that is said."""
    assert chain(secured) == (CHAIN if whole else CHAIN[:1], whole)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("press-07.local", "press-07.local"),
        ("PRESS-07.local:443", "press-07.local"),
        ("press-07.local:8443", "press-07.local:8443"),
        ("192.168.77.7:8443", "192.168.77.7:8443"),
        ("fd00::7", "[fd00::7]"),
        ("[fd00::7]:8443", "[fd00::7]:8443"),
        (" https://press-07.local/a?b#c ", "press-07.local"),
        ("HTTPS://user:secret@press-07.local:8443/", "press-07.local:8443"),
        ("müller.local", "xn--mller-kva.local"),
    ],
)
def test_targets(text: str, shown: str) -> None:
    """What people have in the address bar."""
    assert str(Target.parse(text)) == shown


@pytest.mark.parametrize("text", ["", ":443", "press:", "press:x", "press:-1", "[fd00::7]443", "ftp://press", "a b"])
def test_what_is_no_target(text: str) -> None:
    """`press:` is a host with an empty port, which browsers take as the usual one."""
    if text == "press:":
        assert Target.parse(text).port == 443
    else:
        with pytest.raises(Absent):
            Target.parse(text)


def test_questions_and_answers() -> None:
    """A question of ours, read back by its octets; names with dots in a label; a message that points at itself."""
    asked = question(("Press\\. 7._https._tcp.local", SRV), ("press.local", AAAA))
    assert asked[:12] == bytes.fromhex("000000000002000000000000")
    assert asked[12:21] == b"\x08Press. 7"
    assert labels("Press\\. 7._https._tcp.local") == ["Press. 7", "_https", "_tcp", "local"]
    service = b"\x06_https\x04_tcp\x05local\0"
    pointer = service + b"\0\x0c\0\x01\0\0\0\x78" + b"\0\x08" + b"\x05press\xc0\x0c"
    message = bytes.fromhex("000084000000000100000000") + pointer
    assert answers(message) == [Record("_https._tcp.local", PTR, target="press._https._tcp.local")]
    with pytest.raises(Malformed):
        answers(bytes.fromhex("000084000000000100000000") + b"\xc0\x0c" + bytes(10))
    assert answers(asked) == []
    assert Record("Press.local", A).answers("press.LOCAL", A)
