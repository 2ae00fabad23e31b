"""The parts that decide, without a device: evidence, waits, what a web server tells, forms, the PROXY protocol."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.core.errors import Refused
from dotlocal.device.own_pages import evidence, forms, link, proxied
from dotlocal.device.own_pages.forms import BadForm
from dotlocal.device.own_pages.link import Link
from dotlocal.device.own_pages.sessions import IDLE_SECONDS, MOST, MOST_SECONDS, STAGED_SECONDS, Sessions, Staged
from dotlocal.device.own_pages.switches import Switches
from dotlocal.device.own_pages.throttle import BUCKET, FREE, REFILL_SECONDS, Throttle
from dotlocal.device.own_pages.throttle import MOST_SECONDS as MOST_WAIT
from dotlocal.device.owned.awaited import Awaited
from dotlocal.device.serve import proxy_protocol
from strategies import damaged, quick

HERE = "192.0.2.9"

# ── what proves a confirmation ──

MINE, OTHERS = "0f" * 32, "f0" * 32
WANTED = Awaited(frozenset(("ab", "1")), frozenset((MINE,)), repeated=frozenset(("1",)))
CASES = [
    ({"serial": "ab"}, evidence.PROVED),
    ({"serial": "cd"}, evidence.OTHER),
    ({"serial": "ab", "resumed": False}, evidence.PROVED),
    ({"serial": "ab", "resumed": True}, evidence.RESUMED),
    ({"serial": "cd", "resumed": True}, evidence.OTHER),
    ({"age": 5.0}, evidence.PROVED),
    ({"age": 10.0}, evidence.OLD),
    ({"age": 500.0}, evidence.OLD),
    ({"age": 5.0, "resumed": True}, evidence.RESUMED),
    ({"age": 500.0, "resumed": True}, evidence.OLD),
    ({"serial": "cd", "age": 1.0}, evidence.OTHER),
    ({"fingerprint": MINE}, evidence.PROVED),
    ({"fingerprint": MINE, "resumed": True}, evidence.RESUMED),
    ({"fingerprint": OTHERS}, evidence.OTHER),
    ({"fingerprint": OTHERS, "serial": "ab"}, evidence.OTHER),
    ({"fingerprint": OTHERS, "serial": "ab", "age": 1.0}, evidence.OTHER),
    ({"fingerprint": MINE, "serial": "1"}, evidence.PROVED),
    ({"serial": "1"}, evidence.REPEATED),
    ({"serial": "1", "resumed": True}, evidence.REPEATED),
    ({"serial": "1", "age": 5.0}, evidence.PROVED),
    ({"serial": "1", "age": 10.0}, evidence.OLD),
    ({"serial": "1", "age": 5.0, "resumed": True}, evidence.RESUMED),
    ({}, evidence.UNTOLD),
    ({"resumed": False}, evidence.UNTOLD),
]


@pytest.mark.parametrize(("facts", "expected"), CASES, ids=str)
def test_what_a_connection_proves(facts: dict[str, object], expected: str) -> None:
    """The switch was ten seconds ago. A fingerprint counts more than a serial number, and that more than an age, unless
    another certificate has it; an earlier proof helps who resumes.
    """
    came = Link(HERE, True, **facts)  # type: ignore[arg-type]
    assert evidence.judge(came, WANTED, switched=90.0, now=100.0, before=False) == expected
    later = evidence.judge(came, WANTED, switched=90.0, now=100.0, before=True)
    assert later == (evidence.PROVED if expected == evidence.RESUMED else expected)


def test_a_number_of_something_that_went_back_tells_nothing() -> None:
    """On probation, gone without a trace, and then another one with its number: a connection may be from the first."""
    switches = Switches()
    first, second = (Awaited(frozenset(("1", number)), frozenset((number * 32,))) for number in ("2a", "2b"))
    assert switches.beside_earlier(first) == first
    assert switches.beside_earlier(second).repeated == {"1"}
    assert switches.beside_earlier(second).repeated == {"1"}, "at every look"
    assert switches.beside_earlier(Awaited(frozenset(("2c",)), frozenset(("2c" * 32,)))).repeated == set()


# ── what a web server tells ──

TOLD = [
    ("client=10.0.0.9;https=on;serial=0A1B;resumed=.", Link("10.0.0.9", True, "a1b", False)),
    ("client=10.0.0.9;https=1;serial=0A:1B;resumed=1", Link("10.0.0.9", True, "a1b", True)),
    ("client=fd00::9;https=on;age=1.250;resumed=r", Link("fd00::9", True, "", True, 1.25)),
    ("client=::ffff:10.0.0.9;https=;resumed=Initial", Link("10.0.0.9", False, "", False)),
    ("client=10.0.0.9; https=off", Link("10.0.0.9", False)),
    (f"client=10.0.0.9;https=1;fingerprint={MINE.upper()}", Link("10.0.0.9", True, fingerprint=MINE)),
]


@pytest.mark.parametrize(("text", "expected"), TOLD)
def test_what_web_servers_write_is_read(text: str, expected: Link) -> None:
    """As nginx, HAProxy and Apache write it."""
    assert link.parse(text) == expected


@pytest.mark.parametrize("text", [
    "", "client=10.0.0.9", "https=on", "client=evil;https=on", "client=10.0.0.9;https=maybe",
    "client=10.0.0.9;https=on;https=on", "client=10.0.0.9;https=on;serial=xyz", "client=10.0.0.9;https=on;age=-1",
    "client=10.0.0.9;https=on;age=1e9", "client=10.0.0.9;https=on,client=10.0.0.8;https=on", "a" * 500,
    "client=10.0.0.9;https=on;resumed=perhaps", "client=10.0.0.9;https=on;fingerprint=0f0f",
])  # fmt: skip
def test_what_they_do_not_write_is_refused(text: str) -> None:
    """Twice the same fact, as when a client's own field was passed on as well; values that no server writes."""
    with pytest.raises(Refused) as refused:
        link.parse(text)
    assert refused.value.code == "pages-connection"


