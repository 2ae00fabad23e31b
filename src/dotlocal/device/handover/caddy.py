"""Caddy, over its admin API: its configuration is loaded again with `must-revalidate`.

Without that header an unchanged configuration means to Caddy that nothing is to be done, new files or not. Unless
`config` names a file, what is loaded is what runs, so that a hand-over never brings in other changes.
"""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException

from dotlocal.core.errors import Refused
from dotlocal.device.handover.servers import endpoint
from dotlocal.host import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/caddy/dotlocal.caddyfile"
INCLUDE = "`import @PATH@` as the first line of the Caddyfile, for its global options"
READER = 'Caddy\'s user reads the key: set group = "caddy" in device.toml'
# Not Caddy's business here: certificates of its own, for which it would try to change this computer's trust store.
SNIPPET = """\
{
	auto_https off
}
@NAMES@ {
	tls @RUN@/current/names.pem @RUN@/current/privkey.pem
	import @SITE@
}
https://:@PORT@ {
	tls @RUN@/current/fullchain.pem @RUN@/current/privkey.pem
	import @SITE@
}
"""
SITE = "/etc/caddy/dotlocal-site.caddyfile"
SITE_EXAMPLE = "reverse_proxy 127.0.0.1:8080"

_SECONDS = 10.0
_MOST_OCTETS = 4 << 20
_FILE_TYPE = {"Content-Type": "text/caddyfile"}
_JSON_TYPE = {"Content-Type": "application/json"}


class _Local(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def running(server: Server) -> bool:
    """Whether the admin API answers."""
    connection = _connection(server.socket)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def tell(server: Server, offered: OfferedSet) -> None:
    """Load the configuration again; refuses `handover-refused` with Caddy's own words."""
    if server.config:
        kind = _JSON_TYPE if server.config.endswith(".json") else _FILE_TYPE
        config = files.read(server.config, most=_MOST_OCTETS)
    else:
        kind, config = _JSON_TYPE, _ask(server, "GET", "/config/")
    _ask(server, "POST", "/load", config, {**kind, "Cache-Control": "must-revalidate"})


def _ask(
    server: Server, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    connection = _connection(server.socket)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read(_MOST_OCTETS)
    except (OSError, HTTPException) as error:
        raise Refused("handover-refused", f"Caddy's admin API at {server.socket}: {error}") from None
    finally:
        connection.close()
    if answer.status != 200:
        words = " ".join(text.decode(errors="replace").split())[:300]
        raise Refused("handover-refused", f"Caddy answers to {method} {path} with {answer.status}: {words}")
    return text


def _connection(where: str) -> HTTPConnection:
    if where.startswith("/"):
        return _Local(where)
    host, port = endpoint("handover.socket", where)
    return HTTPConnection(host, port, timeout=_SECONDS)
