"""The probe: who gets an answer, which certificate is shown, and that one which was let pass is never shown again."""

from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from help_device import HOST, NONCE, Device, Ports, careless, exchange, get, newcomer, trusting

from dotlocal.device import probe, refill
from dotlocal.device.help import probe_set
from dotlocal.device.help.answering import Probe
from dotlocal.device.help.facts import Facts
from dotlocal.device.help.probe_set import ProbeSet
from dotlocal.device.help.tokens import Tokens
from dotlocal.device.web.http import Answer, Request
from dotlocal.host import clock as clock_of_the_machine

PAGE = f"http://{HOST}:8080"
REPORT: dict[str, Any] = {"names": [HOST], "addresses": ["192.168.77.7"], "left_out": [], "findings": []}


class Shown:
    """A certificate, as far as the answers care."""

    def __init__(self) -> None:
        self.spent = False

    def spend(self) -> None:
        self.spent = True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(path: str = f"/{NONCE}", **fields: str) -> Request:
    given = {"host": f"{HOST}:7443", "origin": PAGE, "sec_fetch_mode": "cors", **fields}
    return Request("GET", path, "", {name.replace("_", "-"): value for name, value in given.items() if value})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def subject(clock: Clock) -> Probe:
    numbers = iter(range(1, 10_000))
    tokens = Tokens(lambda: next(numbers).to_bytes(16, "big"), clock)
    return Probe(lambda: Facts(REPORT, None, True), tokens, hsts=True)


def token(answer: Answer) -> str:
    return answer.body.decode().split()[2]


def fields(answer: Answer) -> dict[str, str]:
    return dict(answer.fields)


def test_over_tls_it_says_trusted_and_without_it_reached(subject: Probe) -> None:
    """The nonce comes back, the page may read it, nobody keeps it."""
    secure, plain = subject.answer(asked(), Shown()), subject.answer(asked(), None)
    assert secure.body.startswith(f"dotlocal-trusted {NONCE} ".encode())
    assert plain.body == f"dotlocal-reached {NONCE} -\n".encode()
    assert fields(secure)["Access-Control-Allow-Origin"] == PAGE
    assert fields(secure)["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "strange",
    [
        {"origin": ""}, {"origin": "null"}, {"origin": "https://evil.example"}, {"origin": f"http://{HOST}.evil.example"},
        {"origin": f"http://{HOST}@evil.example"}, {"origin": f"ftp://{HOST}"}, {"origin": f"http://{HOST}/"},
        {"host": "evil.example"}, {"host": "other.local"}, {"sec_fetch_mode": "no-cors"},
        {"sec_fetch_mode": "websocket"},
    ],
)  # fmt: skip
def test_only_pages_of_this_device_get_an_answer(subject: Probe, strange: dict[str, str]) -> None:
    """No other origin may read what the probe says."""
    for shown in (Shown(), None):
        answer = subject.answer(asked(**strange), shown)
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in fields(answer)
        assert not shown or not shown.spent


@pytest.mark.parametrize(
    "path", ["/", "/favicon.ico", f"/{NONCE}0", f"/{NONCE.upper()}x", "/../etc/passwd", f"/insist/{NONCE}x"]
)
def test_there_is_nothing_else(subject: Probe, path: str) -> None:
    """404, also for pages of this device."""
    assert subject.answer(asked(path), Shown()).status == 404


@pytest.mark.parametrize(
    "navigation", [{"sec_fetch_mode": "navigate"}, {"sec_fetch_mode": "", "accept": "text/html,application/xml;q=0.9"}]
)
def test_a_certificate_that_a_person_has_opened_is_spent(subject: Probe, navigation: dict[str, str]) -> None:
    """Somebody is at the probe's own address, so a warning may have been clicked away: never again."""
    shown = Shown()
    assert subject.answer(asked(**navigation), shown).status == 403
    assert shown.spent
    assert subject.answer(asked(), shown).status == 403


@pytest.mark.parametrize("destination", ["iframe", "frame", "embed", "object"])
def test_a_frame_spends_nothing(subject: Probe, destination: str) -> None:
    """No browser lets a warning pass in there, and a web site could load it a hundred times."""
    shown = Shown()
    assert subject.answer(asked(sec_fetch_mode="navigate", sec_fetch_dest=destination), shown).status == 403
    assert not shown.spent


