"""The head of a request from anybody: what is read, and what is refused since two programs might differ about it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.device.help.facts import read_root
from dotlocal.device.web import hosts, http
from dotlocal.device.web.http import Answer, Bad
from dotlocal.testing import World
from strategies import damaged, quick

ROOT = World().root.public_bytes(Encoding.PEM)
GOOD = b"GET /page?x=1 HTTP/1.1\r\nHost: press-07.local\r\nAccept: */*\r\n\r\n"


def refused(head: bytes) -> int:
    with pytest.raises(Bad) as bad:
        if http.whole(head):
            http.parse(head)
    return bad.value.status


def test_a_plain_request_is_read() -> None:
    """Method, path, query, fields by lower-case name."""
    request = http.parse(GOOD)
    assert (request.method, request.path, request.query) == ("GET", "/page", "x=1")
    assert request.fields == {"host": "press-07.local", "accept": "*/*"}


def test_a_repeated_field_is_one_list() -> None:
    """RFC 9110 5.2."""
    assert http.parse(b"GET / HTTP/1.1\r\nHost: a\r\nAccept: a\r\nAccept: b\r\n\r\n").fields["accept"] == "a, b"


HOST = b"Host: press-07.local\r\n"
REFUSED = {
    b"GET / HTTP/1.1\r\n\r\n": 400,  # no Host
    b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n": 400,  # two of them
    b"GET / HTTP/1.1\r\nHost : press-07.local\r\n\r\n": 400,  # a blank before the colon
    b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n": 400,  # a bare line feed
    b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nNo colon\r\n\r\n": 400,
    b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n": 400,  # two blanks
    b"GET http://press-07.local/ HTTP/1.1\r\n" + HOST + b"\r\n": 400,  # a proxy's form
    b"GET * HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n": 400,
    b"GET / HTTP/2.0\r\n" + HOST + b"\r\n": 505,
    b"GET /\r\n\r\n": 400,
    b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody": 405,
    b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n": 405,
    b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody": 413,
    b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 413,
    b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 4\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 65 + b"\r\n": 431,
    b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 9000: 431,
    b"\r\n\r\n": 400,
}


@pytest.mark.parametrize("head", REFUSED, ids=lambda head: repr(head[:60]))
def test_what_could_be_read_in_two_ways_is_refused(head: bytes) -> None:
    """Each with its own status."""
    assert refused(head) == REFUSED[head]


@quick(400)
@given(st.binary(max_size=9000) | damaged(GOOD))
def test_any_octets_are_read_or_refused(data: bytes) -> None:
    """Never another exception, and never more than fits."""
    try:
        if http.whole(data):
            request = http.parse(data)
            assert request.method in http.METHODS
            assert request.path.startswith("/")
    except Bad:
        pass


@quick(400)
@given(st.binary(max_size=900) | damaged(ROOT))
def test_any_octets_are_a_root_or_none(data: bytes) -> None:
    """root.pem is read by OpenSSL, and whatever that makes of it is shown as text."""
    root = read_root(data)
    assert root is None or (root.slug and len(root.fingerprint) == 64 and len(root.until) == 10)


@quick(400)
@given(st.text(max_size=400))
def test_any_text_is_a_host_or_none(text: str) -> None:
    """A host that is one has nothing in it that a header or an address bar would trip over."""
    host = hosts.parse(text)
    assert host is None or not set(host.in_url + host.port) & set(" \r\n\t<>\"'/\\@?#%")


@pytest.mark.parametrize(
    ("header", "in_url", "port"),
    [
        ("Press-07.local", "press-07.local", ""), ("press-07.local:8080", "press-07.local", ":8080"),
        ("192.168.77.7:80", "192.168.77.7", ":80"), ("[FD00::1]:80", "[fd00::1]", ":80"),
        ("[fd00:0::1]", "[fd00::1]", ""),
        ("press-07.local.:80", "press-07.local", ":80"),
    ],
)  # fmt: skip
def test_hosts_are_read_as_browsers_write_them(header: str, in_url: str, port: str) -> None:
    """Case, ports, brackets."""
    host = hosts.parse(header)
    assert host
    assert (host.in_url, host.port) == (in_url, port)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "a\nb", "a\x00", "ж"])
def test_no_answer_has_a_field_that_ends_early(value: str) -> None:
    """Header injection would need a line feed: the answer is then an error without any of it."""
    encoded = http.encode(Answer(200, (("X", value),), b"body"))
    assert encoded.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in encoded


def test_an_answer_says_how_long_it_is_and_that_it_is_the_last() -> None:
    """Content-Length of the body also without the body, and Connection: close."""
    whole, head = (http.encode(Answer(200, (), b"12345"), head_only=each) for each in (False, True))
    assert whole == head + b"12345"
    assert b"Content-Length: 5\r\nConnection: close\r\n" in head
