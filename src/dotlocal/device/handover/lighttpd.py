"""lighttpd, restarted gracefully (SIGUSR1; SIGHUP only opens its logs anew).

Without the feature `graceful-restart-bg` new connections hang until the longest download has ended, and with a relative
`-f` the daemon doesn't find its configuration again and ends. With that feature it starts itself anew, as its own user
and by the name that it was started with, and ends unless that is an absolute path and the pid file can be written. The
snippet sets the feature; `tell` refuses whatever would end the daemon.
"""

from __future__ import annotations

import os
from signal import SIGUSR1

from dotlocal.core.errors import Refused
from dotlocal.device.handover import processes
from dotlocal.device.handover.patience import left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/lighttpd/conf-enabled/90-dotlocal.conf"
INCLUDE = (
    "nothing: Debian's lighttpd.conf includes conf-enabled/*.conf; disable 10-ssl.conf; install lighttpd-mod-openssl"
)
READER = (
    "lighttpd's user reads the key, and writes its pid file: with the units, `usermod -aG dotlocal-tls www-data`; "
    'without them, group = "www-data" in device.toml; and put '
    "`f /run/lighttpd.pid 0644 www-data www-data -` into /etc/tmpfiles.d/dotlocal-lighttpd.conf"
)
SNIPPET = """\
server.modules += ( "mod_openssl" )
server.feature-flags := (  # in place of lighttpd.conf's: += would be an error, for Debian's has the second one too
    "server.graceful-restart-bg" => "enable",
    "server.graceful-shutdown-timeout" => 0  # or what is still being sent is cut off: after 5 s, as Debian has it, or 8
)
"""
# No tickets: their keys outlive a graceful restart.
PORTS = """\
$SERVER["socket"] == ":@PORT@" {
    ssl.engine = "enable"
    ssl.pemfile = "@RUN@/current/bundle.pem"  # browsers that open an address name no host
    ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2", "Options" => "-SessionTicket" )
    $HTTP["host"] =~ "[a-z][^.:]*(:[0-9]+)?$" {  # those that name one: its last label has a letter
        ssl.pemfile = "@RUN@/current/names-bundle.pem"
    }
    include "@SITE@"
}
$SERVER["socket"] == "[::]:@PORT@" {
    ssl.engine = "enable"
    ssl.pemfile = "@RUN@/current/bundle.pem"
    ssl.openssl.ssl-conf-cmd = ( "MinProtocol" => "TLSv1.2", "Options" => "-SessionTicket" )
    $HTTP["host"] =~ "[a-z][^.:]*(:[0-9]+)?$" {
        ssl.pemfile = "@RUN@/current/names-bundle.pem"
    }
    include "@SITE@"
}
"""
SNIPPET += PORTS
SITE = "/etc/lighttpd/dotlocal-site.conf"
SITE_EXAMPLE = 'server.document-root = "/var/www/html"'


def running(server: Server) -> bool:
    """Whether the daemon is alive."""
    return processes.find(server.pid_file, "lighttpd") is not None


def tell(server: Server, offered: OfferedSet) -> None:
    """Test the configuration, then restart gracefully; refuses what would end the daemon."""
    pid = processes.find(server.pid_file, "lighttpd")
    if pid:
        _refuse_what_ends_it(server, pid)
    check(server)
    processes.send(server.pid_file, "lighttpd", SIGUSR1)


def check(server: Server) -> None:
    """Test the configuration; refuses `handover-command`. With `-tt` lighttpd loads modules and certificates, and ends
    badly as a root that may not become its user, such as our unit's; that one tests the syntax.
    """
    whole = os.geteuid() != 0 or processes.may_become_others()
    processes.run([server.program, "-tt" if whole else "-t", "-f", server.config], left(server))


def _refuse_what_ends_it(server: Server, pid: int) -> None:
    words = processes.words_of(pid)
    paths = [*words[:1], *(words[at + 1] for at in range(len(words) - 1) if words[at] == "-f")]
    for path in paths:
        if not path.startswith("/"):
            raise Refused(
                "handover-refused", f"lighttpd was started with the relative path {path}, and would end instead",
                hint="start it by an absolute path, and with one after -f",
            )  # fmt: skip
    found, user = os.stat(server.pid_file), processes.user_of(pid)
    if user not in (0, found.st_uid) and not found.st_mode & 0o022:
        raise Refused(
            "handover-refused", f"{server.pid_file} can't be written by lighttpd (user {user}), and it would end",
            hint="give the file to lighttpd's user, as `dotlocal device install --server lighttpd` says",
        )  # fmt: skip