def test_a_navigation_without_tls_spends_nothing(subject: Probe) -> None:
    """There is no certificate in it."""
    assert subject.answer(asked(sec_fetch_mode="navigate"), None).status == 403


def test_when_all_are_spent_nobody_is_reached_either(subject: Probe) -> None:
    """Then the page can't tell, and must not say that the browser doesn't trust."""
    assert subject.answer(asked(), None, alive=False).status == 403


# Insisting on HTTPS


def test_who_has_proved_trust_may_insist_for_a_day_and_later_for_longer(subject: Probe) -> None:
    """Short first; never for what lies below the name."""
    for path, seconds in (("", 86400), ("/again", 30 * 86400)):
        proof = token(subject.answer(asked(), Shown()))
        answer = subject.answer(asked(f"/insist/{proof}{path}"), Shown())
        assert fields(answer)["Strict-Transport-Security"] == f"max-age={seconds}"


def test_a_proof_is_good_once(subject: Probe) -> None:
    """410 afterwards."""
    proof = token(subject.answer(asked(), Shown()))
    assert [subject.answer(asked(f"/insist/{proof}"), Shown()).status for _ in range(2)] == [200, 410]


def test_a_proof_is_good_for_a_minute(subject: Probe, clock: Clock) -> None:
    """And not longer."""
    proof = token(subject.answer(asked(), Shown()))
    clock.now += 61
    assert subject.answer(asked(f"/insist/{proof}"), Shown()).status == 410


def test_nobody_insists_without_proof(subject: Probe) -> None:
    """A made-up token, an address, no TLS, the setting off: no such header."""
    proof = token(subject.answer(asked(), Shown()))
    off = Probe(lambda: Facts(REPORT, None, True), Tokens(lambda: b"\0" * 16, Clock()), hsts=False)
    for answer in (
        subject.answer(asked(f"/insist/{'f' * 32}"), Shown()),
        subject.answer(asked(f"/insist/{proof}"), None),
        subject.answer(asked(f"/insist/{proof}", host="192.168.77.7:7443", origin="http://192.168.77.7"), Shown()),
        off.answer(asked(f"/insist/{proof}"), Shown()),
    ):
        assert answer.status in (404, 410)
        assert "Strict-Transport-Security" not in fields(answer)
    assert off.answer(asked(), Shown()).body == f"dotlocal-trusted {NONCE} -\n".encode()


def test_proofs_are_few(clock: Clock) -> None:
    """A stranger who asks for a million of them pushes out old ones, and fills no memory."""
    numbers = iter(range(1, 10_000))
    tokens = Tokens(lambda: next(numbers).to_bytes(16, "big"), clock)
    made = [tokens.new() for _ in range(1000)]
    assert [tokens.spend(each) for each in (made[0], made[-1])] == [False, True]


# Which certificate


def test_certificates_are_shown_one_after_the_other(device: Device) -> None:
    """Spent, next, …, none; and said once."""
    device.boot()
    lines: list[str] = []
    subject = ProbeSet(str(device.run), say=lines.append, clock=Clock())
    shown = []
    while certificate := subject.certificate(f"192.0.2.{len(shown)}"):
        again = subject.certificate("192.0.2.99")
        assert again
        assert again.context is certificate.context
        certificate.spend()
        assert again.spent
        shown.append(certificate.context)
    assert len(set(shown)) == len(shown) == probe.CERTIFICATES
    assert subject.certificate("192.0.2.99") is None
    assert len([line for line in lines if "spent" in line]) == 1
    subject.close()


def test_a_client_that_has_spent_three_is_shown_none_for_a_while(device: Device, clock: Clock) -> None:
    """A scanner that asks for pages costs the others three certificates; shown none, it can let none pass."""
    device.boot()
    subject = ProbeSet(str(device.run), say=print, clock=clock)
    for _ in range(probe_set.MOST_SPENT):
        certificate = subject.certificate("192.0.2.9")
        assert certificate
        certificate.spend()
        clock.now += 1
    assert subject.certificate("192.0.2.9") is None
    assert subject.certificate("192.0.2.8")
    clock.now += probe_set.WHILE_SECONDS
    assert subject.certificate("192.0.2.9")
    subject.close()


