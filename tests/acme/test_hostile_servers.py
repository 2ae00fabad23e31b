"""What answers is no ACME server, or a hostile one: bounded in size and time, refused by code, never a traceback."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from acme_servers import Authority

from dotlocal.core.errors import Refused
from dotlocal.core.names import HostName
from dotlocal.device.acme import transport
from dotlocal.device.acme.challenge import HTTP_01, Pending
from dotlocal.device.acme.client import Client
from dotlocal.device.acme.http_01 import WELL_KNOWN, Listener
from dotlocal.device.acme.transport import Https
from dotlocal.host import keys

Said = Callable[[ssl.SSLSocket], None]
MOST = 64 * 1024


class Scripted:
    """A TLS server that says the same to everybody."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority.make(folder, "hostile root")
        certificate, key = self.authority.server("127.0.0.1")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.says: Said = lambda connection: None
        self.asked = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/directory"

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(plain,), daemon=True).start()

    def _one(self, plain: socket.socket) -> None:
        with suppress(OSError), plain, self._context.wrap_socket(plain, server_side=True) as secure:
            request = b""
            while not _whole(request):  # closing on an unread rest would reset what was said
                request += secure.recv(65536)
            self.asked += 1
            self.says(secure)

    def close(self) -> None:
        self._listener.close()


def _whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end) and len(body) >= int(length[1] if length else 0)


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    made = Scripted(tmp_path_factory.mktemp("hostile"))
    yield made
    made.close()


def exchange(scripted: Scripted, seconds: float = 10) -> Https:
    return Https(transport.context(scripted.authority.pem.read_text()), seconds=seconds, most=MOST)


def client(scripted: Scripted, seconds: float = 10) -> Client:
    way = exchange(scripted, seconds)
    return Client(way, scripted.url, keys.generate(), sleep=lambda seconds: None, now=lambda: 1_800_000_000)


def http(status: str, *fields: str, body: bytes = b"", length: int | None = None) -> Said:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *fields]
    return lambda connection: connection.sendall("\r\n".join((*head, "", "")).encode("latin-1") + body)


def flood(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100_000):
        connection.sendall(b"{" * 16384)


def drip(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"{")
        time.sleep(0.1)


def drip_in_the_head(connection: ssl.SSLSocket) -> None:
    for octet in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
        connection.sendall(bytes((octet,)))
        time.sleep(0.1)


