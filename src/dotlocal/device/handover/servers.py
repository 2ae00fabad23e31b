"""Which web servers a set can be handed over to: a row each. Pure; nothing of an adapter is imported until it is used.

`both`: whether the server can serve both certificates, `names.pem` to clients that name a host (SNI, RFC 6066 3) and
`fullchain.pem` to those that name none. docs/web-servers.md shows this table.
"""

from __future__ import annotations

from dotlocal.core.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT = "127.0.0.1:443"
SECONDS = 8
BOOT, ASKED = "boot", "asked"


class Row:
    """One server: its adapter's module, the keys of `[handover]` that it knows with their defaults, what it serves."""

    __slots__ = ("both", "how", "keys", "module", "reader")

    def __init__(self, module: str, how: str, *, keys: Mapping[str, str], both: str, reader: str) -> None:
        self.module = module
        self.how = how
        self.keys = keys
        self.both = both  # which certificate whom, in words
        self.reader = reader  # who reads the key


_BY_SNI = "both, by SNI"
_ROOT = "root, at each start and reload"

SERVERS: dict[str, Row] = {
    "nginx": Row(
        "nginx", "`nginx -t`, then SIGHUP", both=_BY_SNI, reader=_ROOT,
        keys={"config": "", "pid_file": "/run/nginx.pid", "program": "nginx"},
    ),
    "nginx-variable": Row(
        "nginx_variable", "nothing: the files are read at each handshake", both=_BY_SNI, keys={},
        reader="the workers (Debian: www-data)",
    ),
    "lighttpd": Row(
        "lighttpd", "`lighttpd -tt`, then SIGUSR1", both=_BY_SNI, reader="the server's user (Debian: www-data)",
        keys={"config": "/etc/lighttpd/lighttpd.conf", "pid_file": "/run/lighttpd.pid", "program": "lighttpd"},
    ),
    "lighttpd-socket": Row(
        "lighttpd_socket", "`lighttpd -tt`, then `systemctl restart`, while systemd holds its ports", both=_BY_SNI,
        reader="root, at each start",
        keys={"config": "/etc/lighttpd/lighttpd.conf", "program": "lighttpd", "unit": "lighttpd.service"},
    ),
    "haproxy": Row(
        "haproxy", "`set ssl cert` and `commit ssl cert` on the stats socket", both=_BY_SNI, reader="root, at start",
        keys={"socket": "/run/haproxy/admin.sock"},
    ),
    "caddy": Row(
        "caddy", "nothing: it asks at each handshake; or POST /load to the admin API", both=_BY_SNI,
        reader="the user caddy",
        keys={"config": "", "socket": "127.0.0.1:2019"},
    ),
    "apache": Row(
        "apache", "`apachectl -t`, then SIGUSR1 (graceful)", both=_BY_SNI, reader=_ROOT,
        keys={"config": "", "pid_file": "/run/apache2/apache2.pid", "program": "apachectl"},
    ),
    "command": Row(
        "command", "a command of yours", both="what your server is set to; `fullchain.pem` where it can serve only one",
        reader="your server", keys={"command": ""},
    ),
}  # fmt: skip
COMMON_KEYS = ("server", "connect", "when", "seconds")


class Server:
    """The server of `[handover]`, with defaults filled in. `connect` is where it serves, for the proof afterwards.

    `until`: when its time is over, in monotonic time, once a hand-over has begun (`patience`).
    """

    __slots__ = ("command", "config", "connect", "name", "pid_file", "program", "seconds", "socket", "unit", "until")

    def __init__(self, told: Mapping[str, str], command: list[str]) -> None:
        """From what device.toml says, checked already; refuses `endpoint` and `handover-server`."""
        self.name = told.get("server", "")
        row = row_of(self.name)
        self.connect = endpoint("handover.connect", told.get("connect", CONNECT))
        self.seconds = int(told.get("seconds", SECONDS))
        self.config, self.pid_file, self.program, self.socket, self.unit = (
            told.get(key, row.keys.get(key, "")) for key in ("config", "pid_file", "program", "socket", "unit")
        )
        self.command = command
        self.until: float | None = None


def row_of(name: str) -> Row:
    """The row of a server; refuses `handover-server`."""
    try:
        return SERVERS[name]
    except KeyError:
        raise Refused(
            "handover-server", f"handover.server is {name!r}", hint=f"it can be {', '.join(SERVERS)}"
        ) from None


def endpoint(key: str, text: str) -> tuple[str, int]:
    """HOST:PORT as a pair; refuses `endpoint`."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not _is_host(host) or not port.isascii() or not port.isdigit() or not 0 < int(port) <= 65535:
        raise Refused("endpoint", f"{key} is {text!r}, not HOST:PORT", hint="as in 127.0.0.1:443 or [::1]:443")
    return host, int(port)


def _is_host(host: str) -> bool:
    try:
        return bool(host.encode("idna")) and host.isprintable() and "/" not in host
    except UnicodeError:  # an empty label, or one that is too long
        return False