def test_what_was_spent_is_replaced_at_most_every_ten_minutes(device: Device) -> None:
    """All eight are spent: asked for by a lock, new ones come when the ten minutes since the boot are over, with a key
    of their own and other numbers; what was shown is gone for good.
    """
    device.boot()
    folder = device.run / os.readlink(device.run / "current")
    served = {path.name: path.read_bytes() for path in folder.iterdir() if "probe" not in path.name}
    subject = ProbeSet(str(device.run), say=print, clock=Clock())
    before = _spend_all(subject)
    assert not refill.refill(device.options)
    _made_earlier(folder, refill.SECONDS)
    assert refill.refill(device.options)
    assert not refill.refill(device.options), "nobody has asked for more"
    after = subject.certificate("192.0.2.9")
    assert after
    assert after.context not in before
    numbers = range(probe.CERTIFICATES, 2 * probe.CERTIFICATES)
    assert {path.name for path in folder.iterdir() if "probe" in path.name} == {
        "probe-8", *(probe.file(number) for number in numbers)
    }  # fmt: skip
    assert {path.name: path.read_bytes() for path in folder.iterdir() if "probe" not in path.name} == served
    assert len(_spend_all(subject)) == probe.CERTIFICATES
    subject.close()


def test_a_batch_that_was_cut_off_is_in_nobodys_way(device: Device) -> None:
    """A full tmpfs, or a kill, between the first new certificate and the mark: the next attempt makes all of them."""
    device.boot()
    folder = device.run / os.readlink(device.run / "current")
    subject = ProbeSet(str(device.run), say=print, clock=Clock())
    _spend_all(subject)
    _made_earlier(folder, refill.SECONDS)
    left = [folder / probe.file(probe.CERTIFICATES), folder / probe.file(probe.CERTIFICATES + 1)]
    left[0].write_text((folder / probe.file(0)).read_text())
    left[1].touch()
    assert refill.refill(device.options)
    assert len(_spend_all(subject)) == probe.CERTIFICATES
    subject.close()


def test_nothing_is_made_that_nobody_has_asked_for(device: Device) -> None:
    """Shown and not spent; and a mark that was let go of, as when the process ends."""
    device.boot()
    _made_earlier(device.run / os.readlink(device.run / "current"), refill.SECONDS)
    subject = ProbeSet(str(device.run), say=print, clock=Clock())
    shown = subject.certificate("192.0.2.9")
    assert shown
    assert not refill.refill(device.options)
    shown.spend()
    subject.close()
    assert not refill.refill(device.options)


def test_a_server_that_was_started_anew_asks_for_others(device: Device) -> None:
    """What the one before has shown, and somebody has let pass, it can't know."""
    device.boot()
    _made_earlier(device.run / os.readlink(device.run / "current"), refill.SECONDS)
    now = clock_of_the_machine.read().uptime
    subject = ProbeSet(str(device.run), say=print, clock=Clock(), started=now)
    assert subject.certificate("192.0.2.9")
    assert refill.refill(device.options)
    assert subject.certificate("192.0.2.9")
    assert not refill.refill(device.options)
    subject.close()


def test_a_hook_replaces_them_as_well(device: Device) -> None:
    """`boot --changed`, as the timer says it: the set stays, the probe's certificates are others."""
    device.boot()
    current = os.readlink(device.run / "current")
    _made_earlier(device.run / current, refill.SECONDS)
    subject = ProbeSet(str(device.run), say=print, clock=Clock())
    _spend_all(subject)
    places = (f"--{name}={path}" for name, path in (("run", device.run), ("config", device.config)))
    device.command.ok("device", "boot", "--changed", f"--state={device.path}/state", *places)
    assert os.readlink(device.run / "current") == current
    assert subject.certificate("192.0.2.9")
    subject.close()


def _spend_all(subject: ProbeSet) -> list[ssl.SSLContext]:
    spent = []
    while shown := subject.certificate(f"198.51.100.{len(spent)}"):
        shown.spend()
        spent.append(shown.context)
    return spent


