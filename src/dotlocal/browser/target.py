"""What doctor is asked about: a host name or an address, and a port. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.names import Address, HostName

HTTPS = 443


@dataclass(frozen=True, slots=True)
class Target:
    """What would stand in the address bar."""

    host: HostName | Address
    port: int = HTTPS

    @classmethod
    def parse(cls, text: str) -> Target:
        """`press-07.local`, `press-07.local:8443`, `192.168.77.7`, `[fd00::7]:443`, or a URL that starts with https.

        Refuses `not-a-target`, and a name that is none with the code of `HostName.parse`.
        """
        rest = text.strip()
        if "://" in rest:
            scheme, _, rest = rest.partition("://")
            if scheme.lower() != "https":
                raise Absent("not-a-target", f"{text[:80]!r} is no https address", hint="name the host and its port")
            rest = rest.partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
        try:
            host, port = _split(rest, text)
            return cls(parse_host(host), port)
        except Absent:
            raise
        except Refused as refused:
            raise Absent(refused.code, refused.message, hint=refused.hint) from None

    @property
    def asks_mdns(self) -> bool:
        """Whether the name is one that mDNS answers (RFC 6762 3)."""
        return isinstance(self.host, HostName) and self.host.text.endswith(".local")

    def __str__(self) -> str:
        host = f"[{self.host}]" if isinstance(self.host, Address) and len(self.host.packed) == 16 else str(self.host)
        return host if self.port == HTTPS else f"{host}:{self.port}"


def parse_host(text: str) -> HostName | Address:
    """A host name or an address, whichever it is."""
    try:
        return Address.parse(text)
    except Refused as refused:
        if refused.code == "zone":
            raise
        return HostName.parse(text)


def _split(rest: str, text: str) -> tuple[str, int]:
    port = ""
    if rest.startswith("["):
        host, bracket, after = rest[1:].partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise Absent("not-a-target", f"{text[:80]!r} has a bracket too few", hint="write [fd00::7]:443")
        port = after[1:]
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    else:
        host = rest
    if not host or (port and not (port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536)):
        raise Absent("not-a-target", f"{text[:80]!r} is no host with a port", hint="write press-07.local:8443")
    return host, int(port or HTTPS)
