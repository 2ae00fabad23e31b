"""Real CAs that play the customer's: `openssl ca` with its index and its policy, and OpenBao's PKI engine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from peers.children import cache

_CONFIG = """
[ca]
default_ca = works
[works]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir/issued
serial = $dir/serial
certificate = $dir/{name}.pem
private_key = $dir/{name}.key
default_md = sha256
default_days = 90
policy = loose
copy_extensions = copy
unique_subject = no
x509_extensions = server
[loose]
commonName = optional
serialNumber = optional
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""


@dataclass(frozen=True)
class OpenSSL:
    """A root and an issuing CA in a folder, as an administrator has them."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, request: str, *, extensions: str = "") -> bytes:
        """The certificate for a request, by `openssl ca`; the section [device_ca] for a CA."""
        (self.folder / "request.pem").write_text(request)
        more = []
        if extensions:
            (self.folder / "extensions.cnf").write_text(extensions)
            more = ["-extfile", "extensions.cnf", "-extensions", "device_ca", "-days", "900"]
        self.run("ca", "-batch", "-config", "middle.cnf", *more, "-in", "request.pem", "-out", "answer.pem")
        return (self.folder / "answer.pem").read_bytes()

    def pkcs7(self, answer: bytes) -> bytes:
        """As EJBCA and Windows hand it out: everything up to the root in one PKCS#7."""
        (self.folder / "answer.pem").write_bytes(answer)
        chain = [word for name in ("root", "middle", "answer") for word in ("-certfile", f"{name}.pem")]
        self.run("crl2pkcs7", "-nocrl", *chain, "-out", "answer.p7b")
        return (self.folder / "answer.p7b").read_bytes()

    def pfx(self, hosts: str, passphrase: str) -> bytes:
        """A key and certificate that the administrator made, RSA, as PKCS#12 with the chain."""
        self.run("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "made.key", "-subj", "/CN=press-07",
                 "-addext", f"subjectAltName={hosts}", "-out", "made.csr")  # fmt: skip
        answer = self.answer((self.folder / "made.csr").read_text())
        (self.folder / "made.pem").write_bytes(answer)
        self.run("pkcs12", "-export", "-inkey", "made.key", "-in", "made.pem", "-certfile", "middle.pem",
                 "-passout", f"pass:{passphrase}", "-out", "made.pfx")  # fmt: skip
        return (self.folder / "made.pfx").read_bytes()

    def run(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], cwd=self.folder, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr.decode()


def openssl_ca(folder: Path) -> OpenSSL:
    """Make one."""
    made = OpenSSL(folder)
    (folder / "issued").mkdir(parents=True)
    (folder / "index.txt").touch()
    (folder / "serial").write_text("5A01\n")
    for name in ("root", "middle"):
        (folder / f"{name}.cnf").write_text(_CONFIG.format(folder=folder, name=name))
        made.run("ecparam", "-genkey", "-name", "secp384r1", "-noout", "-out", f"{name}.key")
    made.run("req", "-x509", "-new", "-key", "root.key", "-subj", "/O=Example Works/CN=Example Works Root R2", "-days",
             "3650", "-config", "root.cnf", "-extensions", "authority", "-out", "root.pem")  # fmt: skip
    made.run("req", "-new", "-key", "middle.key", "-subj", "/CN=Example Works Issuing CA R2", "-out", "middle.csr")
    made.run("ca", "-batch", "-config", "root.cnf", "-extensions", "authority", "-days", "1800", "-in", "middle.csr",
             "-out", "middle.pem")  # fmt: skip
    return made


@dataclass(frozen=True)
class Bao:
    """A running OpenBao with a root CA; `call` speaks its API."""

    port: int
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/{path}", data=json.dumps(body).encode(),
            headers={"X-Vault-Token": "root", "Content-Type": "application/json"}, method="POST",
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=20) as answer:
            told = json.loads(answer.read() or b"{}")
        return told.get("data") or {}

    def answer(self, request: str) -> list[bytes]:
        """A server certificate for a request, and the CAs above it."""
        told = self.call("pki/sign/device", csr=request, ttl="2000h")
        return [each.encode() for each in (told["certificate"], *told.get("ca_chain", []))]

    def authority(self, request: str, **names: Any) -> list[bytes]:
        """A subordinate CA for a request."""
        told = self.call("pki/root/sign-intermediate", csr=request, ttl="20000h", max_path_length=0, **names)
        return [each.encode() for each in (told["certificate"], *told.get("ca_chain", []))]


@contextmanager
def bao(folder: Path) -> Iterator[Bao]:
    """Start one in memory; skips where there is none."""
    program = shutil.which("bao", path=os.pathsep.join((os.environ.get("PATH", ""), str(cache() / "bin"))))
    if program is None:
        message = "bao is not installed: scripts/install-peers"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [program, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root"]
    child = subprocess.Popen(
        [*words, f"-dev-listen-address=127.0.0.1:{port}"], env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        made = Bao(port, folder)
        _wait(port, child)
        made.call("sys/mounts/pki", type="pki", config={"max_lease_ttl": "87600h"})
        told = made.call(
            "pki/root/generate/internal",
            common_name="Example Works Bao Root",
            ttl="87600h",
            key_type="ec",
            key_bits=256,
        )
        made.root.write_text(told["certificate"] + "\n")
        made.call(
            "pki/roles/device", allow_any_name=True, allow_ip_sans=True, key_type="any", max_ttl="2000h",
            server_flag=True, client_flag=False, key_usage=["DigitalSignature"], require_cn=False,
        )  # fmt: skip
        yield made
    finally:
        child.terminate()
        child.wait(20)


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 40
    while True:
        assert child.poll() is None, "bao has ended"
        assert time.monotonic() < deadline, "bao does not answer"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/sys/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
