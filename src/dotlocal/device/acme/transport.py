"""One HTTPS request and its answer: bounded in size and in time, no redirects, and only for the roots that were given.

Standard library. What goes wrong is refused as `acme-unreachable`, `acme-tls`, `acme-redirect` or `acme-answer`.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  of every look-up: while whoever started us can read it
import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EACCES, EAFNOSUPPORT, EPERM
from threading import Event, Timer
from typing import Protocol
from urllib.parse import urlsplit

from dotlocal import VERSION
from dotlocal.core.errors import Refused
from dotlocal.device.acme.answer import Answer, is_https, words

SYSTEM = "system"  # instead of a PEM text: the roots of the operating system
_MOST_OCTETS = 256 * 1024  # a chain of ten RSA-4096 certificates is 20 KiB


class Exchange(Protocol):
    """Something that carries a request to a URL and brings the answer."""

    def __call__(self, method: str, url: str, body: bytes = b"", kind: str = "") -> Answer:
        """Send; refuses what the module's docstring says."""


@dataclass(frozen=True, slots=True)
class Https:
    """Requests by HTTPS, one connection each. `seconds` is for a whole exchange, however slowly it drips."""

    context: ssl.SSLContext
    seconds: float = 30.0
    most: int = _MOST_OCTETS

    def __call__(self, method: str, url: str, body: bytes = b"", kind: str = "") -> Answer:
        """See Exchange. A redirect is refused: ACME has none, and a signed request is for one URL alone."""
        if not is_https(url):
            raise Refused("acme-url", f"{words(url)!r} is no https URL", hint="ACME goes through HTTPS (RFC 8555 6.1)")
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443  # without one, http.client finds it in an IPv6 address
        where = f"{host} port {port}"
        connection = http.client.HTTPSConnection(host, port, timeout=self.seconds, context=self.context)
        late = Event()
        try:
            raw = socket.create_connection((host, port), self.seconds)
            with raw, raw.dup() as handle, _ended_after(self.seconds, handle, late):  # the handshake may drip as well
                connection.sock = self.context.wrap_socket(raw, server_hostname=host)
                answer = self._exchange(connection, method, url, body, kind)
        except ssl.SSLCertVerificationError as error:
            raise _distrusted(where, error) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            slow = late.is_set() or isinstance(error, TimeoutError)  # the socket's own limit may come first
            raise _unreachable(where, self._too_slow() if slow else error) from None
        finally:
            connection.close()
        if late.is_set():
            raise _unreachable(where, self._too_slow())
        return self._checked(answer)

    def _exchange(
        self, connection: http.client.HTTPSConnection, method: str, url: str, body: bytes, kind: str
    ) -> Answer:
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = {"User-Agent": f"dotlocal/{VERSION}", "Accept-Language": "en", "Connection": "close"}
        if kind:
            fields["Content-Type"] = kind
        connection.request(method, target, body or None, fields)
        response = connection.getresponse()
        contents = response.read(self.most + 1)
        if len(contents) <= self.most and response.length:  # not an error for http.client
            raise http.client.IncompleteRead(contents, response.length)
        found: dict[str, str] = {}
        for name, value in response.getheaders():
            lower = name.lower()
            found[lower] = f"{found[lower]}, {value}" if lower in found else value
        return Answer(url, response.status, found, contents)

    def _too_slow(self) -> TimeoutError:
        return TimeoutError(f"no whole answer within {self.seconds:g} seconds")

    def _checked(self, answer: Answer) -> Answer:
        if len(answer.body) > self.most:
            raise answer.odd(f"more than {self.most} octets")
        if 300 <= answer.status < 400:
            elsewhere = words(answer.fields.get("location", "nowhere"))
            raise Refused(
                "acme-redirect", f"{words(answer.url)} redirects to {elsewhere}",
                hint="if that is the ACME server, give its directory URL itself",
            )  # fmt: skip
        return answer


def context(roots: str) -> ssl.SSLContext:
    """TLS for the PEM text of the ACME server's root alone, or for `SYSTEM`; refuses `acme-root`."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if roots == SYSTEM:
        made.load_default_certs()
        return made
    # what was pinned is trusted as it is: a company's issuing CA, or the server's own self-signed certificate
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        made.load_verify_locations(cadata=roots)
    except (ssl.SSLError, ValueError) as error:
        raise Refused(
            "acme-root", f"the root of the ACME server can't be read: {error}", hint="give it as PEM"
        ) from None
    return made


@contextmanager
def _ended_after(seconds: float, connection: socket.socket, late: Event) -> Iterator[None]:
    """Breaks the connection off after so many seconds: a server may send one octet just before each timeout. By a
    descriptor of its own: what TLS does with the other is not its business.
    """

    def end() -> None:
        late.set()
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _distrusted(where: str, error: ssl.SSLCertVerificationError) -> Refused:
    reason = words(error.verify_message or str(error))
    if error.verify_code in (9, 10):  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
        hint = "compare the device's clock with the certificate of the ACME server"
    else:
        hint = "is the root that was pinned (--ca-file) the one of this server, and does it go by this name?"
    return Refused(
        "acme-tls", f"the ACME server at {where} is not trusted: {reason}", hint=hint, facts={"temporary": True}
    )


def _unreachable(where: str, error: Exception) -> Refused:
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "no TLS").replace("_", " ").lower()
    elif isinstance(error, socket.gaierror):
        reason = "its name has no address that can be found"
    elif isinstance(error, OSError):
        reason = (error.strerror or str(error) or "timed out").lower()
    else:
        reason = f"no HTTP ({type(error).__name__})"
    hint = "it is tried again by itself; look at the network, the name server and the ACME server"
    if isinstance(error, OSError) and error.errno in (EAFNOSUPPORT, EPERM, EACCES):
        hint = "this process may not use the network; `dotlocal device install acme` has a unit that may"
    return Refused(
        "acme-unreachable", f"the ACME server at {where} can't be reached: {words(reason)}", hint=hint,
        facts={"temporary": True},
    )  # fmt: skip
