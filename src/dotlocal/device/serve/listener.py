# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""The socket that clients connect to."""

from __future__ import annotations

import socket
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL

from dotlocal.core.errors import Refused
from dotlocal.device.serve.back_end import at

_REASONS = {
    EACCES: ("port-not-permitted", "not permitted", "ports below 1024 need root or CAP_NET_BIND_SERVICE; see --user"),
    EADDRINUSE: ("address-in-use", "already in use", "stop the other server, or choose another port"),
    EADDRNOTAVAIL: ("no-such-address", "not an address of this machine", ""),
}


def bind(listen: tuple[str, int]) -> socket.socket:
    """A bound socket that doesn't listen yet; host "" is every address, over IPv6 and IPv4 where there is IPv6.

    Refuses `port-not-permitted`, `address-in-use`, `no-such-address` and `cannot-listen`.
    """
    try:
        family, address = _resolved(listen)
        bound = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, bool(listen[0]))
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        code, reason, hint = _REASONS.get(number or 0, ("cannot-listen", str(error).lower(), ""))
        raise Refused(code, f"can't listen on {at(listen)}: {reason}", hint=hint) from None
    return bound


def _resolved(listen: tuple[str, int]) -> tuple[socket.AddressFamily, tuple[str, int]]:
    if not listen[0]:
        every = (socket.AF_INET6, "::") if _has_ipv6() else (socket.AF_INET, "0.0.0.0")  # noqa: S104  the very wish
        return every[0], (every[1], listen[1])
    found = socket.getaddrinfo(listen[0], listen[1], type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return found[0][0], found[0][4]  # type: ignore[return-value]  # the zone of a link-local address comes third and fourth


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))  # the family may exist and be switched off (ipv6.disable_ipv6)
    except OSError:
        return False
    return True
