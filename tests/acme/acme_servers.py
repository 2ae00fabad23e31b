"""ACME servers of other people's, started for a test: Pebble, Caddy, OpenBao and acme2certifier.

Each has a TLS certificate of a root that is made for it (`tls_root`), and a root that its certificates come from.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tools import program

START_SECONDS = 30.0
KID, MAC_KEY = "kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class AcmeServer:
    """A running server. `http` and `tls` are the ports that it validates at, where that can be chosen."""

    directory: str
    tls_root: Path
    root: Path
    http: int = 80
    tls: int = 443
    management: str = ""
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None
    start: object = field(default=None, repr=False)


@dataclass(frozen=True)
class Authority:
    """A root made for a test, and what it signs."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path, name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(*(False,) * 5, True, True, *(False,) * 2), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder, key, certificate)
        made.pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "root.key").write_bytes(_pkcs8(key))
        return made

    @property
    def pem(self) -> Path:
        return self.folder / "root.pem"

    def server(self, *hosts: str) -> tuple[Path, Path]:
        """Certificate and key for a server of these names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [_general(host) for host in hosts]
        builder = _builder(x509.Name([]), self.certificate.subject, key.public_key())
        certificate = (
            builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        paths = self.folder / "server.pem", self.folder / "server.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(_pkcs8(key))
        return paths


@contextmanager
def pebble(
    folder: Path, *, port: int | None = None, http: int | None = None, tls: int | None = None, eab: bool = False,
    dns: str | None = None, environment: Mapping[str, str] = {}, inside: tuple[str, ...] = (), host: str = "127.0.0.1",
) -> Iterator[AcmeServer]:  # fmt: skip
    """Pebble, with its rejections of good nonces and its reuse of authorizations unless `environment` says otherwise.

    Names are looked up by pebble-challtestsrv, which sends everybody to `host`.
    """
    found, dns_server = program("pebble"), program("pebble-challtestsrv")
    folder.mkdir(exist_ok=True)
    tls_root = Authority.make(folder, "Root of Pebble's own certificate")
    certificate, key = tls_root.server("localhost", host)
    ports = [port or unused_port(), unused_port(), http or unused_port(), tls or unused_port()]
    dns_port, dns_management = unused_port(), unused_port()
    config = {
        "listenAddress": f"{host}:{ports[0]}", "managementListenAddress": f"{host}:{ports[1]}",
        "certificate": str(certificate), "privateKey": str(key), "httpPort": ports[2], "tlsPort": ports[3],
        "ocspResponderURL": "", "externalAccountBindingRequired": eab,
    }  # fmt: skip
    if eab:
        config["externalAccountMACKeys"] = {KID: MAC_KEY}
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    names = [
        dns_server, "-defaultIPv4", host, "-defaultIPv6", "", "-dns01", f"{host}:{dns_port}", "-http01", "",
        "-https01", "", "-tlsalpn01", "", "-management", f"{host}:{dns_management}",
    ]  # fmt: skip
    words = [found, "-config", str(folder / "pebble.json"), "-dnsserver", dns or f"{host}:{dns_port}"]
    chosen = {"PEBBLE_VA_NOSLEEP": "1", **environment}
    server = AcmeServer(
        f"https://{host}:{ports[0]}/dir", tls_root.pem, folder / "issuer.pem", ports[2], ports[3],
        f"https://{host}:{ports[1]}",
    )  # fmt: skip
    with (
        running([*inside, *names], folder / "dns.log", {}),
        running([*inside, *words], folder / "pebble.log", chosen),
    ):
        if inside:
            waited(folder / "pebble.log", "ACME directory available")
        else:
            listening(host, ports[0])
            (folder / "issuer.pem").write_bytes(_get(f"{server.management}/roots/0", tls_root.pem))
        server.log = folder / "pebble.log"
        yield server


@contextmanager
def running(words: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background, ended with the block."""
    with log.open("wb") as told:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT, env={**os.environ, **environment}
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listening(host: str, port: int) -> None:
    """Wait until somebody listens there."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < until, f"nobody listens on port {port}"
            time.sleep(0.05)


def waited(log: Path, words: str) -> None:
    """Wait until a log says so."""
    until = time.monotonic() + START_SECONDS
    while words not in log.read_text(errors="replace"):
        assert time.monotonic() < until, log.read_text(errors="replace")
        time.sleep(0.05)


def _get(url: str, root: Path) -> bytes:
    with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=str(root)), timeout=10) as answer:
        body: bytes = answer.read()
        return body


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * 9))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )  # fmt: skip


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pkcs8(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