def endless_head(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-More: yes\r\n" * 10_000)


def chunks(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")


LOGIN = b"<html><head><title>Welcome</title></head><body>Please log in to the hotel's network</body></html>"
DIRECTORY = dict.fromkeys(("newNonce", "newAccount", "newOrder"), "https://127.0.0.1:1/x")
HOSTILE: dict[str, tuple[Said, str]] = {
    "nothing at all": (lambda connection: None, "acme-unreachable"),
    "no HTTP": (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), "acme-unreachable"),
    "a flood": (flood, "acme-answer"),
    "a flood in chunks": (chunks, "acme-answer"),
    "a slow drip": (drip, "acme-unreachable"),
    "a slow drip of a head": (drip_in_the_head, "acme-unreachable"),
    "an endless head": (endless_head, "acme-unreachable"),
    "less than it promises": (http("200 OK", body=b"{}", length=100), "acme-unreachable"),
    "a negative length": (http("200 OK", body=b"{}", length=-5), "acme-answer"),
    "HTML": (http("200 OK", "Content-Type: text/html", body=LOGIN), "acme-answer"),
    "an empty answer": (http("200 OK"), "acme-answer"),
    "a list": (http("200 OK", body=b"[]"), "acme-answer"),
    "deep JSON": (http("200 OK", body=b"[" * 60_000), "acme-answer"),
    "a number of thousands of digits": (http("200 OK", body=b'{"newNonce": ' + b"9" * 50_000 + b"}"), "acme-answer"),
    "no UTF-8": (http("200 OK", body=b'{"newNonce": "\xff\xfe"}'), "acme-answer"),
    "no directory": (http("200 OK", body=b'{"hello": "world"}'), "acme-answer"),
    "numbers for URLs": (http("200 OK", body=b'{"newNonce": 1, "newAccount": 2}'), "acme-answer"),
    "plain HTTP in the directory": (
        http("200 OK", body=json.dumps({**DIRECTORY, "newOrder": "http://127.0.0.1/x"}).encode()), "acme-answer",
    ),
    "a file for a URL": (
        http("200 OK", body=json.dumps({**DIRECTORY, "newNonce": "file:///etc/passwd"}).encode()), "acme-answer",
    ),
    "a redirect to itself": (http("302 Found", "Location: /directory"), "acme-redirect"),
    "a redirect elsewhere": (http("301 Moved", "Location: https://evil.example/\x1b[31m"), "acme-redirect"),
    "not found": (http("404 Not Found", body=LOGIN), "acme-refused"),
    "a problem without words": (http("500 Internal", body=b"{}"), "acme-refused"),
    "a problem of the wrong shape": (
        http("403 Forbidden", body=b'{"type": 7, "detail": ["x"], "subproblems": {"a": 1}}'), "acme-refused",
    ),
    "a problem with control characters": (
        http("400 Bad", body=b'{"type": "urn:ietf:params:acme:error:malformed", "detail": "\\u001b[2J\\nfoo"}'),
        "acme-refused",
    ),
    "a rate limit for a thousand years": (
        http("429 Too Many", "Retry-After: 99999999999999", body=b"{}"), "acme-refused",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_directory_is_refused(scripted: Scripted, name: str) -> None:
    """Within seconds, by its code, in printable words of one line."""
    scripted.says, code = HOSTILE[name]
    began = time.monotonic()
    seconds = 1.5 if "slow" in name else 10.0
    with pytest.raises(Refused) as refused:
        client(scripted, seconds)
    assert refused.value.code == code
    assert time.monotonic() - began < seconds + 5
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 700


def test_a_slow_drip_of_a_handshake_ends_in_time(scripted: Scripted) -> None:
    """Whoever is in between, and has no certificate: an octet of a TLS record at a time, each before the timeout."""

    def drip_records(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with suppress(OSError), connection:
            for octet in b"\x16\x03\x03\x40\x00" + bytes(300):
                connection.sendall(bytes((octet,)))
                time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip_records, args=(listener,), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(Refused) as refused:
            exchange(scripted, 1.5)("GET", f"https://127.0.0.1:{listener.getsockname()[1]}/directory")
    assert refused.value.code == "acme-unreachable"
    assert "no whole answer" in refused.value.message
    assert time.monotonic() - began < 6


def test_the_default_port_of_an_ipv6_address(scripted: Scripted) -> None:
    """It is 443, and not the address's last group."""
    with pytest.raises(Refused) as refused:
        exchange(scripted, 1.5)("GET", "https://[::1]/directory")
    assert "::1 port 443" in refused.value.message


def test_redirects_are_not_followed(scripted: Scripted) -> None:
    """A loop is asked once."""
    scripted.says, before = http("302 Found", "Location: /directory"), scripted.asked
    with pytest.raises(Refused):
        client(scripted)
    assert scripted.asked == before + 1


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/directory", "file:///etc/passwd", "https://", "https://user:secret@ca.test/", "ftp://ca.test/",
    "https://ca.test:99999/", "https://ca.test/\r\nHost: evil", "https://[::1/", "", "https://ca.test/" + "x" * 5000,
])  # fmt: skip
def test_what_is_no_https_url_is_not_asked(scripted: Scripted, url: str) -> None:
    """Neither as the directory nor from inside an answer."""
    with pytest.raises(Refused) as refused:
        exchange(scripted)("GET", url)
    assert refused.value.code == "acme-url"


def test_a_server_that_refuses_every_nonce_ends_in_a_refusal(scripted: Scripted) -> None:
    """`badNonce` for ever: so many tries, and no more."""
    directory = {name: f"https://127.0.0.1:{scripted.port}/{name}" for name in DIRECTORY}
    scripted.says = http("200 OK", "Replay-Nonce: abcd", body=json.dumps(directory).encode())
    speaking = client(scripted)
    problem = b'{"type": "urn:ietf:params:acme:error:badNonce", "detail": "no"}'
    scripted.says, before = http("400 Bad", "Replay-Nonce: abcd", body=problem), scripted.asked
    speaking._nonce = "first"
    with pytest.raises(Refused) as refused:
        speaking.post(speaking.url("newOrder"), {})
    assert refused.value.code == "acme-nonce"
    assert scripted.asked - before < 60


def test_clients_that_drip_lose_their_places_at_the_challenge() -> None:
    """Sixteen of them, an octet a second, for ever: the CA that asks afterwards is answered."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        where = free.getsockname()[:2]
    pending = Pending(HostName("press-07.local"), HTTP_01, "https://ca.test/1", "t" * 20, "t.thumbprint")
    with Listener(where).answering([pending]):
        dripping = [socket.create_connection(where) for _ in range(16)]
        ended = time.monotonic() + 8
        while time.monotonic() < ended:
            for each in dripping:
                with suppress(OSError):
                    each.send(b"G")
            time.sleep(1)
        with urllib.request.urlopen(f"http://127.0.0.1:{where[1]}{WELL_KNOWN}{'t' * 20}", timeout=5) as answer:
            assert answer.read() == b"t.thumbprint"
        for each in dripping:
            each.close()
