"""What keeps a browser from seeing a certificate at all: names, ports, other protocols, broken handshakes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dotlocal.browser.diagnosis.cause import Cause
from dotlocal.browser.observation import (
    ALERT,
    DROPPED,
    FAILED,
    HANDSHAKE,
    MALFORMED,
    NOT_TLS,
    REFUSED,
    SILENT,
    SLOW,
    TOO_LARGE,
    UNREACHABLE,
    Look,
    Observation,
    Resolution,
    Visit,
)

# outcome → code, and what it looks like; every other outcome is handshake-refused
_CODES = {
    REFUSED: ("port-closed", "refuses connections"),
    SILENT: ("port-filtered", "does not answer"),
    UNREACHABLE: ("host-unreachable", "can't be reached"),
    DROPPED: ("connection-dropped", "accepts the connection and then ends it"),
    SLOW: ("too-slow", "did not get through the handshake in time"),
    TOO_LARGE: ("chain-too-large", "sends more than 100 kB of certificates, where browsers stop reading"),
    MALFORMED: ("certificate-malformed", "sends what can't be read as a certificate"),
    ALERT: ("handshake-refused", "ends the handshake"),
    FAILED: ("handshake-refused", "fails in the handshake"),
}
# how other protocols begin → their name
_PROTOCOLS = (
    (b"HTTP/", "HTTP without TLS"), (b"<", "HTTP without TLS"), (b"SSH-", "SSH"), (b"220", "a mail or FTP server"),
    (b"* OK", "IMAP"), (b"+OK", "POP3"), (b"RFB ", "VNC"), (b"\xff\xfb", "Telnet"), (b"\xff\xfd", "Telnet"),
)  # fmt: skip


def causes(seen: Observation) -> Iterator[Cause]:
    """Everything on the way, up to and with the handshake."""
    yield from _resolution(str(seen.target.host), seen.resolution)
    failed = [(visit, _failure(visit, seen.target.port)) for visit in seen.visits if not visit.main.succeeded]
    if len(failed) == len(seen.visits):
        yield from (cause for _, cause in failed)
        return
    for visit, cause in failed:
        yield Cause(
            "address-silent", str(visit.endpoint),
            f"{cause.told}, while another address of {seen.target.host} answers",
        )  # fmt: skip


def _resolution(name: str, found: Resolution) -> Iterator[Cause]:
    if found.given:
        return
    addresses = ", ".join(str(each) for each in found.mdns)
    if not found.system and found.mdns:
        yield Cause(
            "mdns-not-used", name, f"mDNS says that {name} is at {addresses}; this computer's resolver finds nothing",
        )  # fmt: skip
    elif not found.system and found.renamed:
        others = ", ".join(found.renamed)
        yield Cause(
            "name-renamed", name, f"nobody answers for {name}, and somebody does for {others}",
            f"open https://{found.renamed[0]}, or give one of the two devices another name",
        )  # fmt: skip
    elif not found.system:
        asked = "neither DNS nor mDNS knows" if found.asked_mdns else "this computer's resolver does not know"
        yield Cause("name-not-found", name, f"{asked} {name}")
    elif found.mdns and not {each.address for each in found.system} & {each.address for each in found.mdns}:
        by_system = ", ".join(str(each) for each in found.system)
        yield Cause(
            "resolvers-differ", name,
            f"this computer's resolver says that {name} is at {by_system}; mDNS says {addresses}",
        )  # fmt: skip


def _failure(visit: Visit, port: int) -> Cause:
    main, outdated, place = visit.main, visit.outdated, f"{visit.endpoint} port {port}"
    if outdated and (outdated.outcome == HANDSHAKE or _chosen_old(main)):
        version = outdated.version or "TLS 1.1 or older"
        return Cause("tls-too-old", place, f"{place} offers {version} at the most")
    if main.outcome == ALERT and _unknown_name(visit):
        return Cause("sni-refused", place, f"{place} does not know the name {main.sni}")
    if "certificate required" in main.words:
        return Cause("client-certificate", place, f"{place} demands a certificate of the browser")
    if main.outcome == NOT_TLS:
        protocol = _protocol(main.first)
        hint = "open it as http://, or name the port of HTTPS" if protocol.startswith("HTTP") else ""
        return Cause("not-tls", place, f"{place} speaks {protocol}", hint)
    code, told = _CODES.get(main.outcome, _CODES[FAILED])
    return Cause(code, place, f"{place} {told}" + (f" ({main.words})" if main.words else ""))


def _unknown_name(visit: Visit) -> bool:
    """The alert says so, or the very same handshake works when no name is given."""
    by_address = visit.by_address
    return "unrecognized name" in visit.main.words or (by_address is not None and by_address.succeeded)


def _chosen_old(main: Look) -> bool:
    return "unsupported protocol" in main.words


def _protocol(first: bytes) -> str:
    named = (protocol for start, protocol in _PROTOCOLS if first.startswith(start))
    return next(named, "a protocol that is not TLS")