def _made_earlier(folder: Path, seconds: int) -> None:
    """As if the batch had been made so long ago."""
    (mark,) = (path for path in folder.iterdir() if path.name.startswith("probe-") and not path.suffix)
    mark.write_text(f"{max(int(mark.read_text()) - seconds, 0)}\n")


def test_a_boot_brings_new_ones(device: Device) -> None:
    """The set that is current counts, without a restart."""
    subject = ProbeSet(str(device.run), say=print, clock=Clock())
    before = subject.certificate("192.0.2.9")
    assert before
    before.spend()
    device.boot()
    after = subject.certificate("192.0.2.9")
    assert after
    assert after.context is not before.context
    subject.close()


def test_a_set_without_a_probe_shows_none(tmp_path: Path) -> None:
    """Missing, torn, or no run directory at all: no certificate, and no exception."""
    assert ProbeSet(str(tmp_path), say=print, clock=Clock()).certificate("") is None
    (tmp_path / "set-1").mkdir()
    os.symlink("set-1", tmp_path / "current")
    lines: list[str] = []
    assert ProbeSet(str(tmp_path), say=lines.append, clock=Clock()).certificate("") is None
    (tmp_path / "set-1" / probe.mark(0)).write_text("")
    assert ProbeSet(str(tmp_path), say=lines.append, clock=Clock()).certificate("") is None
    assert lines
    (tmp_path / "set-1" / probe.file(0)).write_text("-----BEGIN PRIVATE KEY-----\n")
    assert ProbeSet(str(tmp_path), say=lines.append, clock=Clock()).certificate("") is None


# As it is served


def ask(ports: Ports, tls: ssl.SSLContext | None, mode: str = "cors") -> Any:
    origin = f"http://{HOST}:{ports.pages}"
    return get(ports.probe, f"/{NONCE}", tls=tls, origin=origin, sec_fetch_mode=mode, source=newcomer())


def test_one_port_answers_with_and_without_tls(device: Device, ports: Ports) -> None:
    """A client with the root is told that it trusts, one without TLS that it has come through."""
    assert ask(ports, trusting(device.root)).body.startswith(b"dotlocal-trusted")
    assert ask(ports, None).body.startswith(b"dotlocal-reached")


def test_a_client_without_the_root_breaks_off(ports: Ports) -> None:
    """The check that the browser makes for us."""
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(ports, ssl.create_default_context())


def test_an_exception_for_the_probe_is_worth_nothing(ports: Ports) -> None:
    """A browser that lets this very certificate pass: once somebody has opened the page, another one is shown."""
    shown = []
    for mode in ("navigate", "cors", "cors", "navigate", "cors"):
        context = careless()
        with context.wrap_socket(_connected(ports.probe), server_hostname=HOST) as connection:
            shown.append(connection.getpeercert(binary_form=True))
        ask(ports, careless(), mode)
    assert shown[1] == shown[2] == shown[3]
    assert len({shown[0], shown[1], shown[4]}) == 3


def _connected(port: int) -> Any:
    return socket.create_connection(("127.0.0.1", port), 10, newcomer())


def test_nothing_is_resumed(ports: Ports) -> None:
    """TLS 1.3 without tickets: every look is at the certificate."""
    context = careless()
    with context.wrap_socket(_connected(ports.probe), server_hostname=HOST) as connection:
        connection.sendall(f"GET /{NONCE} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        while connection.recv(4096):
            pass
        assert connection.version() == "TLSv1.3"
        assert not (connection.session and connection.session.has_ticket)


def test_the_probes_certificate_is_never_that_of_the_web_interface(ports: Ports) -> None:
    """Nor its key."""
    shown = []
    for port in (ports.https, ports.probe):
        with careless().wrap_socket(_connected(port), server_hostname=HOST) as connection:
            shown.append(connection.getpeercert(binary_form=True) or b"")
    assert shown[0] != shown[1]


def test_rubbish_is_dropped(ports: Ports) -> None:
    """Half a handshake, no handshake, another protocol."""
    for data in (b"\x16\x03\x01\x00\x05hello", b"\x16", b"\x00" * 100, b"SSH-2.0-x\r\n"):
        answer = exchange(ports.probe, data + b"\r\n\r\n")
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"\x15"))
    assert ask(ports, None).status == 200
