"""lighttpd whose ports systemd holds, restarted: the old process ends with its connections, the new one is up by then.

lighttpd's own graceful restart (`lighttpd`) closes a kept connection twice: its old process closes what it has, goes on
accepting until the new one is up, and closes that as well. Here it is told once, gives its ports up and closes what is
idle in one step, and new connections wait in their queue for the new process (docs/adr/0024).

systemd starts a service again when its main process has ended, and lighttpd ends when the last download has. So the
main process is a shell, which tells lighttpd and ends at once; systemd leaves the old lighttpd alone
(`KillMode=process`).
"""

from __future__ import annotations

import os

from dotlocal.core.errors import Refused
from dotlocal.device.handover import processes
from dotlocal.device.handover.lighttpd import COMMENT, PATH, PORTS, SITE, SITE_EXAMPLE, check
from dotlocal.device.handover.patience import left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

__all__ = (
    "BESIDE", "COMMENT", "HELD", "INCLUDE", "PATH", "READER", "SITE", "SITE_EXAMPLE", "SNIPPET", "running", "tell",
)  # fmt: skip

HELD = True
INCLUDE = (
    "nothing: Debian's lighttpd.conf includes conf-enabled/*.conf; disable 10-ssl.conf; install lighttpd-mod-openssl. "
    "lighttpd.socket belongs in /etc/systemd/system and dotlocal-sockets.conf in lighttpd.service.d there; then "
    "`systemctl daemon-reload; systemctl stop lighttpd; systemctl enable --now lighttpd.socket; "
    "systemctl start lighttpd`"
)
READER = "root reads the key, at each start: no group is needed"
SNIPPET = f"""\
server.modules += ( "mod_openssl" )
server.systemd-socket-activation = "enable"
server.feature-flags := (  # in place of lighttpd.conf's: += would be an error, for Debian's has this one too
    "server.graceful-shutdown-timeout" => 0  # or what is still being sent is cut off: after 5 s, as Debian has it, or 8
)
{PORTS}"""
# PIDFile=: with Debian's, systemd would take the old lighttpd for the main process as soon as the shell has ended.
# ExecReload=: SIGUSR1 would end the shell alone, and a lighttpd that nobody knows of go on with its old certificates.
# parent: the variable names the shell, which is not the process that takes the sockets (lighttpd 1.4.64).
BESIDE = {
    "/etc/systemd/system/lighttpd.socket": """\
[Unit]
Description=The ports of lighttpd
# All that its configuration names: one that it opens itself is still open in the old process when the new one starts.

[Socket]
ListenStream=0.0.0.0:@PORT@
ListenStream=[::]:@PORT@
ListenStream=0.0.0.0:80
ListenStream=[::]:80
BindIPv6Only=ipv6-only

[Install]
WantedBy=sockets.target
""",
    "/etc/systemd/system/lighttpd.service.d/dotlocal-sockets.conf": """\
[Unit]
Requires=lighttpd.socket
After=lighttpd.socket
StartLimitIntervalSec=0

[Service]
PIDFile=
ExecStart=
ExecStart=/bin/sh -c "trap 'kill -INT $$!; exit 0' INT TERM; \\
LISTEN_PID=parent:$$$$ /usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf & wait $$!"
ExecReload=
KillSignal=SIGINT
KillMode=process
""",
}
_SYSTEMCTL = "systemctl"


def running(server: Server) -> bool:
    """Whether the unit is active: one that isn't yet reads the set when it starts, and a boot would wait for itself.

    Who isn't root may get no answer, and hears why when it tells.
    """
    try:
        processes.run([_SYSTEMCTL, "is-active", "--quiet", server.unit], left(server))
    except Refused:
        return os.geteuid() != 0
    return True


def tell(server: Server, offered: OfferedSet) -> None:
    """Test the configuration, then restart."""
    check(server)
    processes.run([_SYSTEMCTL, "restart", server.unit], left(server))
