"""The pages' own server and large, slow and many requests: memory and time have an end, and others are answered."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from pages_device import PASSWORD, PATIENCE, PagesDevice

MB = 1 << 20
HOST = "localhost"
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"


@pytest.fixture
def served(device: PagesDevice) -> Iterator[tuple[int, Path]]:
    """Its port, and /proc of its process."""
    with device.pages() as port:
        yield port, _process(port)


def _process(port: int) -> Path:
    """Whose socket listens there."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (inode,) = (line[9] for line in lines if line[1].endswith(f":{port:04X}") and line[3] == "0A")
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if each.readlink().name == f"socket:[{inode}]":
                return each.parents[1]
        except OSError:
            continue
    raise AssertionError("nobody listens")


def peak(process: Path) -> int:
    """The most memory that it ever had, in octets."""
    found = re.search(r"VmHWM:\s+(\d+) kB", (process / "status").read_text())
    assert found
    return int(found[1]) * 1024


def exchange(port: int, request: bytes) -> bytes:
    """Send what the other side takes, and read what it says."""
    with socket.create_connection((HOST, port), PATIENCE) as connection:
        try:
            connection.sendall(request)
        except OSError:
            pass  # refused in the middle: the answer is there all the same
        answer = bytearray()
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return bytes(answer)


def head(
    method: str, page: str, length: int, cookie: str = "", kind: str = "application/x-www-form-urlencoded"
) -> bytes:
    fields = {
        "Host": HOST, "Content-Type": kind, "Content-Length": str(length), "Origin": f"http://{HOST}", "Cookie": cookie,
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{method} /{page} HTTP/1.1\r\n{lines}\r\n".encode()


def signed_in(port: int) -> tuple[str, str]:
    """A session's cookie, and its token."""
    form = exchange(port, head("GET", "", 0)).decode()
    knock, token = (re.search(pattern, form) for pattern in (r"(dotlocal-knock=[^;]+)", r'csrf" value="([^"]+)'))
    assert knock
    assert token
    body = f"csrf={token[1]}&password={PASSWORD.replace(' ', '+')}".encode()
    answer = exchange(port, head("POST", "login", len(body), knock[1]) + body).decode()
    cookie = re.search(r"(dotlocal-own=[^;]+)", answer)
    assert cookie, answer
    page = exchange(port, head("GET", "import", 0, cookie[1])).decode()
    token = re.search(r'csrf" value="([^"]+)', page)
    assert token
    return cookie[1], token[1]


def upload(token: str, size: int) -> bytes:
    start = f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n--x\r\n'.encode()
    start += b'Content-Disposition: form-data; name="files"; filename="firmware.bin"\r\n\r\n'
    return start + bytes(size) + b"\r\n--x--\r\n"


def test_50_megabytes_are_refused_with_a_page_and_without_memory(served: tuple[int, Path]) -> None:
    """By somebody who is signed in: the page says what is wrong. By a stranger: not even read."""
    port, process = served
    cookie, token = signed_in(port)
    before = peak(process)
    body = upload(token, 50 * MB)
    answer = exchange(port, head("POST", "import", len(body), cookie, MULTIPART) + body).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "That was more than 1 MB." in answer
    began = time.monotonic()
    answer = exchange(port, head("POST", "import", len(body), "", MULTIPART) + body).decode()
    assert "password" in answer or answer == "", answer[:200]
    assert time.monotonic() - began < 5
    for page in ("login", "take"):
        exchange(port, head("POST", page, len(body)) + body)
    assert peak(process) - before < 8 * MB


def test_a_megabyte_is_read_and_judged(served: tuple[int, Path]) -> None:
    """Just within the limit, of zeros: what it is, is said."""
    port, _ = served
    cookie, token = signed_in(port)
    body = upload(token, MB - 1000)
    answer = exchange(port, head("POST", "import", len(body), cookie, MULTIPART) + body)
    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"own-not-recognised" in exchange(port, head("GET", "review", 0, cookie))


def test_who_drips_is_cut_off_and_others_are_answered(served: tuple[int, Path]) -> None:
    """Thirty connections that send an octet a second, more than there is room for: each ends; a page comes at once."""
    port, _ = served
    cookie, _ = signed_in(port)
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((HOST, port), PATIENCE)) for _ in range(30)]
        began = time.monotonic()
        worst = 0.0
        open_ = set(slow)
        while open_ and time.monotonic() - began < 20:
            for each in list(open_):
                each.setblocking(False)
                try:
                    each.send(b"G")
                    if each.recv(4096) == b"":
                        open_.discard(each)
                except BlockingIOError:
                    pass
                except OSError:
                    open_.discard(each)
            asked = time.monotonic()
            assert b"200 OK" in exchange(port, head("GET", "", 0, cookie))
            worst = max(worst, time.monotonic() - asked)
            time.sleep(0.5)
        assert not open_, "every one of them has come to its end"
        assert time.monotonic() - began < 15
        assert worst < 5


