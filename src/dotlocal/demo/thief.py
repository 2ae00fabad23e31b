"""What somebody would sign who took a device apart and read its CA key, served to a client that trusts the root."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dotlocal.host import clock

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Forgery:
    """A chain and its key, PEM, made for `host`."""

    title: str
    host: str
    chain: bytes
    key: bytes


def forgeries(state: Path) -> list[Forgery]:
    """The forgeries that the key in a stolen state directory can sign."""
    loot = serialization.load_pem_private_key((state / "device-ca.key").read_bytes(), None)
    if not isinstance(loot, ec.EllipticCurvePrivateKey):
        raise TypeError("a device CA's key is an EC key")
    above = x509.load_pem_x509_certificates((state / "birth.pem").read_bytes())[:-1]
    issuer = above[0]
    public = ipaddress.ip_address("203.0.113.5")
    forged = [
        _leaf("the public web", "www.example.com", x509.DNSName("www.example.com"), issuer, loot, above),
        _leaf("a public address", str(public), x509.IPAddress(public), issuer, loot, above),
    ]
    sub_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another CA")])
    any_ca = x509.BasicConstraints(ca=True, path_length=None)
    sub_ca = _signed(_builder(name, issuer.subject, sub_key).add_extension(any_ca, critical=True), loot)
    local = x509.DNSName("press-09.local")
    forged.append(_leaf("another CA below it", "press-09.local", local, sub_ca, sub_key, [sub_ca, *above]))
    return forged


@contextmanager
def serving(forgery: Forgery, folder: Path) -> Iterator[int]:
    """Serve the forgery on a loopback port for one visit."""
    chain, key = folder / "forged.pem", folder / "forged.key"
    chain.write_bytes(forgery.chain)
    key.write_bytes(forgery.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(15)
        thread = threading.Thread(target=_answer_once, args=(listener, context))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _answer_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    try:
        connection, _ = listener.accept()
        with connection, context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nforged")
    except OSError:
        return  # the client refused, as it should


def _leaf(
    title: str, host: str, name: x509.GeneralName, issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey,
    above: Sequence[x509.Certificate],
) -> Forgery:  # fmt: skip
    own = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(x509.Name([]), issuer.subject, own)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([name]), critical=True)
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    leaf = _signed(builder.add_extension(issuer_id, critical=False), key)
    chain = b"".join(each.public_bytes(_PEM) for each in (leaf, *above))
    secret = own.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Forgery(title, host, chain, secret)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    today = datetime.fromtimestamp(clock.now(), UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())
