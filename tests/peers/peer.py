"""What every TLS client looks like to the tests: it visits a server and says whether it accepts its certificate."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a client accepted a certificate, and the client's own words."""

    accepted: bool
    says: str


class Trouble(Exception):
    """A client said neither yes nor no to the certificate: it did not start, did not connect, or fell silent."""


class Peer(Protocol):
    """One TLS stack; it is started at the first visit, and stays until it is closed."""

    @property
    def id(self) -> str: ...

    def missing(self) -> str | None:
        """What has to be installed before this peer can be asked, or None."""

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        """Fetch `/` from 127.0.0.1:`port`, trusting only `root`, and check the certificate against `host`.

        `host` is a DNS name, which is sent as SNI, or an IP address, and then no SNI is sent. Whatever it is, every
        byte goes to 127.0.0.1. Accepted means that an HTTP answer came back over TLS, refused that the client blamed
        the certificate; anything else raises `Trouble`.
        """

    def close(self) -> None:
        """End what the visits have started."""


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def origin(host: str, port: int) -> str:
    """The URL that a person would type, with brackets around an IPv6 address (RFC 3986 3.2.2)."""
    return f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/"
