"""Real web servers in front of the pages, with the lines of docs/own-pages.md as they stand there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from web_servers import _NGINX_TEMPORARY, Place, Running, _nginx_config, _started

from installed import PROJECT
from tools import program

PAGE = PROJECT / "docs" / "own-pages.md"
LINES = dict(re.findall(r"^```(nginx|haproxy|apache)\n(.*?)^```", PAGE.read_text(), re.M | re.S))
assert _NGINX_TEMPORARY


def _lines(name: str, behind: int) -> str:
    text = LINES[name].replace("127.0.0.1:8090", f"127.0.0.1:{behind}")
    assert str(behind) in text
    return text


@contextmanager
def nginx(place: Place, behind: int) -> Iterator[tuple[Running, str]]:
    found = program("nginx")
    snippet = place.snippet("nginx", "dotlocal.conf", _lines("nginx", behind), "/etc/nginx/dotlocal-site.conf")
    config = _nginx_config(place, snippet)
    settings = f'server = "nginx"\nprogram = "{found}"\nconfig = "{config}"\npid_file = "{place.folder}/pid"'
    with _started(place, [found, "-c", config], settings) as running:
        yield running, "/certificate/"


@contextmanager
def haproxy(place: Place, behind: int) -> Iterator[tuple[Running, str]]:
    snippet = place.install("haproxy", "dotlocal.cfg")
    config = place.write("haproxy.cfg", (
        f"global\n  stats socket {place.folder}/admin.sock mode 660 level admin\n  tune.ssl.cachesize 0\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
    ) + _lines("haproxy", behind).replace("backend certificate", "backend device"))  # fmt: skip
    settings = f'server = "haproxy"\nsocket = "{place.folder}/admin.sock"'
    with _started(place, [program("haproxy"), "-db", "-f", config, "-f", snippet], settings) as running:
        yield running, "/"


@contextmanager
def apache(place: Place, behind: int) -> Iterator[tuple[Running, str]]:
    found, modules = program("apache2"), Path("/usr/lib/apache2/modules")
    snippet = place.snippet("apache", "dotlocal.conf", _lines("apache", behind), "/etc/apache2/dotlocal-site.conf")
    loaded = "".join(
        f"LoadModule {name}_module {modules}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "ssl", "headers", "proxy", "proxy_http")
    )
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    config = place.write("apache.conf", (
        f"{loaded}{user}ServerName localhost\nServerRoot {place.folder}\nPidFile {place.folder}/pid\n"
        f"ErrorLog {place.folder}/error.log\nDefaultRuntimeDir {place.folder}\nListen {place.port}\n"
        f"Mutex file:{place.folder}\nMaxKeepAliveRequests 0\nKeepAliveTimeout 60\nInclude {snippet}\n"
    ))  # fmt: skip
    settings = f'server = "apache"\nprogram = "{found}"\nconfig = "{config}"\npid_file = "{place.folder}/pid"'
    with _started(place, [found, "-f", config, "-DFOREGROUND"], settings) as running:
        yield running, "/certificate/"


FRONTS: dict[str, Callable[[Place, int], "contextmanager[tuple[Running, str]]"]] = {  # type: ignore[valid-type]
    "nginx": nginx, "haproxy": haproxy, "apache": apache,
}  # type: ignore[dict-item]  # fmt: skip