@quick(200)
@given(st.one_of(st.text(max_size=100), damaged(TOLD[0][0].encode()).map(lambda octets: octets.decode("latin-1"))))
def test_no_field_brings_the_reader_down(text: str) -> None:
    """A connection, or a refusal."""
    try:
        assert link.parse(text).client
    except Refused as refused:
        assert refused.code == "pages-connection"


# ── the PROXY protocol ──


def test_what_our_server_writes_is_read() -> None:
    """IPv4 and IPv6, with a serial number and a fingerprint and without."""
    for source, client in (("10.0.0.9", "10.0.0.9"), ("fd00::9", "fd00::9")):
        destination = ("fd00::1" if ":" in source else "10.0.0.1", 443)
        for serial, fingerprint in (("", ""), ("a1b2", ""), ("f" * 40, MINE)):
            header = proxy_protocol.header(2, (source, 5000), destination, serial, fingerprint)
            assert proxied.whole(header[:15]) == 0
            assert proxied.whole(header) == len(header)
            assert proxied.parse(header) == Link(client, True, serial, fingerprint=fingerprint)


@quick(200)
@given(damaged(proxy_protocol.header(2, ("10.0.0.9", 5000), ("10.0.0.1", 443), "a1b2", MINE)))
def test_no_header_brings_the_reader_down(octets: bytes) -> None:
    """A connection, or torn."""
    try:
        size = proxied.whole(octets)
        if 0 < size <= len(octets):
            proxied.parse(octets[:size])
    except proxied.Torn:
        pass


# ── forms ──

FORM = (
    b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntoken\r\n'
    b'--x\r\nContent-Disposition: form-data; name="files"; filename="C:\\keys\\a%22b.pem"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\none\r\n--y\r\n\r\n\x00\xff\r\n"
    b'--x\r\nContent-Disposition: form-data; name="files"; filename=""\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\r\n--x--\r\n"
)
MULTIPART = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"


def test_a_form_with_files_is_read() -> None:
    """As Chromium and Firefox write it; an empty choice is no file, and a path is no name."""
    form = forms.parse(MULTIPART, FORM)
    assert form.text("csrf") == "token"
    (file,) = form.files["files"]
    assert file.name == 'a"b.pem'
    assert file.contents == b"one\r\n--y\r\n\r\n\x00\xff"


def _again(body: bytes) -> bytes:
    return body.replace(b'name="files"; filename=""', b'name="csrf"')


