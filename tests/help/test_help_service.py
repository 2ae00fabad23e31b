"""`device serve` with help pages, from outside: where they are, what they cost, and who can't bring them down."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from help_device import HOST, Device, Ports, careless, exchange, get, trusting

from dotlocal.device import probe
from dotlocal.device.help.front import MOST

PAGE = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def connected(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10, source_address=(source, 0))


def test_pages_and_web_interface_are_served_side_by_side(device: Device, ports: Ports) -> None:
    """http → help; https → the folder."""
    assert b"A secure connection to this device" in get(ports.pages).body
    assert b"the device's own pages" in get(ports.https, tls=trusting(device.root)).body


def test_the_page_knows_the_ports(ports: Ports) -> None:
    """Where the probe is, and where the secure address."""
    body = get(ports.pages).body.decode()
    assert f'data-port="{ports.probe}"' in body
    assert f"https://{HOST}:{ports.https}/" in body


def test_without_the_setting_there_is_neither(device: Device) -> None:
    """And nothing of them is imported: json, plistlib, the pages."""
    run = ["--run", str(device.run), "--listen", "127.0.0.1:0", "--folder", str(device.path / "www")]
    server = device.command.start("device", "serve", *run, PYTHONVERBOSE="1")
    try:
        told = b""
        while b"serving https on" not in told:
            told += server.stderr.readline() if server.stderr else b""
        assert b"dotlocal.device.preload" in told
        assert b"dotlocal.device.help" not in told
        assert b"dotlocal.guide" not in told
    finally:
        server.kill()
        server.communicate()


def test_the_pages_alone_where_another_server_has_https(device: Device) -> None:
    """`device serve --http-listen` without anything else to serve."""
    device.config.write_text('hostnames = ["press-07.local"]\n[serve]\nhttp_listen = "127.0.0.1:0"\n')
    device.boot()
    words = ["--run", str(device.run), "--config", str(device.config), "--probe-listen", "127.0.0.1:0"]
    server = device.command.start("device", "serve", *words)
    try:
        told = ""
        while "the probe on" not in told:
            told += server.stderr.readline().decode() if server.stderr else ""
        port = int(re.findall(r"help pages on \S+ port (\d+)", told)[0])
        assert f"https://{HOST}/".encode() in get(port).body
        server.terminate()
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.communicate()


def test_a_boot_that_made_nothing_for_them_is_told(device: Device) -> None:
    """The option without the setting: a warning that says what to write where."""
    device.configure()
    device.config.write_text('hostnames = ["press-07.local"]\n')
    device.boot()
    words = ["--run", str(device.run), "--config", str(device.config), "--http-listen", "127.0.0.1:0"]
    server = device.command.start("device", "serve", *words, "--probe-listen", "127.0.0.1:0")
    try:
        told = server.stderr.readline() + server.stderr.readline() + server.stderr.readline() if server.stderr else b""
        assert b"device.toml wants [serve] http_listen, and a boot" in told
    finally:
        server.kill()
        server.communicate()


def test_a_hook_notices_that_help_was_switched_on(device: Device) -> None:
    """Nothing but device.toml has changed, and a set that is as good as a new one would stay: this one isn't."""
    device.config.write_text('hostnames = ["press-07.local"]\n')
    device.boot()
    assert not (device.run / "current" / "root.pem").exists()
    device.configure()
    for kept in (False, True):
        before = (device.run / "current").resolve()
        device.command.ok(*device.told.boot_words("07"), "--changed")
        assert (device.run / "current" / "root.pem").exists()
        assert ((device.run / "current").resolve() == before) is kept


_CHILD = """
import sys, threading
from time import monotonic
from dotlocal.device.help.serving import Offer, opened
from dotlocal.device.serve.notices import Notices
with opened(Offer(sys.argv[1], ("127.0.0.1", 0), ("127.0.0.1", 0), hsts=True)) as offered:
    before = set(sys.modules)  # from here on as another user
    front = offered.front(Notices(lambda line: print(line, file=sys.stderr, flush=True), clock=monotonic))
    threading.Thread(target=front.run, daemon=True).start()
    sys.stdin.readline()
    print(*sorted(set(sys.modules) - before))
"""


