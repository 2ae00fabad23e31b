"""Apache httpd, restarted gracefully (SIGUSR1): old children end with their connections.

With a key of another certificate a graceful restart ends Apache altogether, and `apachectl -t` doesn't notice; that is
one reason why a set is checked before it is handed over.
"""

from __future__ import annotations

from signal import SIGUSR1

from dotlocal.device.handover import processes
from dotlocal.device.handover.patience import left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/apache2/sites-available/000-dotlocal.conf"
INCLUDE = "`a2enmod ssl && a2ensite 000-dotlocal` (Debian); `Listen @PORT@` is in its ports.conf"
READER = "root reads the key, at start and at each graceful restart: no group is needed"
SNIPPET = """\
<IfModule mpm_event_module>
    # One process takes connections at a time: of several, one may take a connection just before it ends, and close it.
    StartServers 1
    ThreadsPerChild 64
    MaxRequestWorkers 64
    MinSpareThreads 1
    MaxSpareThreads 128
</IfModule>
<VirtualHost *:@PORT@>
    # The first one: for browsers that open an address, and name no host.
    SSLEngine on
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    SSLCertificateFile @RUN@/current/fullchain.pem
    SSLCertificateKeyFile @RUN@/current/privkey.pem
    Include @SITE@
</VirtualHost>
<VirtualHost *:@PORT@>
    ServerName dotlocal.invalid
    ServerAlias @NAMES@
    SSLEngine on
    SSLProtocol -all +TLSv1.2 +TLSv1.3
    SSLCertificateFile @RUN@/current/names.pem
    SSLCertificateKeyFile @RUN@/current/privkey.pem
    Include @SITE@
</VirtualHost>
"""
SITE = "/etc/apache2/dotlocal-site.conf"
SITE_EXAMPLE = "ProxyPass / http://127.0.0.1:8080/"

_NAMES = ("apache2", "httpd")


def running(server: Server) -> bool:
    """Whether the parent process is alive."""
    return _name(server) is not None


def tell(server: Server, offered: OfferedSet) -> None:
    """Test the configuration, then restart gracefully."""
    name = _name(server)
    if name is None:
        raise processes.not_running(server.pid_file, "Apache")
    named = ["-f", server.config] if server.config else []
    processes.run([server.program, *named, "-t"], left(server))
    processes.send(server.pid_file, name, SIGUSR1)


def _name(server: Server) -> str | None:
    for name in _NAMES:
        if processes.find(server.pid_file, name):
            return name
    return None
