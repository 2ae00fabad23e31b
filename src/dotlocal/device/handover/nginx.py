"""nginx, told to reload: the master reads both pairs as root, old workers end with their connections.

A set that doesn't load leaves nginx with the old one, and `nginx -t` says why beforehand.
"""

from __future__ import annotations

from signal import SIGHUP

from dotlocal.device.handover import processes
from dotlocal.device.handover.patience import left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/nginx/conf.d/dotlocal.conf"
# One worker: each closes its listening sockets before its idle connections (ngx_worker_process_cycle), but is told to
# quit apart from the others, and one that doesn't know yet takes what comes back from one that does.
INCLUDE = (
    "nothing: Debian's nginx.conf includes conf.d/*.conf; remove other servers that listen on the same port, and let "
    "nginx.conf say `worker_processes 1;`, so that no reload closes a kept connection twice"
)
READER = "root reads the key, at start and reload: no group is needed"
# No session cache: a shared one outlives reloads, and would resume with the certificate before (tickets don't).
SNIPPET = """\
server {  # browsers that open an address name no host
    listen @PORT@ ssl default_server;
    listen [::]:@PORT@ ssl default_server;
    server_name _;
    ssl_certificate @RUN@/current/fullchain.pem;
    ssl_certificate_key @RUN@/current/privkey.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    include @SITE@;
}
server {  # those that name one: its last label has a letter
    listen @PORT@ ssl;
    listen [::]:@PORT@ ssl;
    server_name "~[a-z][^.]*$";
    ssl_certificate @RUN@/current/names.pem;
    ssl_certificate_key @RUN@/current/privkey.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    include @SITE@;
}
"""
SITE = "/etc/nginx/dotlocal-site.conf"
SITE_EXAMPLE = "location / { proxy_pass http://127.0.0.1:8080; }"


def running(server: Server) -> bool:
    """Whether the master is alive."""
    return processes.find(server.pid_file, "nginx") is not None


def tell(server: Server, offered: OfferedSet) -> None:
    """Test the configuration, then reload; refuses what nginx would."""
    named = ["-c", server.config] if server.config else []
    processes.run([server.program, "-t", "-q", *named], left(server))
    processes.send(server.pid_file, "nginx", SIGHUP)
