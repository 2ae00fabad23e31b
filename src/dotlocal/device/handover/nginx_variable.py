"""nginx that is never told: with a variable in `ssl_certificate` it reads the files at each handshake.

`ssl_certificate` and `ssl_certificate_key` are opened one after the other; with `current` in both paths, a handshake
just while the link moves would get one set's certificate and the next one's key, and fail (3 of 2,500 in our tests). So
the link is resolved once: `$realpath_root` is what it points to, and the map remembers that for the rest of the
handshake. That needs a `root` in the run directory, of which the server must never serve a file: its one location is a
proxy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server

COMMENT = "#"
PATH = "/etc/nginx/conf.d/dotlocal.conf"
INCLUDE = "nothing: Debian's nginx.conf includes conf.d/*.conf; remove other servers that listen on the same port"
READER = (
    "the workers read the key: with the units, `usermod -aG dotlocal-tls www-data`; without them, "
    'group = "www-data" in device.toml'
)
# No tickets: their keys live as long as the configuration, and would outlive the certificate.
SNIPPET = """\
map $ssl_server_name $dotlocal_bundle {
    default $realpath_root/bundle.pem;  # browsers that open an address name no host
    "~[a-z][^.]*$" $realpath_root/names-bundle.pem;  # those that name one: its last label has a letter
}
server {
    listen @PORT@ ssl default_server;
    listen [::]:@PORT@ ssl default_server;
    root @RUN@/current;  # for $realpath_root alone: no other location may be added here, or it might serve the key
    ssl_certificate $dotlocal_bundle;
    ssl_certificate_key $dotlocal_bundle;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets off;
    ssl_session_cache off;
    location / {
        proxy_pass http://@SITE@;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto https;
    }
}
"""
SITE = "127.0.0.1:8080"
SITE_EXAMPLE = "the device's own web interface, or another server of this nginx"


def running(server: Server) -> bool:
    """Only its port tells."""
    return False


def tell(server: Server, offered: OfferedSet) -> None:
    """Nothing: it reads what is current."""