@pytest.mark.parametrize(("kind", "spoil"), [
    ("text/plain", bytes), ("multipart/form-data", bytes), ("multipart/form-data; boundary=" + "b" * 80, bytes),
    (MULTIPART, lambda body: body[:-4]), (MULTIPART, lambda body: body[3:]), (MULTIPART, lambda body: b"before" + body),
    (MULTIPART, lambda body: body + b"after"), (MULTIPART, lambda _: b""), (MULTIPART, lambda _: b"--x--\r\n"[:3]),
    (MULTIPART, lambda body: body.replace(b"form-data;", b"attachment;")), (MULTIPART, _again),
    (MULTIPART, lambda body: body.replace(b"Content-Type", b"Content-Transfer-Encoding")),
    (MULTIPART, lambda body: body.replace(b'name="csrf"', b'name="' + b"n" * 99 + b'"')),
    (MULTIPART, lambda body: body.replace(b"token", b"\xff")),
    (MULTIPART, lambda body: body.replace(b"token", b"t" * 30_000)),
    (MULTIPART, lambda body: body.replace(b"octet-stream", b"o" * 2_000)),
    (MULTIPART, lambda body: body[: body.index(b"--x", 5)] * 50 + b"--x--\r\n"),
    (URLENCODED, lambda _: b"a=1&a=2"), (URLENCODED, lambda _: b"&" * 50),
    (URLENCODED, lambda _: b"a=%ff"), (URLENCODED, lambda _: b"\xff=1"),
])  # fmt: skip
def test_what_no_browser_sends_is_refused(kind: str, spoil: Callable[[bytes], bytes]) -> None:
    """Another type, no boundary, an end in the middle, other heads, too many parts, one name twice."""
    with pytest.raises(BadForm):
        forms.parse(kind, spoil(FORM))


@quick(200)
@given(damaged(FORM), st.sampled_from([MULTIPART, "application/x-www-form-urlencoded"]))
def test_no_form_brings_the_parser_down(body: bytes, kind: str) -> None:
    """A form, or refused; its files are never more than what came."""
    try:
        form = forms.parse(kind, body)
    except BadForm:
        return
    assert sum(len(file.contents) for files in form.files.values() for file in files) <= len(body)


# ── waits ──


def test_waits_double_and_end() -> None:
    """Four for free, then 1, 2, 4 … 300 seconds; after an hour of quiet it is forgotten."""
    throttle, now, waits = Throttle(0.0), 0.0, []
    for _ in range(16):
        now += throttle.wait(HERE, "", now)
        throttle.failed(HERE, "", now)
        waits.append(throttle.wait(HERE, "", now))
    assert waits[: FREE + 3] == [0.0] * (FREE - 1) + [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == MOST_WAIT
    assert throttle.wait(HERE, "", now + 3600) == 0


def test_many_addresses_are_no_way_around() -> None:
    """The bucket of all strangers is used up; it refills, so nobody is locked out for good."""
    throttle, now, tried = Throttle(0.0), 0.0, 0
    for number in range(10_000):
        address = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
        if throttle.wait(address, "", now) == 0:
            throttle.failed(address, "", now)
            tried += 1
        now += 0.1
    assert tried <= BUCKET + 1000 / REFILL_SECONDS + 1
    assert throttle.wait("10.9.9.9", "", now + REFILL_SECONDS) == 0
    assert throttle.wait("10.9.9.9", "known", now) == 0


def test_one_network_of_ipv6_is_one_client() -> None:
    """2^64 addresses, one row."""
    throttle = Throttle(0.0)
    for number in range(FREE + 1):
        throttle.failed(f"fd00::{number + 1:x}", "", 0.0)
    assert throttle.wait("fd00::ffff", "", 0.0) > 0
    assert throttle.wait("fd00:0:0:1::1", "", 0.0) == 0


# ── sessions ──


def test_sessions_end_idle_and_in_any_case() -> None:
    """Idle for a quarter of an hour, or eight hours after they began; an upload's key is let go before."""
    drawn = iter(range(1000))
    sessions = Sessions(lambda: f"token {next(drawn)}")
    session = sessions.begin("anna", 0.0)
    session.staged = Staged("import", object(), 0.0)
    now = 0.0
    while now < STAGED_SECONDS:
        assert session.staged
        now += IDLE_SECONDS / 2
        assert sessions.find(session.token, now) is session
    assert session.staged is None
    assert sessions.find(session.token, now + IDLE_SECONDS + 1) is None
    session, now = sessions.begin("anna", 0.0), 0.0
    while now <= MOST_SECONDS:
        assert sessions.find(session.token, now) is session
        now += IDLE_SECONDS
    assert sessions.find(session.token, now) is None


def test_there_are_never_many_sessions() -> None:
    """The one that has been idle longest gives way."""
    drawn = iter(range(1000))
    sessions = Sessions(lambda: f"token {next(drawn)}")
    begun = [sessions.begin("anna", float(number)) for number in range(MOST + 1)]
    assert sessions.find(begun[0].token, 20.0) is None
    assert all(sessions.find(each.token, 20.0) is each for each in begun[1:])


def test_struct_of_the_extra_is_as_the_specification_has_it() -> None:
    """Type, length, value (section 2.2)."""
    header = proxy_protocol.header(2, ("10.0.0.9", 1), ("10.0.0.1", 2), "ab")
    assert header[28:] == struct.pack("!BH", 0xE0, 2) + b"ab"
