"""One connection with TLS over it: bounded in time and octets, and whatever ends it is told by its outcome.

The octets are ours to read (`ssl.MemoryBIO`), so that a peer that drips, floods, or speaks another protocol is told
apart from one that is gone. Why Python's `ssl`, and its private call for the chain before 3.13: ADR 0016.
"""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Callable
from time import monotonic
from typing import Any

from dotlocal.browser import http_head
from dotlocal.browser.observation import (
    ALERT,
    DROPPED,
    FAILED,
    MALFORMED,
    NOT_TLS,
    REFUSED,
    SILENT,
    SLOW,
    TOO_LARGE,
    UNREACHABLE,
    Endpoint,
    Head,
)
from dotlocal.host import clock

_MOST_OCTETS = 1 << 19  # of a whole connection; OpenSSL itself takes 100 kB of certificates, as BoringSSL does
_CHUNK = 1 << 14
_HTTP_SECONDS = 3.0
_LISTEN_SECONDS = 0.2
_RECORD_TYPES = range(20, 24)  # RFC 8446 5.1: what the first octet of a TLS record can be
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL}
_DROPPED = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
# OpenSSL's reasons, as Python gives them; every other one is FAILED, with its words
_REASONS = {
    "EXCESSIVE_MESSAGE_SIZE": TOO_LARGE, "WRONG_VERSION_NUMBER": NOT_TLS, "HTTP_REQUEST": NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": NOT_TLS, "ASN1_LIB": MALFORMED, "ASN1_PARSE_ERROR": MALFORMED,
    "CERT_LENGTH_MISMATCH": MALFORMED, "LENGTH_MISMATCH": MALFORMED, "LENGTH_TOO_LONG": MALFORMED,
    "UNABLE_TO_FIND_PUBLIC_KEY_PARAMETERS": MALFORMED, "UNKNOWN_CERTIFICATE_TYPE": MALFORMED,
    "BAD_ECPOINT": MALFORMED, "WRONG_CERTIFICATE_TYPE": MALFORMED, "HEADER_TOO_LONG": MALFORMED,
    "NOT_ENOUGH_DATA": MALFORMED, "TOO_LONG": MALFORMED,
}  # fmt: skip


class Ended(Exception):
    """The connection is over, and why: one of the outcomes of `observation`, and OpenSSL's or the system's words."""

    def __init__(self, outcome: str, words: str = "") -> None:
        super().__init__(words)
        self.outcome = outcome
        self.words = words


def connect(endpoint: Endpoint, port: int, deadline: float) -> socket.socket:
    """Without TLS so far; raises Ended."""
    family = socket.AF_INET if len(endpoint.address.packed) == 4 else socket.AF_INET6
    place: tuple[Any, ...] = (endpoint.address.text, port)
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(max(0.01, deadline - monotonic()))
        connection.connect(place if family == socket.AF_INET else (*place, 0, endpoint.scope))
    except TimeoutError:
        connection.close()
        raise Ended(SILENT) from None
    except OSError as error:
        connection.close()
        if isinstance(error, ConnectionRefusedError):
            raise Ended(REFUSED) from None
        if error.errno in (errno.ETIMEDOUT,):
            raise Ended(SILENT) from None
        outcome = UNREACHABLE if error.errno in _UNREACHABLE else DROPPED if error.errno in _DROPPED else FAILED
        raise Ended(outcome, error.strerror or str(error)) from None
    return connection