def test_nothing_is_imported_once_root_is_given_up(device: Device) -> None:
    """Whoever `--user` names may not be able to read the Python that root has started."""
    device.configure()
    device.boot()
    words = [sys.executable, "-c", _CHILD, str(device.run)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    child = subprocess.Popen(words, text=True, **pipes)  # type: ignore[call-overload]
    try:
        pages, probe = (int(child.stderr.readline().rpartition(" ")[2]) for _ in range(2))
        for target in ("/", "/?lang=de&platform=ios", "/style.css", *(f"/root-{name}" for name in (
            "der.cer", "crt.crt", "pem.pem", "profile.mobileconfig")), "/nothing", "/%ff%00"):  # fmt: skip
            get(pages, target)
        get(pages, host="evil.example")
        get(pages, host="[fe80::1]:80")
        get(pages, host="203.0.113.9")
        exchange(pages, b"nonsense\r\n\r\n")
        exchange(probe, b"\x16\x03\x01")
        origin = f"http://{HOST}:{pages}"
        answer = get(probe, f"/{'0' * 32}", tls=trusting(device.root), origin=origin, sec_fetch_mode="cors")
        assert get(probe, f"/{'0' * 32}", origin=origin).status == 200
        token = answer.body.decode().split()[2]
        insists = get(probe, f"/insist/{token}", tls=trusting(device.root), origin=origin)
        assert insists.fields["strict-transport-security"] == "max-age=86400"
        assert child.communicate("\n", timeout=20)[0].split() == []
    finally:
        child.kill()
        child.communicate()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--http-listen", "nowhere"], "endpoint"), (["--http-listen", "127.0.0.1:70000"], "endpoint"),
        (["--probe-listen", "x:y"], "endpoint"), (["--http-listen", "203.0.113.9:80"], "no-such-address"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(device: Device, words: list[str], code: str) -> None:
    """Before anything is served."""
    assert device.command("device", "serve", "--run", device.run, *words, "--config", "/dev/null").code == code


def test_a_new_set_is_shown_without_a_restart(device: Device, ports: Ports) -> None:
    """A boot with another name: the page lists it, and the probe has its certificate."""
    text = device.config.read_text().replace('"press-07.local"', '"press-07.local", "kiosk.local"')
    device.config.write_text(text)
    device.boot()
    assert b"<li>kiosk.local</li>" in get(ports.pages, host="kiosk.local").body


# Strangers


def test_who_reads_nothing_holds_up_nobody(ports: Ports) -> None:
    """Twenty clients that ask and don't take: the next one is served at once."""
    with ExitStack() as stack:
        for _ in range(20):
            lazy = socket.socket()
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            lazy.connect(("127.0.0.1", ports.pages))
            stack.enter_context(lazy).sendall(PAGE)
        began = time.monotonic()
        assert get(ports.pages).status == 200
        assert time.monotonic() - began < 2


def test_strangers_spend_all_certificates_and_the_probe_recovers(device: Device) -> None:
    """Eight requests for pages, from three addresses, to the running service: it can't tell any more, and after the
    next look of the timer it can, though the service was never told anything. The set stays.
    """
    device.settle()
    device.boot()
    folder = device.run / os.readlink(device.run / "current")
    mark = folder / probe.mark(0)
    places = (f"--{name}={path}" for name, path in (("run", device.run), ("config", device.config)))
    look = ("device", "boot", "--changed", f"--state={device.path}/state", *places)

    def asks(ports: Ports, mode: str, source: str, tls: ssl.SSLContext) -> bytes:
        fields = f"Host: {HOST}:{ports.probe}\r\nOrigin: http://{HOST}:{ports.pages}\r\nSec-Fetch-Mode: {mode}"
        plain = connected(ports.probe, source)
        with plain, suppress(OSError), tls.wrap_socket(plain, server_hostname=HOST) as secured:
            secured.sendall(f"GET /{'0' * 32} HTTP/1.1\r\n{fields}\r\n\r\n".encode())
            return secured.recv(400)
        return b""

    with device.served() as ports:
        trusts = trusting(device.root)
        assert b"dotlocal-trusted" in asks(ports, "cors", "127.0.0.9", trusts)
        for number in range(probe.CERTIFICATES):
            asks(ports, "navigate", f"127.0.0.{2 + number // 3}", careless())
        assert asks(ports, "cors", "127.0.0.9", trusts) == b""
        device.command.ok(*look)
        assert mark.exists(), "ten minutes have not passed"
        assert asks(ports, "cors", "127.0.0.9", trusts) == b""
        mark.write_text("0\n")  # made long ago
        device.command.ok(*look)
        assert b"dotlocal-trusted" in asks(ports, "cors", "127.0.0.9", trusts)
        assert asks(ports, "cors", "127.0.0.2", trusts) == b"", "who has spent three waits for longer"
        assert device.run / os.readlink(device.run / "current") == folder


def test_one_client_with_all_connections_pushes_itself_out(ports: Ports) -> None:
    """As many idle connections as there are, and more: somebody else with one is still served."""
    with ExitStack() as stack, connected(ports.pages, "127.0.0.2") as other:
        other.sendall(PAGE[:20])
        for _ in range(2 * MOST):
            stack.enter_context(connected(ports.pages)).sendall(b"GET /")
        other.sendall(PAGE[20:])
        assert other.recv(100).startswith(b"HTTP/1.1 200")
        assert get(ports.pages).status == 200


def test_memory_and_descriptors_stay_where_they_are(ports: Ports) -> None:
    """A thousand requests of every kind, good and bad."""
    pid = ports.pid
    get(ports.pages)
    before = _descriptors(pid)
    for number in range(250):
        get(ports.pages, "/style.css")
        exchange(ports.pages, b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        exchange(ports.pages, b"\x16\x03\x01" + bytes(number))
        connected(ports.probe).close()
    deadline = time.monotonic() + 15
    while _descriptors(pid) > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _descriptors(pid) <= before


def test_at_rest_nothing_wakes_up(ports: Ports) -> None:
    """No connection, no deadline: three seconds without a context switch in any thread."""
    pid = ports.pid
    get(ports.pages)
    get(ports.probe)
    time.sleep(2.5)  # the last connections linger
    before = _switches(pid)
    time.sleep(3)
    assert _switches(pid) == before


def test_what_comes_behind_a_request_is_not_another_one(ports: Ports) -> None:
    """Pipelined requests and smuggled ones get one answer, and that one whole."""
    answer = exchange(ports.pages, PAGE + PAGE + b"x" * 10_000)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"</html>\n")


def test_a_head_without_an_end_is_refused_at_its_limit(ports: Ports) -> None:
    """431 after 8 KiB, however much would follow."""
    answer = exchange(ports.pages, b"GET / HTTP/1.1\r\n" + b"X-Filler: y\r\n" * 5000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "target", ["/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/%00", "/privkey.pem"]
)
def test_no_path_leads_to_a_file(ports: Ports, target: str) -> None:
    """404, and nothing of the device in it."""
    answer = get(ports.pages, target)
    assert answer.status == 404
    assert answer.body == b"Not Found\n"


@pytest.mark.parametrize("target", ["/?lang=%0d%0aSet-Cookie:x", "/?platform=ios%0d%0aX:y", "/%0d%0aX:y"])
def test_no_line_feed_gets_into_an_answer(ports: Ports, target: str) -> None:
    """Whatever is in the address, the answer has the fields that it always has."""
    fields = get(ports.pages, target).fields
    assert "set-cookie" not in fields
    assert "x" not in fields


def test_a_foreign_host_is_misdirected(ports: Ports) -> None:
    """421 on the wire as well, for the pages and for the probe."""
    assert get(ports.pages, host="evil.example").status == 421
    assert get(ports.probe, f"/{'0' * 32}", host="evil.example", origin="http://evil.example").status == 403


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _switches(pid: int) -> int:
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text()
        total += sum(map(int, re.findall(r"ctxt_switches:\s+(\d+)", status)))
    return total
