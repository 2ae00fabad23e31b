"""Caddy asks for its certificates at each handshake, and is told nothing: a reload would close what its old listener
has just accepted. Whom it asks is itself, a site on loopback whose path is a secret (docs/adr/0023).

A configuration that names the files instead is loaded again, with `must-revalidate`: without that header an unchanged
one means to Caddy that nothing is to be done, new files or not. Unless `config` names a file, what is loaded is what
runs, so that a hand-over never brings in other changes.
"""

from __future__ import annotations

import json
import os
import socket
from http.client import HTTPConnection, HTTPException

from dotlocal.core.errors import Refused
from dotlocal.device.handover.patience import left
from dotlocal.device.handover.servers import endpoint
from dotlocal.host import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/caddy/dotlocal.caddyfile"
INCLUDE = "`import @PATH@` as the first line of the Caddyfile, for its global options"
READER = (
    "Caddy's user reads the key, and this file, which holds a secret: with the units, `usermod -aG dotlocal-tls caddy`;"
    ' without them, group = "caddy" in device.toml; and `chgrp caddy @PATH@`'
)
# Not Caddy's business here: certificates of its own, for which it would try to change this computer's trust store.
SNIPPET = """\
{
	auto_https off
}
http://127.0.0.1:2020 {  # here Caddy asks itself, at each handshake; the path is a secret
	bind 127.0.0.1
	root * @RUN@/current
	@named vars_regexp {http.request.uri.query.server_name} (?i)[a-z][^.]*$  # the last label of a name has a letter
	handle /@SECRET@ {
		rewrite @named /names-bundle.pem
		rewrite /@SECRET@ /bundle.pem  # browsers that open an address name no host
		file_server
	}
}
https://:@PORT@ {
	tls {
		get_certificate http http://127.0.0.1:2020/@SECRET@
	}
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

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path, self._seconds = path, seconds

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._path)


def running(server: Server) -> bool:
    """Whether the admin API answers."""
    connection = _connection(server)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def tell(server: Server, offered: OfferedSet) -> None:
    """Load the configuration again, where it has to be; refuses `handover-refused` with Caddy's own words."""
    if server.config:
        kind = _JSON_TYPE if server.config.endswith(".json") else _FILE_TYPE
        return _load(server, files.read(server.config, most=_MOST_OCTETS), kind)
    running = _ask(server, "GET", "/config/")
    tls = _inside(running, "apps", "tls")
    if not _asks(tls) or _names_files(tls, os.path.dirname(offered.folder)):
        return _load(server, running, _JSON_TYPE)
    # Once for each start of Caddy, whose own language has no word for it: a ticket would outlive its certificate.
    if _part(tls, "session_tickets", "disabled") is not True:
        _ask(server, "POST", "/config/apps/tls/session_tickets", b'{"disabled": true}', _JSON_TYPE)
    return None


def _load(server: Server, config: bytes, kind: dict[str, str]) -> None:
    _ask(server, "POST", "/load", config, {**kind, "Cache-Control": "must-revalidate"})


def _asks(tls: object) -> bool:
    policies = _part(tls, "automation", "policies")
    return isinstance(policies, list) and any(_part(policy, "get_certificate") for policy in policies)


def _names_files(tls: object, run: str) -> bool:
    pairs, folders = (_part(tls, "certificates", each) for each in ("load_files", "load_folders"))
    named = [_part(pair, "certificate") for pair in pairs] if isinstance(pairs, list) else []
    named += folders if isinstance(folders, list) else []
    run = os.path.realpath(run)
    return any(isinstance(path, str) and os.path.realpath(path).startswith(run) for path in named)


def _inside(config: bytes, *names: str) -> object:
    try:
        return _part(json.loads(config), *names)
    except (ValueError, RecursionError):
        raise Refused("handover-refused", "Caddy's admin API shows a configuration that is no JSON") from None


def _part(value: object, *names: str) -> object:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _ask(
    server: Server, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    connection = _connection(server)
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


def _connection(server: Server) -> HTTPConnection:
    if server.socket.startswith("/"):
        return _Local(server.socket, left(server, _SECONDS))
    host, port = endpoint("handover.socket", server.socket)
    return HTTPConnection(host, port, timeout=left(server, _SECONDS))
