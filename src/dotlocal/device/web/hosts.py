"""The Host header: which of the device's names a browser has used, if it is one at all. Pure.

A web site elsewhere can make its own name lead to this device (DNS rebinding), and then read what the device answers to
that name. So a name that is not the device's gets no page. An address in the header can't have been rebound.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

from dotlocal.core.errors import Refused
from dotlocal.core.names import HostName

_LONGEST = 300
_HEADER = re.compile(r"(\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<other>[!-9;-~]+))(?P<port>:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Host:
    """A host as browsers write it: a name in lower case, or an address in its shortest form without brackets."""

    text: str
    is_address: bool
    port: str = ""  # with its colon, where one was said

    @property
    def in_url(self) -> str:
        """As it stands in an address bar."""
        return f"[{self.text}]" if ":" in self.text else self.text


def parse(header: str) -> Host | None:
    """The host of a Host header; None for what no browser sends for a device."""
    found = _HEADER.fullmatch(header) if len(header) <= _LONGEST else None
    if not found or (found["six"] and ":" not in found["six"]):
        return None
    return of(found["six"] or found["other"], found["port"] or "")


def of(text: str, port: str = "") -> Host | None:
    """A host of its text alone, an IPv6 address without brackets."""
    try:
        if "%" not in text:
            return Host(ipaddress.ip_address(text).compressed, True, port)
    except ValueError:
        pass
    try:
        return Host(HostName.parse(text.removesuffix(".")).text, False, port)  # a whole name ends with its root
    except Refused:
        return None


def answers(host: Host, known: Collection[str]) -> bool:
    """Whether the device answers to the host: one of its names, whether served or left out, or any address."""
    return host.is_address or host.text in known
