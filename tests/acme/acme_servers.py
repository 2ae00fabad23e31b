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

from peers.children import cache
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

    @classmethod
    def at(cls, folder: Path) -> Authority | None:
        """The one that was made here before."""
        if not (folder / "root.key").exists():
            return None
        key = serialization.load_pem_private_key((folder / "root.key").read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(folder, key, x509.load_pem_x509_certificate((folder / "root.pem").read_bytes()))

    @property
    def pem(self) -> Path:
        return self.folder / "root.pem"

    def empty_crl(self) -> None:
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(self.certificate.subject, now, now + timedelta(days=9))
        signed = builder.sign(self.key, hashes.SHA256())
        (self.folder / "root.crl").write_bytes(signed.public_bytes(serialization.Encoding.PEM))

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
    name: str = "localhost", environment: Mapping[str, str] = {}, inside: tuple[str, ...] = (), host: str = "127.0.0.1",
) -> Iterator[AcmeServer]:  # fmt: skip
    """Pebble, with its rejections of good nonces and its reuse of authorizations unless `environment` says otherwise.

    Names are looked up by pebble-challtestsrv, which sends everybody to `host`.
    """
    found = program("pebble")
    folder.mkdir(exist_ok=True)
    tls_root = Authority.make(folder, "Root of Pebble's own certificate")
    certificate, key = tls_root.server(name, host)
    ports = [port or unused_port(), unused_port(), http or unused_port(), tls or unused_port()]
    dns_port = unused_port()
    config = {
        "listenAddress": f"{host}:{ports[0]}", "managementListenAddress": f"{host}:{ports[1]}",
        "certificate": str(certificate), "privateKey": str(key), "httpPort": ports[2], "tlsPort": ports[3],
        "ocspResponderURL": "", "externalAccountBindingRequired": eab,
    }  # fmt: skip
    if eab:
        config["externalAccountMACKeys"] = {KID: MAC_KEY}
    (folder / "pebble.json").write_text(json.dumps({"pebble": config}))
    words = [found, "-config", str(folder / "pebble.json"), "-dnsserver", f"{host}:{dns_port}"]
    chosen = {"PEBBLE_VA_NOSLEEP": "1", **environment}
    server = AcmeServer(
        f"https://{host}:{ports[0]}/dir", tls_root.pem, folder / "issuer.pem", ports[2], ports[3],
        f"https://{host}:{ports[1]}",
    )  # fmt: skip
    with (
        running([*inside, *name_server(host, dns_port)], folder / "dns.log", {}),
        running([*inside, *words], folder / "pebble.log", chosen),
    ):
        if inside:
            waited(folder / "pebble.log", "ACME directory available")
        else:
            listening(host, ports[0])
            (folder / "issuer.pem").write_bytes(_get(f"{server.management}/roots/0", tls_root.pem))
        server.log = folder / "pebble.log"
        yield server


def name_server(host: str, port: int) -> list[str]:
    """Words of a name server that sends everybody to `host`, where it listens itself."""
    return [
        program("pebble-challtestsrv"), "-defaultIPv4", host, "-defaultIPv6", "", "-dns01", f"{host}:{port}", "-http01",
        "", "-https01", "", "-tlsalpn01", "", "-management", f"{host}:{unused_port()}",
    ]  # fmt: skip


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


def _cached(path: str) -> str:
    """A program that scripts/install-peers has put beside the peers."""
    found = cache() / path
    return str(found) if found.exists() else program(found.name)


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


def resolving(folder: Path, inside: tuple[str, ...], address: str, *names: str) -> list[str]:
    """Words in front of a server that finds these names at this address, as the customer's name server would tell."""
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for name in names))
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    return [*inside, "unshare", "-m", "sh", "-c", script, str(hosts)]


