"""The other ends of `device serve`: sets of certificates, back ends, clients, and the service itself."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dotlocal.device.serve.service import Limits, Serving, Stop, serve

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
MEGABYTE = 1 << 20
PATIENCE = 20.0  # for what must happen; nothing in the tests waits that long unless it fails
HOST = "press-07.local"
SOURCE = Path(__file__).resolve().parents[2] / "src"

# Sets of certificates


@cache
def authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "device CA")])
    return key, _signed(name, key, key, x509.BasicConstraints(ca=True, path_length=0))


def _signed(
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    own = issuer_key is key
    builder = (
        x509.CertificateBuilder()
        .subject_name(issuer if own else x509.Name([]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=90))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    encryption = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


class Set:
    """One set of a run directory: a key, a certificate with names and addresses, one with names only."""

    def __init__(self, run: Path, name: str) -> None:
        ca_key, ca = authority()
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(HOST)]
        addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
        self.full = _signed(ca.subject, ca_key, key, x509.SubjectAlternativeName([*names, *addresses]))
        self.names = _signed(ca.subject, ca_key, key, x509.SubjectAlternativeName(names))
        self.name = name
        self.directory = run / name
        self.directory.mkdir(parents=True)
        (self.directory / "privkey.pem").write_bytes(key_pem(key))
        (self.directory / "fullchain.pem").write_bytes(pem(self.full, ca))
        (self.directory / "names.pem").write_bytes(pem(self.names, ca))

    def make_current(self) -> None:
        link = self.directory.parent / "current"
        new = link.with_name("current.new")
        new.symlink_to(self.name)
        new.replace(link)


def first_set(run: Path) -> Set | None:
    """Makes one if there is none yet."""
    if (run / "current").is_symlink():
        return None
    made = Set(run, "1")
    made.make_current()
    return made


# The service


class Running:
    """A service in a thread of this process."""

    def __init__(self, serving: Serving) -> None:
        self.lines: list[str] = []
        self.current: Set
        self.address: tuple[str, int] = ("", 0)
        self._error: Exception | None = None
        self._ready = threading.Event()
        self._stop = Stop()
        self._thread = threading.Thread(target=self._run, args=(serving,), daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        if self._error:
            raise self._error

    def _run(self, serving: Serving) -> None:
        try:
            serve(serving, say=self.lines.append, ready=self._on_ready, stop=self._stop)
        except Exception as error:  # handed to the test
            self._error = error
            self._ready.set()

    def _on_ready(self, address: tuple[str, int]) -> None:
        self.address = (address[0] if address[0] not in ("::", "0.0.0.0") else "127.0.0.1", address[1])
        self._ready.set()

    def said(self, word: str) -> list[str]:
        return [line for line in self.lines if word in line]

    def end(self) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self._error:
            raise self._error


@contextmanager
def serving(
    run: Path,
    *,
    to: tuple[str, int] | None = None,
    folder: Path | None = None,
    listen: tuple[str, int] = ("127.0.0.1", 0),
    proxy_protocol: int | None = None,
    **limits: float | int,
) -> Iterator[Running]:
    chosen = Limits(**limits)  # type: ignore[arg-type]
    current = first_set(run)
    running = Running(Serving(run, listen, to, folder, proxy_protocol=proxy_protocol, limits=chosen))
    if current:
        running.current = current
    try:
        yield running
    finally:
        running.end()


_CHILD = """
import json, resource, sys
from pathlib import Path
from typing import Any
from dotlocal.core.errors import Refused
from dotlocal.device.serve.service import Limits, Serving, serve
run, to, user, descriptors = json.loads(sys.argv[1])
if descriptors:
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
def say(line):
    print(line, file=sys.stderr, flush=True)
def ready(address):
    print(json.dumps(address), flush=True)
assert "asyncio" not in sys.modules and "cryptography" not in sys.modules
try:
    serve(Serving(Path(run), ("127.0.0.1", 0), tuple(to), user=user), say=say, ready=ready)
except Refused as refused:
    sys.exit(f"{refused.code}: {refused.hint}")
