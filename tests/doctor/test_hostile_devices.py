"""Devices that mean harm, and parsers under fire: bounded time, bounded memory, a coded answer, never a traceback."""

from __future__ import annotations

import json
import resource
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import wards
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from makers import NOW, Maker
from patients import Bed
from test_broken import ask

from dotlocal.browser import http_head
from dotlocal.browser.diagnosis import diagnose
from dotlocal.browser.dns_message import A, Malformed, answers, question
from dotlocal.browser.observation import (
    HANDSHAKE,
    MODERN,
    Endpoint,
    Head,
    Look,
    Observation,
    Resolution,
    Roots,
    TrustedRoot,
    Visit,
)
from dotlocal.browser.target import Target
from dotlocal.browser.telling import page, plugin, report, words
from dotlocal.core import template
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address
from installed import Command
from strategies import damaged, deep, quick

MEGABYTES = 160  # of address space beyond Python and its libraries is what a run may take


@pytest.mark.parametrize(
    ("converse", "codes"),
    [
        (wards.floods, {"chain-too-large", "handshake-refused", "certificate-malformed"}),
        (wards.drips, {"too-slow"}),
        (wards.greets(b"\x00" * (1 << 20)), {"not-tls"}),
        (wards.greets(b"\x16\x03\x03\xff\xff" + b"\x01" * (1 << 20)), {"not-tls", "handshake-refused"}),
        (wards.greets(b"\x15\x03\x03\x00\x02\x02\x28"), {"handshake-refused"}),
        (wards.presents(), {"handshake-refused", "certificate-malformed"}),
        (wards.presents(b""), {"handshake-refused", "certificate-malformed"}),
        (wards.presents(*[b"\x30\x00"] * 30000), {"chain-too-large"}),
    ],
    ids=["flood", "drip", "zeros", "long record", "alert", "no certificate", "an empty one", "thirty thousand"],
)
def test_time_and_memory_are_bounded(
    converse: wards.Converse, codes: set[str], dotlocal: Command, tmp_path: Path
) -> None:
    """Whatever comes, in five times the limit of one connection and little memory."""
    with wards.host(converse) as port:
        started = time.monotonic()
        done = ask(dotlocal, Bed(tmp_path), port, "--json")
    assert time.monotonic() - started < 10
    assert json.loads(done.out)["findings"][0]["code"] in codes
    assert done.status == 1


