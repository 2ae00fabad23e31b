"""One handshake as a browser has it, without trusting anything: all that came is kept."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from time import monotonic

from dotlocal.browser.connection import Connection, Ended, connect
from dotlocal.browser.observation import FAILED, HANDSHAKE, MODERN, OLD, TLS_1_2, TLS_1_3, Endpoint, Look

_VERSIONS = {
    MODERN: (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
    TLS_1_2: (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
    TLS_1_3: (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3),
    OLD: (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What the client of a look says."""

    sni: str | None
    versions: str = MODERN
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    ask: str = ""  # the host to send a request for; empty: none


@dataclass(frozen=True, slots=True)
class Ticket:
    """A session to be resumed: Python wants it back in the context that it came from."""

    context: ssl.SSLContext
    session: ssl.SSLSession


def look(
    endpoint: Endpoint, port: int, offer: Offer, *, seconds: float, ticket: Ticket | None = None
) -> tuple[Look, Ticket | None]:
    """Connect once, and say what came; with the ticket, if the server gave one. Never raises for what a peer does."""
    seen = Look(endpoint, offer.sni, offer.versions, FAILED)
    deadline = monotonic() + seconds
    try:
        connected = connect(endpoint, port, deadline)
    except Ended as ended:
        return replace(seen, outcome=ended.outcome, words=ended.words), None
    context = ticket.context if ticket else _context(offer)
    with connected:
        session = ticket.session if ticket else None
        connection = Connection(connected, context, offer.sni, deadline=deadline, session=session)
        try:
            connection.handshake()
            seen = replace(seen, outcome=HANDSHAKE, **connection.result())
            head, wants = connection.ask(offer.ask) if offer.ask else (None, False)
            seen = replace(seen, head=head, wants_certificate=wants)
        except Ended as ended:
            seen = replace(seen, outcome=ended.outcome, words=ended.words, first=bytes(connection.first[:64]))
        kept = connection.session() if seen.succeeded else None
    return seen, Ticket(context, kept) if kept else None


def verifier(endpoint: Endpoint, port: int, name: str, roots: list[bytes], *, seconds: float) -> str:
    """OpenSSL's own verdict on the chain, under these roots and for this name: its words, or nothing when it accepts
    (or when there was no verdict to be had).
    """
    context = _context(Offer(name))
    context.verify_mode, context.check_hostname = ssl.CERT_REQUIRED, True
    context.load_verify_locations(cadata=b"".join(roots))
    deadline = monotonic() + seconds
    try:
        with connect(endpoint, port, deadline) as connected:
            Connection(connected, context, name, deadline=deadline).handshake()
    except Ended as ended:
        return ended.words if isinstance(ended.__cause__, ssl.SSLCertVerificationError) else ""
    return ""


def _context(offer: Offer) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # what is weak is to be seen, and said, not to look like an absence
    # Python deprecates TLS 1.0, quietly; here it is offered to be able to name it
    context.minimum_version, context.maximum_version = _VERSIONS[offer.versions]
    if offer.alpn and offer.versions != OLD:
        context.set_alpn_protocols(["http/1.1"] if offer.ask else list(offer.alpn))
    return context