@contextmanager
def caddy(folder: Path, *, host: str, inside: tuple[str, ...], names: tuple[str, ...]) -> Iterator[AcmeServer]:
    """Caddy's own ACME server; its certificates live for twelve hours."""
    found, port = program("caddy"), 8443
    folder.mkdir(exist_ok=True)
    tls_root = Authority.at(folder) or Authority.make(folder, "Root of Caddy's own certificate")
    certificate, key = tls_root.server("localhost", host)
    config = folder / "Caddyfile"
    config.write_text(f"""{{
        admin off
        auto_https disable_redirects
        storage file_system {folder}/data
        skip_install_trust
        pki {{
            ca customer {{
                name "Customer"
            }}
        }}
    }}
    https://{host}:{port} {{
        tls {certificate} {key}
        acme_server {{
            ca customer
            challenges http-01 tls-alpn-01
        }}
    }}
    """)
    words = [*resolving(folder, inside, host, *names), found, "run", "--adapter", "caddyfile", "--config", str(config)]
    places = {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with running(words, folder / "caddy.log", places):
        root = folder / "data/pki/authorities/customer/root.crt"
        waited(folder / "caddy.log", "serving initial configuration")
        yield AcmeServer(f"https://{host}:{port}/acme/customer/directory", tls_root.pem, root, log=folder / "caddy.log")


@contextmanager
def openbao(folder: Path, *, host: str, inside: tuple[str, ...], names: tuple[str, ...]) -> Iterator[AcmeServer]:
    """OpenBao's PKI engine with ACME, in its development mode with TLS."""
    found, port = _cached("bin/bao"), 8200
    folder.mkdir(exist_ok=True)
    url = f"https://127.0.0.1:{port}"  # its own certificate names nothing else
    words = [
        found, "server", "-dev", "-dev-tls", f"-dev-tls-cert-dir={folder}",
        f"-dev-listen-address=127.0.0.1:{port}", "-dev-root-token-id=root",
    ]  # fmt: skip
    tls_root = folder / "vault-ca.pem"
    with running([*resolving(folder, inside, host, *names), *words], folder / "bao.log", {"HOME": str(folder)}):
        waited(folder / "bao.log", "Development mode should NOT be used")
        asked = [*inside, "env", f"BAO_ADDR={url}", "BAO_TOKEN=root", f"BAO_CACERT={tls_root}", f"HOME={folder}", found]
        headers = [f"-allowed-response-headers={each}" for each in ("Location", "Replay-Nonce", "Link", "Retry-After")]
        for command in (
            ["secrets", "enable", "pki"],
            ["secrets", "tune", "-max-lease-ttl=87600h", *headers, "pki"],
            ["write", "pki/root/generate/internal", "common_name=Customer", "ttl=8760h"],
            ["write", "pki/config/cluster", f"path={url}/v1/pki"],
            ["write", "pki/config/acme", "enabled=true", "eab_policy=not-required"],
        ):
            subprocess.run([*asked, *command], capture_output=True, check=True, timeout=START_SECONDS)
        got = subprocess.run([*asked, "read", "-field=certificate", "pki/cert/ca"], capture_output=True, check=True)
        (folder / "issuer.pem").write_bytes(got.stdout)
        yield AcmeServer(f"{url}/v1/pki/acme/directory", tls_root, folder / "issuer.pem", log=folder / "bao.log")


@contextmanager
def acme2certifier(
    folder: Path, *, host: str, inside: tuple[str, ...], names: tuple[str, ...], now: bool = False
) -> Iterator[AcmeServer]:
    """acme2certifier, which has renewal information (RFC 9773): renew in the second half of 30 days, or `now`; look
    again in an hour. In the same folder it has the same root and the same accounts.
    """
    python, port = _cached("acme2certifier/bin/python"), 8444
    folder.mkdir(exist_ok=True)
    tls_root = Authority.at(folder) or Authority.make(folder, "Root of the customer's ACME server")
    certificate, key = tls_root.server(host)
    tls_root.empty_crl()
    config = folder / "acme_srv.cfg"
    config.write_text(f"""[DEFAULT]
debug: False
dns_server_list: ["{host}"]
[Nonce]
nonce_check_disable: False
[CAhandler]
handler_module: acme2certifier.cahandlers.openssl_ca_handler
issuing_ca_key: {folder}/root.key
issuing_ca_cert: {folder}/root.pem
issuing_ca_crl: {folder}/root.crl
cert_validity_days: 30
cert_save_path: {folder}
[DBhandler]
dbfile: {folder}/acme.db
[Certificate]
revocation_reason_check_disable: False
[Challenge]
[Renewalinfo]
renewalthreshold_pctg: 50
retry_after_timeout: 3600
renewal_force: {now}
[Order]
tnauthlist_support: False
[Directory]
home: https://customer.test/
""")
    script = str(Path(__file__).with_name("acme2certifier_server.py"))
    words = [python, script, host, str(port), str(certificate), str(key)]
    environment = {"ACME_SRV_CONFIGFILE": str(config), "ACME_SRV_DB_HANDLER": "wsgi"}
    before = resolving(folder, inside, host, *names)
    with (
        running([*inside, *name_server(host, 53)], folder / "dns.log", {}),
        running([*before, *words], folder / "acme2certifier.log", environment),
    ):
        waited(folder / "acme2certifier.log", "serving")
        yield AcmeServer(
            f"https://{host}:{port}/directory", tls_root.pem, tls_root.pem, log=folder / "acme2certifier.log"
        )
