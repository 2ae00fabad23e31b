"""The connection that a request came by, as far as somebody can honestly tell: who, over TLS or not, and with which
certificate. Pure.

A WSGI application sees no TLS. What ends it tells: `device serve` by the PROXY protocol, other servers by one header
field that their configuration *sets*, so that what a client sends under that name is gone. Which field that is, the
integrator says; none is believed unasked.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dotlocal.core.errors import Refused

Environ = Mapping[str, Any]
PROXY_KEY = "dotlocal.link"  # where our own server puts what the PROXY protocol's header told
_FACT = re.compile(r"([a-z]+)=([0-9A-Za-z:.%_/-]*)")
_SERIAL = re.compile(r"[0-9A-Fa-f:]{1,64}")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"(/[0-9A-Za-z._-]+)*/?")
_AGE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_LONGEST = 400
# what nginx, HAProxy and Apache write for one and the same
_YES = frozenset(("on", "1", "r", "Resumed"))
_NO = frozenset(("off", "0", ".", "Initial", ""))


@dataclass(frozen=True, slots=True)
class Link:
    """A connection. `serial` is that of the server certificate that it was given and `fingerprint` its SHA-256, `age`
    its seconds, `resumed` whether the client went on with an earlier TLS session and saw no certificate, `path` what
    the web server in front has taken off the address of the pages; each may be unknown.
    """

    client: str
    https: bool
    serial: str = ""
    resumed: bool | None = None
    age: float | None = None
    path: str = ""
    fingerprint: str = ""


Read = Callable[[Environ], Link]


def direct(environ: Environ) -> Link:
    """Nothing stands between: as the WSGI server has it. Proves nothing about certificates."""
    return Link(_client(environ), environ.get("wsgi.url_scheme") == "https")


def by_proxy_protocol(environ: Environ) -> Link:
    """As our own server has learnt it from the PROXY protocol; refuses `pages-connection` without."""
    found = environ.get(PROXY_KEY)
    if not isinstance(found, Link):
        raise _unknown("the PROXY protocol's header is missing")
    return found


def by_header(name: str) -> Read:
    """As a web server in front writes it into a field of this name, for example
    `X-Dotlocal-Connection: client=10.0.0.9;https=on;serial=0A1B;resumed=.`; refuses `pages-connection`.
    """
    key = f"HTTP_{name.upper().replace('-', '_')}"

    def read(environ: Environ) -> Link:
        return parse(str(environ.get(key, "")))

    return read


def parse(text: str) -> Link:
    """The facts of a header field's value; refuses `pages-connection`."""
    facts: dict[str, str] = {}
    for part in text.split(";") if len(text) <= _LONGEST else ():
        found = _FACT.fullmatch(part.strip(" "))
        if not found or found[1] in facts:
            raise _unknown("it has parts that can't be read, or one twice")
        facts[found[1]] = found[2]
    client, serial = facts.get("client", ""), facts.get("serial", "")
    age, fingerprint = facts.get("age", ""), facts.get("fingerprint", "").replace(":", "").lower()
    if _address(client) == "" or facts.get("https") not in (*_YES, *_NO):
        raise _unknown("it wants client= and https=")
    if (serial and not _SERIAL.fullmatch(serial)) or (age and not _AGE.fullmatch(age)):
        raise _unknown("its serial= or age= can't be read")
    if fingerprint and not FINGERPRINT.fullmatch(fingerprint):
        raise _unknown("its fingerprint= is no SHA-256")
    path = facts.get("path", "")
    if not _PATH.fullmatch(path):
        raise _unknown("its path= can't be read")
    resumed = facts.get("resumed")
    if resumed is not None and resumed not in (*_YES, *_NO):
        raise _unknown("its resumed= can't be read")
    return Link(
        _address(client), facts["https"] in _YES, plain(serial), None if resumed is None else resumed in _YES,
        float(age) if age else None, path, fingerprint,
    )  # fmt: skip


def plain(serial: str) -> str:
    """A serial number as status.json has it."""
    return serial.replace(":", "").lower().lstrip("0")


def is_local(address: str) -> bool:
    """Whether an address is this very machine's own; a Unix socket's client has none, and is."""
    try:
        return not address or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _client(environ: Environ) -> str:
    return _address(str(environ.get("REMOTE_ADDR", "")))


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _unknown(why: str) -> Refused:
    return Refused(
        "pages-connection", f"the web server in front does not tell about the connection as it should: {why}",
        hint="compare its configuration with docs/own-pages.md",
    )  # fmt: skip
