"""A device that serves a chain below the root: connecting to it shows what a store really does."""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass

from dotlocal.browser.anchor import Anchor
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName

HTTPS = 443
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one program said about a device. `accepted` is None when it couldn't be asked, or didn't get that far."""

    program: str
    device: str
    accepted: bool | None
    words: str

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {"program": self.program, "device": self.device, "accepted": self.accepted, "words": self.words}


@dataclass(frozen=True, slots=True)
class Witness:
    """Who is asked for, and at which address; the address is looked up once, so that every program meets the same.

    A handshake takes `seconds` at most, however slowly the other side sends it.
    """

    host: HostName | Address
    port: int
    address: str
    seconds: float = SECONDS

    @classmethod
    def find(cls, text: str) -> Witness:
        """Look up `HOST[:PORT]` and connect; refuses `witness-form`, `witness-unknown` and `witness-silent`."""
        host, port = parse(text)
        try:
            found = socket.getaddrinfo(host.text, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Refused(
                "witness-unknown", f"{host} is not found: {error.strerror}",
                hint="names ending in .local need mDNS, which some networks block; name the device's address instead",
            ) from None  # fmt: skip
        reason = ""
        for *_, place in found[:8]:
            try:
                socket.create_connection((str(place[0]), port), timeout=SECONDS).close()
            except OSError as error:
                reason = str(error.strerror or error)
                continue
            return cls(host, port, str(place[0]))
        raise Refused(
            "witness-silent", f"nothing answers at {host} port {port}: {reason}",
            hint="is the device on, and on this network?",
        )  # fmt: skip

    @property
    def text(self) -> str:
        """HOST:PORT."""
        return f"[{self.host}]:{self.port}" if ":" in self.host.text else f"{self.host}:{self.port}"

    @property
    def named(self) -> bool:
        """Whether it is asked for by a name, and not by an address."""
        return isinstance(self.host, HostName)

    def testify(self, anchor: Anchor) -> None:
        """Make sure that a program which trusts this root, and nothing else, accepts the device; refuses
        `witness-unfit`: then it could prove nothing about a store.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=anchor.der)
        verdict = self.shake_hands(context, "OpenSSL")
        if not verdict.accepted:
            raise Refused(
                "witness-unfit", f"{self.text} proves nothing, refused even with this root alone: {verdict.words}",
                hint=f"is it a device of this maker, asked for by one of its names? `dotlocal doctor {self.text}`",
            )  # fmt: skip

    def shake_hands(self, context: ssl.SSLContext, program: str) -> Verdict:
        """A real handshake by OpenSSL with this context; never raises for what the network does."""
        try:
            with (
                socket.create_connection((self.address, self.port), timeout=self.seconds) as plain,
                context.wrap_socket(plain, server_hostname=self.host.text) as secure,
            ):
                return Verdict(program, self.text, True, str(secure.version()))
        except ssl.SSLCertVerificationError as error:
            return Verdict(program, self.text, False, str(error.verify_message or error.reason))
        except (OSError, ValueError) as error:
            return Verdict(program, self.text, None, str(getattr(error, "strerror", "") or error))


def parse(text: str) -> tuple[HostName | Address, int]:
    """`HOST`, `HOST:PORT`, `ADDRESS`, `[ADDRESS]:PORT`; refuses `witness-form`."""
    match = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text) or _BARE.fullmatch(text)
    try:
        host = _host(match[1] if match else text)
    except Refused as refused:
        raise Refused("witness-form", refused.message, hint=_FORM) from None
    port = int(match[2] or HTTPS) if match else 0
    if not 0 < port < 65536 or (text.startswith("[") and isinstance(host, HostName)):
        raise Refused("witness-form", f"{text[:80]!r} names no device and port", hint=_FORM)
    return host, port


_BRACKETED = re.compile(r"\[([^\]]*)\](?::([0-9]{0,5}))?")
_PLAIN = re.compile(r"([^:\[\]]*)(?::([0-9]{0,5}))?")
_BARE = re.compile(r"([0-9a-fA-F:.]+)()")
_FORM = "HOST, HOST:PORT, or [IPv6 ADDRESS]:PORT"


def _host(text: str) -> HostName | Address:
    try:
        return Address.parse(text)
    except Refused:
        return HostName.parse(text)