class Connection:
    """A connection with TLS over it, its octets counted and its time measured."""

    def __init__(
        self, connected: socket.socket, context: ssl.SSLContext, sni: str | None, *, deadline: float,
        session: ssl.SSLSession | None = None,
    ) -> None:  # fmt: skip
        self._socket = connected
        self._deadline = deadline
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.secured = context.wrap_bio(self._incoming, self._outgoing, server_hostname=sni or None, session=session)
        self.first = bytearray()
        self._octets = 0

    def handshake(self) -> None:
        """Until it is over; raises Ended."""
        self._until(self.secured.do_handshake)

    def result(self) -> dict[str, Any]:
        """What the handshake agreed on, and the chain that came with it."""
        certificates, whole = chain(self.secured)
        return {
            "version": self.secured.version() or "", "alpn": self.secured.selected_alpn_protocol() or "",
            "chain": certificates, "whole": whole, "resumed": bool(self.secured.session_reused),
        }  # fmt: skip

    def session(self) -> ssl.SSLSession | None:
        """What a browser would keep for its next visit."""
        try:
            return self.secured.session
        except ValueError:  # a session that can't be copied, for instance because it was never finished
            return None

    def ask(self, host: str) -> tuple[Head | None, bool]:
        """A request: the head of the answer if there is one, and whether a certificate of ours is wanted."""
        self._deadline = min(self._deadline, monotonic() + _HTTP_SECONDS)
        told = b""
        try:
            self._listen_first()
            self.secured.write(http_head.request(host))
            while not http_head.complete(told):
                more = self._until(lambda: self.secured.read(_CHUNK))
                if not more:
                    break
                told += more
        except Ended as ended:
            wants = isinstance(ended.__cause__, ssl.SSLError) and "CERTIFICATE_REQUIRED" in str(ended.__cause__.reason)
            return None, wants
        return http_head.parse(told, at=clock.now()), False

    def _listen_first(self) -> None:
        """Take in what the server says of its own accord, tickets or an alert: what is sent to one that has hung up
        comes back as a reset, and then nobody learns why.
        """
        if self.secured.version() != "TLSv1.3":
            return
        self._socket.settimeout(_LISTEN_SECONDS)
        try:
            self._take(self._socket.recv(_CHUNK))
        except TimeoutError:
            return
        except OSError as error:
            raise self._broken(error) from None

    def _until(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError as error:
                self._flush_quietly()
                raise Ended(*self._judged(error)) from error

    def _flush(self) -> None:
        try:
            self._socket.settimeout(max(0.01, self._deadline - monotonic()))
            self._socket.sendall(self._outgoing.read())
        except OSError as error:
            raise self._broken(error) from None

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except Ended:
            pass  # an alert that nobody takes

    def _fill(self) -> None:
        left = self._deadline - monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            octets = self._socket.recv(_CHUNK)
        except OSError as error:
            raise self._broken(error) from None
        self._take(octets)

    def _take(self, octets: bytes) -> None:
        self._octets += len(octets)
        if len(self.first) < 64:
            self.first += octets
        if self._octets > _MOST_OCTETS:
            raise Ended(TOO_LARGE, f"more than {_MOST_OCTETS} octets came")
        if not octets:
            raise Ended(NOT_TLS if self._other_protocol() else DROPPED, "the connection was closed")
        if self._other_protocol():
            raise Ended(NOT_TLS)
        self._incoming.write(octets)

    def _broken(self, error: OSError) -> Ended:
        if self._other_protocol():
            return Ended(NOT_TLS)
        if isinstance(error, TimeoutError):
            return Ended(SLOW, f"{self._octets} octets came in time")
        words = "the connection was reset" if error.errno in _DROPPED else error.strerror or str(error)
        return Ended(DROPPED if error.errno in _DROPPED else FAILED, words)

    def _other_protocol(self) -> bool:
        return bool(self.first) and self.first[0] not in _RECORD_TYPES

    def _judged(self, error: ssl.SSLError) -> tuple[str, str]:
        if isinstance(error, ssl.SSLCertVerificationError):
            return FAILED, error.verify_message or str(error)
        words = (error.reason or _plain(str(error))).replace("_", " ").lower()
        reason = words.upper().replace(" ", "_")
        if "ALERT" in reason:
            return ALERT, words
        if "UNRECOGNIZED_NAME" in reason:
            return ALERT, "unrecognized name"
        malformed = error.library in ("ASN1", "asn1 encoding routines", "X509", "EC")
        return _REASONS.get(reason, MALFORMED if malformed else FAILED), words


def _plain(text: str) -> str:
    """OpenSSL's words without where they come from: some reasons have no name in Python."""
    return re.sub(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$", "", text)


def chain(secured: ssl.SSLObject) -> tuple[tuple[bytes, ...], bool]:
    """The certificates as they were sent, and whether they are all: Python says so officially from 3.13 on."""
    official = getattr(secured, "get_unverified_chain", None)
    private = getattr(getattr(secured, "_sslobj", None), "get_unverified_chain", None)
    try:
        if official:
            return tuple(official()), True
        if private:
            return tuple(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in private() or ()), True
    except (AttributeError, TypeError, ValueError):
        pass  # another Python than we know: the server certificate is better than nothing
    leaf = secured.getpeercert(binary_form=True)
    return ((leaf,) if leaf else ()), False