def test_a_flood_takes_no_memory(dotlocal: Command) -> None:
    """The most that the process ever held, as the kernel counted it."""
    with wards.host(wards.floods) as port:
        words = [str(dotlocal.path), "doctor", f"127.0.0.1:{port}", "--timeout", "3", "--json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        subprocess.run(words, env=dotlocal.env(), capture_output=True, timeout=60)
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert max(0, most - before) < MEGABYTES * 1024


def test_an_endless_answer_is_not_read(dotlocal: Command, tmp_path: Path) -> None:
    """Of HTTP, the head, and 16 kB at the most."""
    bed = Bed(tmp_path)
    server = wards.Server(tmp_path, bed.maker.chain(), head="X: y\r\n" * 400000)
    bed.trusts(bed.maker.root.certificate)
    with server.running() as port:
        started = time.monotonic()
        done = ask(dotlocal, bed, port, "--json")
    assert time.monotonic() - started < 10
    assert json.loads(done.out)["accepted"]


def test_control_characters_do_not_reach_the_terminal(dotlocal: Command, tmp_path: Path) -> None:
    """A subject that clears the screen, and a name that turns the line around."""
    import forge

    bed = Bed(tmp_path)
    subject = forge.name("\x1b[2J\x07", "", "a\u202eb\nroot: trusted")
    names = x509.SubjectAlternativeName([x509.DNSName("x\x1b]0;y\x07.local")])
    draft = bed.maker.draft().but(subject=subject).having(names, critical=False)
    with bed.serve(bed.maker.chain(draft)) as port:
        text = ask(dotlocal, bed, port).out
        shown = ask(dotlocal, bed, port, "--html", str(tmp_path / "page.html"), "--plugin").out
    assert all(line.isprintable() for line in (*text.splitlines(), *shown.splitlines()))
    assert not any(each in (tmp_path / "page.html").read_text() for each in "\x1b\x07\u202e")


# ── parsers under fire ──

MAKER = Maker()
ROOTS = Roots(given=(TrustedRoot(MAKER.root.certificate, "root.pem"),))
CHAIN = [each.public_bytes(Encoding.DER) for each in MAKER.chain().certificates]
HEAD = Head(200, NOW, NOW)


def observation(chain: list[bytes], target: str = "press-07.local") -> Observation:
    """What a probe would have seen of this chain."""
    here = Endpoint(Address.parse("192.168.77.7"))
    look = Look(here, "press-07.local", MODERN, HANDSHAKE, version="TLSv1.3", chain=tuple(chain), head=HEAD)
    visit = Visit(here, look, by_address=look, older=look, newer=look)
    return Observation(Target.parse(target), NOW, True, Resolution(given=(here,)), (visit,), ROOTS)


def tell(chain: list[bytes]) -> str:
    """All the forms of a diagnosis."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = report.of(diagnose(observation(chain)))
    return "\n".join((*words.lines(told), page.html(told), plugin.line(told, 7)[0], json.dumps(told)))


@st.composite
def _damaged_chains(draw: st.DrawFn) -> list[bytes]:
    chain = list(CHAIN)
    for place in draw(st.sets(st.integers(0, len(chain) - 1), min_size=1)):
        chain[place] = draw(damaged(chain[place]))
    return draw(st.permutations(chain)) if draw(st.booleans()) else chain


@st.composite
def _resigned_chains(draw: st.DrawFn) -> list[bytes]:
    """A server certificate with damaged contents under a good signature."""
    device = MAKER.device()
    contents = draw(damaged(x509.load_der_x509_certificate(CHAIN[0]).tbs_certificate_bytes))
    leaf = template.certificate(contents, device.key.algorithm, device.key.sign(contents))
    return [leaf, device.certificate.public_bytes(Encoding.DER), CHAIN[2]]


def _a_name(message: bytes) -> object:
    return answers(message[:2] + b"\x84" + message[3:])


ANSWER = bytes.fromhex(
    "000084000000000100000001" "0870726573732d3037056c6f63616c0000010001000000780004c0a84d07"
    "c00c001c0001000000780010fd000000000000000000000000000007"
)  # fmt: skip
PARSERS: dict[str, tuple[Callable[[bytes], object], st.SearchStrategy[bytes], tuple[type[Exception], ...]]] = {
    "dns": (_a_name, damaged(ANSWER) | damaged(question(("press-07.local", A))), (Malformed,)),
    "http": (lambda data: http_head.parse(data, at=0), damaged(
        b"HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 04:00:00 GMT\r\nStrict-Transport-Security: max-age=1\r\n\r\n"
    ), ()),
    "target": (lambda data: Target.parse(data.decode("latin-1")), damaged(b"https://[fd00::7]:8443/x"), (Refused,)),
}  # fmt: skip


def _throw_chains(examples: Callable[[int], object], count: int) -> None:
    @examples(count)  # type: ignore[operator, untyped-decorator]
    @given(_damaged_chains() | _resigned_chains() | st.lists(st.binary(max_size=60), max_size=4))
    def throw(chain: list[bytes]) -> None:
        assert tell(chain)

    throw()


def _throw_at(name: str, examples: Callable[[int], object], count: int) -> None:
    read, thrown, refuses = PARSERS[name]

    @examples(count)  # type: ignore[operator, untyped-decorator]
    @given(thrown | st.binary(max_size=200))
    def throw(data: bytes) -> None:
        try:
            read(data)
        except refuses:
            return

    throw()


def test_any_chain_is_diagnosed() -> None:
    """Damaged certificates, and damaged contents under good signatures: told, in every form."""
    _throw_chains(quick, 150)


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    """Nothing but the parser's own refusal."""
    _throw_at(name, quick, 200)


@pytest.mark.long
def test_a_flood_of_chains_is_diagnosed() -> None:
    """Thousands, new ones each time."""
    _throw_chains(deep, 1000)


@pytest.mark.long
@pytest.mark.parametrize("name", PARSERS)
def test_a_flood_of_bytes_is_read_or_refused(name: str) -> None:
    """Thousands, new ones each time."""
    _throw_at(name, deep, 3000)


def test_the_sample_is_good() -> None:
    """Undamaged, nothing is wrong with it, or else the damage would prove nothing."""
    found = diagnose(observation(CHAIN))
    assert found.accepted
    assert next(record.octets for record in answers(ANSWER)) == bytes([192, 168, 77, 7])


def test_a_thousand_certificates_that_sign_one_another_take_no_time() -> None:
    """Thirty-two are looked at: paths are searched for in bounded time."""
    started = time.monotonic()
    assert tell([CHAIN[0], *[MAKER.device().certificate.public_bytes(Encoding.DER) for _ in range(40)] * 25])
    assert time.monotonic() - started < 10