assert "asyncio" not in sys.modules and "cryptography" not in sys.modules
"""


class Child:
    """A service in a process of its own, to be looked at from outside and to be sent signals."""

    def __init__(self, run: Path, to: tuple[str, int], *, user: str | None = None, descriptors: int = 0) -> None:
        first_set(run)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CHILD, json.dumps([str(run), to, user, descriptors])],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        self.pid = self._process.pid
        self.address: tuple[str, int] | None = tuple(json.loads(line)) if line else None

    def status(self, field: str) -> list[str]:
        """A line of /proc/PID/status, split into words."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return line.split()[1:]
        raise KeyError(field)

    def cpu_seconds(self) -> float:
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit status and what was said."""
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        said = self._process.communicate(timeout=PATIENCE)[1]
        return self._process.returncode, said


# Back ends


class TcpServer:
    """A back end that hands each connection to `handle`, in a thread; the last error is kept for the test."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.results: list[object] = []
        self._some = threading.Condition()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        try:
            with connection:
                result: object = self._handle(connection)
        except OSError as error:
            result = type(error)
        with self._some:
            self.results.append(result)
            self._some.notify_all()

    def result(self) -> object:
        """What the first connection came to: the handler's value, or the type of its OSError."""
        with self._some:
            assert self._some.wait_for(lambda: self.results, PATIENCE)
            return self.results[0]

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def back_end(handle: Callable[[socket.socket], object]) -> Iterator[TcpServer]:
    server = TcpServer(handle)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.close()


def echo(connection: socket.socket) -> None:
    while data := connection.recv(65536):
        connection.sendall(data)


def swallow(connection: socket.socket) -> bytes:
    """Everything up to a clean end."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# Clients


def client_context(*, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem(authority()[1]).decode())
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Truncated(Exception):
    """The TCP stream ended without a close_notify."""


class Client:
    """A TLS client that can end each direction by itself, and end it badly; SSLSocket can do neither."""

    def __init__(
        self,
        address: tuple[str, int],
        *,
        name: str = HOST,
        context: ssl.SSLContext | None = None,
        session: ssl.SSLSession | None = None,
        receive_buffer: int = 0,
        shake_hands: bool = True,
        source: str = "",
    ) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self.socket.settimeout(PATIENCE)
        if source:
            self.socket.bind((source, 0))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(address)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = context or client_context()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name, session=session)
        if shake_hands:
            self.shake_hands()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def shake_hands(self) -> None:
        self._until_done(self.tls.do_handshake)

    @property
    def serial(self) -> int:
        presented = self.tls.getpeercert(binary_form=True)
        assert presented
        return x509.load_der_x509_certificate(presented).serial_number

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view[:65536]) :]
            self.socket.sendall(self._outgoing.read())

    def receive(self, most: int = 65536) -> bytes:
        """At least one byte, b"" after a close_notify; raises Truncated without one."""
        try:
            return bytes(self._until_done(lambda: self.tls.read(most)))
        except ssl.SSLZeroReturnError:
            return b""

    def exactly(self, size: int) -> bytes:
        got = bytearray()
        while len(got) < size:
            data = self.receive(size - len(got))
            assert data
            got += data
        return bytes(got)

    def rest(self) -> bytes:
        """Everything up to the close_notify."""
        return b"".join(iter(self.receive, b""))

    def finish(self) -> None:
        """Send a close_notify; reading goes on."""
        with suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        self.socket.sendall(self._outgoing.read())

    def vanish(self) -> None:
        """End the TCP stream without a close_notify."""
        self.socket.shutdown(socket.SHUT_WR)

    def dropped(self) -> bool:
        """Waits until the service breaks the connection off."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return True

    def _until_done(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self.socket.sendall(self._outgoing.read())
                data = self.socket.recv(65536)
                if not data:
                    raise Truncated from None
                self._incoming.write(data)
            else:
                self.socket.sendall(self._outgoing.read())
                return result


# Programs of other people


def _needs(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"no {program} here")


def s_client(address: tuple[str, int], *options: str | bytes) -> str:
    _needs("openssl")
    command = ["openssl", "s_client", "-connect", f"{address[0]}:{address[1]}", *options]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=PATIENCE)
    return (done.stdout + done.stderr).decode(errors="replace")


def curl(address: tuple[str, int], directory: Path, path: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    _needs("curl")
    (directory / "root.pem").write_bytes(pem(authority()[1]))
    url = f"https://{HOST}:{address[1]}{path}"
    told = ["--cacert", str(directory / "root.pem"), "--resolve", f"{HOST}:{address[1]}:{address[0]}", "--path-as-is"]
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    command = ["curl", "-sS", *told, *options, url]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, env=environment)


def warnings_before(address: tuple[str, int]) -> str:
    said = (
        f"warning: to the back end 127.0.0.1:{address[1]} every client now seems to be on this device itself. If it "
        "trusts local clients (no password, a debug page, a trusted proxy), it now trusts the whole network. Switch "
        "that off there, or let it learn the real addresses: --proxy-protocol, if it speaks that\n"
    )
    if os.geteuid() == 0:
        said += "warning: serving as root; --user names a user to become once the port is bound\n"
    return said
