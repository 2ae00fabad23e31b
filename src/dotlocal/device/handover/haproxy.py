"""HAProxy, over its runtime API: both certificates are replaced in memory, and no connection notices.

HAProxy takes any key with any certificate into a transaction; that the two belong together is checked before, by
`offered.load`. The files on the disk are the same by then, for its next start.
"""

from __future__ import annotations

import socket

from dotlocal.core.errors import Refused
from dotlocal.device.handover.patience import left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/haproxy/dotlocal.cfg"
INCLUDE = (
    "-f @PATH@ after haproxy.cfg (Debian: EXTRAOPTS in /etc/default/haproxy), whose global section has "
    "`stats socket /run/haproxy/admin.sock mode 660 level admin` and `tune.ssl.cachesize 0`"
)
READER = "root reads the key, at start; whoever hands over must be allowed to use the stats socket"
# No tickets: their keys are those of the port, and would outlive the certificate.
SNIPPET = """\
frontend dotlocal
    mode http
    timeout client 60s
    bind :@PORT@,[::]:@PORT@ v6only ssl crt-list @BESIDE@ ssl-min-ver TLSv1.2 no-tls-tickets alpn h2,http/1.1
    default_backend @SITE@
"""
# `!*`: for no name at all, which leaves it what the first line is, the default for clients that name no host
BESIDE = {
    "/etc/haproxy/dotlocal.crt-list": """\
@RUN@/current/bundle.pem !*
@RUN@/current/names-bundle.pem
"""
}
SITE = "device"
SITE_EXAMPLE = "backend device / server web 127.0.0.1:8080"

_SECONDS = 5.0
_MOST_OCTETS = 1 << 20


def running(server: Server) -> bool:
    """Whether the stats socket answers."""
    try:
        _connect(server).close()
    except OSError:
        return False
    return True


def tell(server: Server, offered: OfferedSet) -> None:
    """Replace each bundle that the configuration refers to; refuses `handover-refused` with HAProxy's own words."""
    known = _ask(server, "show ssl cert").split("\n")
    paths = {f"{offered.link}/{name}": text for name, text in offered.bundles.items()}
    referenced = [path for path in paths if path in known]
    if not referenced:
        raise Refused(
            "handover-refused", f"HAProxy's configuration refers to none of {', '.join(paths)}",
            hint="`dotlocal device install --server haproxy` prints one that does",
        )  # fmt: skip
    for path in paths:
        if f"*{path}" in known:  # a transaction that somebody began and left
            _ask(server, f"abort ssl cert {path}")
    for path in referenced:
        answer = _ask(server, f"set ssl cert {path} <<\n{paths[path].strip()}\n")
        if "Transaction created" not in answer and "Transaction updated" not in answer:
            raise _refused("set ssl cert", path, answer)
        answer = _ask(server, f"commit ssl cert {path}")
        if "Success!" not in answer:
            _ask(server, f"abort ssl cert {path}")
            raise _refused("commit ssl cert", path, answer)


def _refused(verb: str, path: str, answer: str) -> Refused:
    return Refused("handover-refused", f"HAProxy answers to `{verb} {path}`: {' '.join(answer.split())[:300]}")


def _ask(server: Server, command: str) -> str:
    answer = bytearray()
    try:
        with _connect(server) as connection:
            connection.sendall(f"{command}\n".encode())
            while (data := connection.recv(1 << 16)) and len(answer) < _MOST_OCTETS:
                answer += data
                connection.settimeout(left(server, _SECONDS))
    except OSError as error:
        raise Refused(
            "handover-refused", f"HAProxy's stats socket {server.socket}: {error.strerror or error}",
            hint="`stats socket … level admin`, and a user that may write to it",
        ) from None  # fmt: skip
    return answer.decode(errors="replace")


def _connect(server: Server) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(left(server, _SECONDS))
    try:
        connection.connect(server.socket)
    except OSError:
        connection.close()
        raise
    return connection
