# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""What a relay connects its client to: the device's own web interface on a TCP port."""

from __future__ import annotations

import posix as os
from _socket import SOCK_NONBLOCK, SOCK_STREAM, getaddrinfo, socket
from errno import EINPROGRESS

from dotlocal.core.errors import Refused
from dotlocal.device.serve.notices import Notices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

_TEXT = b"""\
The web interface of this device does not answer.

The secure connection to the device works, but the program behind it, which makes the pages, doesn't accept connections.
If the device has just been switched on, wait a minute and load this page again. If it stays like this, restart the
device, or ask those who look after it.
"""

# The whole answer when there is no back end. Nothing in it depends on the request, and nothing tells how things are
# arranged behind it.
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"Cache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"Connection: close\r\n"
    b"\r\n%s" % (len(_TEXT), _TEXT)
)


class BackEnd(Protocol):
    """Where the bytes of a client go."""

    def dial(self, attempt: int) -> socket | None:
        """Start connecting in the `attempt`-th way (from 0) without waiting; None when there are no more ways.

        Raises OSError when this way is known at once not to work.
        """

    def lost(self, failure: OSError) -> None:
        """Take note that a client could not be connected, and why."""


class TcpBackEnd:
    """A host and port, at every address that the host had when the service started."""

    __slots__ = ("_addresses", "_name", "_notices")

    def __init__(self, to: tuple[str, int], notices: Notices) -> None:
        """Looks the host up once, since a look-up would hold up everybody; refuses `no-such-back-end`."""
        try:
            found = getaddrinfo(host_name(to[0]), to[1], type=SOCK_STREAM)
        except (OSError, UnicodeError):
            message = f"the back end {at(to)} has no address that can be found"
            raise Refused("no-such-back-end", message, hint="write its address, such as 127.0.0.1") from None
        self._addresses = [(family, address) for family, _, _, _, address in found]
        self._name = at(to)
        self._notices = notices

    @property
    def local(self) -> bool:
        """Whether clients will seem to the back end to be on this very machine."""
        hosts = [str(address[0]).partition("%")[0] for _, address in self._addresses]
        return any(host == "::1" or host.removeprefix("::ffff:").startswith("127.") for host in hosts)

    def dial(self, attempt: int) -> socket | None:
        """See BackEnd."""
        if attempt >= len(self._addresses):
            return None
        family, address = self._addresses[attempt]
        connection = socket(family, SOCK_STREAM | SOCK_NONBLOCK)
        code = connection.connect_ex(address)
        if code not in (0, EINPROGRESS):
            connection.close()
            raise OSError(code, os.strerror(code))
        return connection

    def lost(self, failure: OSError) -> None:
        """See BackEnd."""
        reason = (failure.strerror or str(failure)).lower()
        line = f"warning: the back end {self._name} does not answer ({reason}); clients get error 502"
        self._notices.rarely("back end", line)


def host_name(host: str) -> str | bytes:
    """What the resolver is to be given: octets if it is ASCII, since a text brings in IDNA and all that it imports."""
    return host.encode("ascii") if host.isascii() else host


def at(address: tuple[str, int]) -> str:
    """Host and port as people write them: `10.0.0.7:443`, `[fe80::1]:443`."""
    host = f"[{address[0]}]" if ":" in address[0] else address[0] or "*"
    return f"{host}:{address[1]}"