def test_an_upload_that_drips_ends(device: PagesDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its head is good and its body never comes: 408, when its time is over. The clock is made short for the test."""
    import threading

    from dotlocal.device.own_pages import application, server
    from dotlocal.device.serve.listener import bind

    monkeypatch.setattr(server, "_BODY_SECONDS", 1.0)
    with bind(("127.0.0.1", 0)).high_level() as listener:
        running = server.Server(listener, application(device.owned), speaks_proxy=False, say=print)
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        cookie, token = signed_in(port)
        body = upload(token, 1000)
        began = time.monotonic()
        with socket.create_connection((HOST, port), PATIENCE) as connection:
            connection.sendall(head("POST", "import", len(body), cookie, MULTIPART))
            for octet in body[:4]:
                connection.sendall(bytes((octet,)))
                time.sleep(0.1)
            assert connection.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert 0.9 < time.monotonic() - began < 5
        running.end()
        thread.join(PATIENCE)
        assert not thread.is_alive()


OTHER_THREAD = """\
import signal, sys, threading, time
from dotlocal.cli import main
from dotlocal.device.own_pages.server import Server
run = Server.run
def asked():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)
def running(self):
    threading.Thread(target=asked, daemon=True).start()
    run(self)
Server.run = running
sys.exit(main(sys.argv[1:]))
"""


def test_a_signal_that_interrupts_no_call_ends_it_too(device: PagesDevice) -> None:
    """One that another thread gets, as one that comes just before the call that waits for clients."""
    words = ["device", "own", "serve", "--listen=127.0.0.1:0", *device.places]
    assert subprocess.run([sys.executable, "-c", OTHER_THREAD, *words], timeout=PATIENCE).returncode == 0


def test_many_at_once_are_answered(served: tuple[int, Path]) -> None:
    """Two hundred requests, sixteen at a time."""
    port, process = served
    cookie, _ = signed_in(port)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: exchange(port, head("GET", "import", 0, cookie)), range(200)))
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
    assert len(list((process / "task").iterdir())) < 40


@pytest.mark.parametrize("request_", [
    b"GET / HTTP/1.1\r\n\r\n", b"POST /login HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", b"\x16\x03\x01" * 3000,
], ids=lambda octets: octets[:24].decode("latin-1"))  # fmt: skip
def test_what_two_servers_might_read_differently_is_refused(served: tuple[int, Path], request_: bytes) -> None:
    """No host, no length, two lengths, chunks, other methods, TLS."""
    answer = exchange(served[0], request_)
    assert re.match(rb"HTTP/1\.1 4\d\d ", answer), answer[:100]


def test_it_listens_to_this_machine_alone(device: PagesDevice) -> None:
    """Whatever else it is told, is refused with what to do; a Unix socket is for its group."""
    for where in ("0.0.0.0:0", ":0", "192.0.2.1:0", "[::]:0"):
        done = device.command("device", "own", "serve", "--listen", where, *device.places)
        assert (done.status, done.code) == (1, "pages-listen"), done
        assert done.hinted
    path = device.path / "pages.sock"
    server = device.command.start("device", "own", "serve", "--listen", str(path), *device.places)
    try:
        assert server.stderr
        assert str(path) in server.stderr.readline().decode()
        assert path.stat().st_mode & 0o777 == 0o660
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(head("GET", "", 0))
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE)
