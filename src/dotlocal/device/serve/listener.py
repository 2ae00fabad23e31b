# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""The socket that clients connect to."""

from __future__ import annotations

from _socket import (
    AF_INET,
    AF_INET6,
    AI_PASSIVE,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    SO_REUSEADDR,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    SOL_SOCKET,
    getaddrinfo,
    socket,
)
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL, EINVAL

from dotlocal.core.errors import Refused
from dotlocal.device.serve.back_end import at, host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket as HighLevel  # noqa: N812

_REASONS = {
    EACCES: ("port-not-permitted", "not permitted", "ports below 1024 need root or CAP_NET_BIND_SERVICE; see --user"),
    EADDRINUSE: ("address-in-use", "already in use", "stop the other server, or choose another port"),
    EADDRNOTAVAIL: ("no-such-address", "not an address of this machine", ""),
    EINVAL: ("cannot-listen", "invalid argument", "a link-local address wants its interface: [fe80::1%eth0]:443"),
}


class Listener(socket):
    """A socket that hands out those of its clients, and is closed at the end of a `with`."""

    def accept(self) -> tuple[socket, tuple[str, int]]:
        """The next client that waits, and its address; raises OSError, BlockingIOError when there is none."""
        descriptor, client = self._accept()  # type: ignore[attr-defined]  # what `socket.socket.accept` calls, too
        return socket(self.family, SOCK_STREAM, 0, descriptor), client

    def high_level(self) -> HighLevel:
        """The same as a socket of `socket`, for servers that want one; this one is closed."""
        from socket import socket as high_level

        return high_level(fileno=self.detach())

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bind(listen: tuple[str, int]) -> Listener:
    """A bound socket that doesn't listen yet; host "" is every address, over IPv6 and IPv4 where there is IPv6.

    Refuses `port-not-permitted`, `address-in-use`, `no-such-address` and `cannot-listen`.
    """
    try:
        family, address = _resolved(listen)
        bound = Listener(family, SOCK_STREAM | SOCK_NONBLOCK)
        try:
            bound.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
            if family == AF_INET6:
                bound.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, bool(listen[0]))
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        code, reason, hint = _REASONS.get(number or 0, ("cannot-listen", why.lower(), ""))
        raise Refused(code, f"can't listen on {at(listen)}: {reason}", hint=hint) from None
    return bound


def _resolved(listen: tuple[str, int]) -> tuple[int, tuple[str, int]]:
    if not listen[0]:
        every = (AF_INET6, "::") if _has_ipv6() else (AF_INET, "0.0.0.0")  # noqa: S104  the very wish
        return every[0], (every[1], listen[1])
    found = getaddrinfo(host_name(listen[0]), listen[1], type=SOCK_STREAM, flags=AI_PASSIVE)
    return found[0][0], found[0][4]  # type: ignore[return-value]  # the zone of a link-local address comes third and fourth


def _has_ipv6() -> bool:
    try:
        with Listener(AF_INET6, SOCK_STREAM) as probe:
            probe.bind(("::", 0))  # the family may exist and be switched off (ipv6.disable_ipv6)
    except OSError:
        return False
    return True
