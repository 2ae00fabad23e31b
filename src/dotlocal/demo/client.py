"""A client that trusts one root and nothing else: Python's `ssl`, so OpenSSL, over a real connection on loopback."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

_SECONDS = 15
_MOST_OCTETS = 1 << 16


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of asking for `host`: the certificate that answered, or the refusal in the client's own words."""

    host: str
    accepted: bool
    says: str
    serial: str = ""
    key_id: str = ""


def visit(root: Path, host: str, port: int) -> Visit:
    """Ask the server on a loopback port for a page as `host`, which is a name (sent as SNI) or an address."""
    context = ssl.create_default_context(cafile=str(root))
    context.hostname_checks_common_name = False  # a wildcard CN escapes the constraints (openssl/openssl#30346)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            certificate = x509.load_der_x509_certificate(secure.getpeercert(binary_form=True) or b"")
            secure.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            page = b""
            while len(page) < _MOST_OCTETS and (chunk := secure.recv(4096)):
                page += chunk
    except ssl.SSLCertVerificationError as error:
        return Visit(host, accepted=False, says=error.verify_message)
    except OSError as error:
        return Visit(host, accepted=False, says=str(error))
    status = page.split(b"\r\n", 1)[0].decode("latin-1")
    key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    accepted = status.endswith("200 OK")
    return Visit(host, accepted=accepted, says=status, serial=f"{certificate.serial_number:x}", key_id=key_id)
