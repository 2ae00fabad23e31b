"""The real web servers, each with the very snippet that `device install` writes, and as little else as it needs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from held_ports import Service, systemctl
from restless import put_site, wait_until

from installed import Command
from tools import file, program


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Place:
    """A folder for one server: its port, the device's run directory, its configuration and what it writes."""

    folder: Path
    run: Path
    command: Command
    port: int = field(default_factory=unused_port)

    def path(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, text: str) -> Path:
        self.path(name).write_text(text)
        return self.path(name)

    @property
    def www(self) -> Path:
        return self.path("www")

    def install(self, server: str, name: str) -> Path:
        """Let the command write the snippet."""
        path = self.path(name)
        words = ["--server", server, "--run", self.run, "--port", str(self.port), "--out", path]
        self.command.ok("device", "install", *words)
        return path

    def snippet(self, server: str, name: str, site: str, standard_site: str) -> Path:
        """The same; only where the site's own file is, is another place than on a device."""
        path = self.install(server, name)
        text = path.read_text()
        assert standard_site in text
        path.write_text(text.replace(standard_site, str(self.write("site.conf", site))))
        return path


@dataclass
class Running:
    """A server at work; `settings` is the `[handover]` that belongs to it."""

    place: Place
    process: subprocess.Popen[bytes] | Service
    settings: str

    @property
    def alive(self) -> bool:
        return self.process.alive if isinstance(self.process, Service) else self.process.poll() is None


@contextmanager
def _started(place: Place, words: list[str | Path], settings: str, **environment: str) -> Iterator[Running]:
    log = place.path("log").open("ab")
    process = subprocess.Popen(
        list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
        env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
    )  # fmt: skip
    table = f'\n[handover]\nconnect = "127.0.0.1:{place.port}"\n{settings}\n'
    try:
        wait_until(lambda: process.poll() is not None or _answers(place.port))
        assert process.poll() is None, place.path("log").read_text()
        yield Running(place, process, table)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _nginx_config(place: Place, snippet: Path, workers: int = 1) -> Path:
    places = "".join(f"{kind}_temp_path {place.folder}/{kind};\n" for kind in _NGINX_TEMPORARY)
    user = "user www-data;\n" if os.geteuid() == 0 else ""
    main = (
        f"daemon off;\n{user}worker_processes {workers};\npid {place.folder}/pid;\n"
        f"error_log {place.folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\nkeepalive_requests 1000000;\n{places}include {snippet};\n}}\n"
    )
    return place.write("nginx.conf", main)


_NGINX_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextmanager
def nginx(place: Place, workers: int = 1) -> Iterator[Running]:
    found = program("nginx")
    snippet = place.snippet("nginx", "dotlocal.conf", f"root {place.www};\n", "/etc/nginx/dotlocal-site.conf")
    config = _nginx_config(place, snippet, workers)
    settings = f'server = "nginx"\nprogram = "{found}"\nconfig = "{config}"\npid_file = "{place.folder}/pid"'
    with _started(place, [found, "-c", config], settings) as running:
        yield running


def nginx_workers(place: Place) -> AbstractContextManager[Running]:
    """With more workers than our text asks for, as Debian's nginx.conf has it on more than one processor."""
    return nginx(place, 2)


@contextmanager
def nginx_variable(place: Place) -> Iterator[Running]:
    found = program("nginx")
    snippet, behind = place.install("nginx-variable", "dotlocal.conf"), unused_port()
    snippet.write_text(snippet.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{behind}"))
    config = _nginx_config(place, snippet)
    with (
        _plain_nginx(place, behind),
        _started(place, [found, "-c", config], 'server = "nginx-variable"') as running,
    ):
        yield running


@contextmanager
def lighttpd(place: Place) -> Iterator[Running]:
    found = program("lighttpd")
    file("/usr/lib/lighttpd/mod_openssl.so")
    snippet = place.snippet(
        "lighttpd", "dotlocal.conf", f'server.document-root = "{place.www}"\n', "/etc/lighttpd/dotlocal-site.conf"
    )
    user = 'server.username = "www-data"\nserver.groupname = "www-data"\n' if os.geteuid() == 0 else ""
    config = place.write("lighttpd.conf", (
        f'server.bind = "127.0.0.1"\nserver.port = {unused_port()}\nserver.document-root = "{place.www}"\n{user}'
        f'server.pid-file = "{place.folder}/pid"\nserver.errorlog = "{place.folder}/error.log"\n'
        "server.max-keep-alive-requests = 65535\n"
        f'mimetype.assign = ( "" => "application/octet-stream" )\ninclude "{snippet}"\n'
    ))  # fmt: skip
    if user:
        shutil.chown(place.write("pid", ""), "www-data", "www-data")  # as the snippet demands
    settings = f'server = "lighttpd"\nprogram = "{found}"\nconfig = "{config}"\npid_file = "{place.folder}/pid"'
    with _started(place, [found, "-D", "-f", config], settings) as running:
        yield running


@contextmanager
def lighttpd_socket(place: Place) -> Iterator[Running]:
    """Its ports held, as `lighttpd.socket` says, and restarted as the drop-in says; by a stand-in for systemd."""
    found, plain = program("lighttpd"), unused_port()
    file("/usr/lib/lighttpd/mod_openssl.so")
    site, config = f'server.document-root = "{place.www}"\n', place.path("lighttpd.conf")
    snippet = place.snippet("lighttpd-socket", "dotlocal.conf", site, "/etc/lighttpd/dotlocal-site.conf")
    user = 'server.username = "www-data"\nserver.groupname = "www-data"\n' if os.geteuid() == 0 else ""
    place.write("lighttpd.conf", (
        f'server.port = {plain}\n$SERVER["socket"] == "[::]:{plain}" {{ }}\nserver.document-root = "{place.www}"\n'
        f'{user}server.pid-file = "{place.folder}/pid"\nserver.errorlog = "{place.folder}/error.log"\n'
        "server.max-keep-alive-requests = 65535\n"
        f'mimetype.assign = ( "" => "application/octet-stream" )\ninclude "{snippet}"\n'
    ))  # fmt: skip
    sockets, drop_in = (place.path(name).read_text() for name in ("lighttpd.socket", "dotlocal-sockets.conf"))
    drop_in = drop_in.replace("/usr/sbin/lighttpd", found).replace("/etc/lighttpd/lighttpd.conf", str(config))
    service = Service(sockets.replace(":80\n", f":{plain}\n"), drop_in, place.path("log"))
    table = f'server = "lighttpd-socket"\nprogram = "{found}"\nconfig = "{config}"'
    try:
        with systemctl(service, place.path("bin")):
            yield Running(place, service, f'\n[handover]\nconnect = "127.0.0.1:{place.port}"\n{table}\n')
    finally:
        service.close()


@contextmanager
def haproxy(place: Place) -> Iterator[Running]:
    found, behind = program("haproxy"), unused_port()
    snippet = place.install("haproxy", "dotlocal.cfg")
    config = place.write("haproxy.cfg", (
        f"global\n  stats socket {place.folder}/admin.sock mode 660 level admin\n  tune.ssl.cachesize 0\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n"
        f"backend device\n  server web 127.0.0.1:{behind}\n"
    ))  # fmt: skip
    settings = f'server = "haproxy"\nsocket = "{place.folder}/admin.sock"'
    with (
        _plain_nginx(place, behind),
        _started(place, [found, "-db", "-f", config, "-f", snippet], settings) as running,
    ):
        yield running


@contextmanager
def _plain_nginx(place: Place, port: int) -> Iterator[None]:
    """The web interface behind a proxy."""
    inner = Place(place.path("behind"), place.run, place.command, port)
    inner.folder.mkdir()
    places = "".join(f"{kind}_temp_path {inner.folder}/{kind};\n" for kind in _NGINX_TEMPORARY)
    config = inner.write("nginx.conf", (
        f"daemon off;\npid {inner.folder}/pid;\nerror_log {inner.folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\nkeepalive_requests 1000000;\n{places}"
        f"server {{ listen 127.0.0.1:{port}; root {place.www}; }}\n}}\n"
    ))  # fmt: skip
    with _started(inner, [program("nginx"), "-c", config], ""):
        yield


@contextmanager
def caddy(place: Place) -> Iterator[Running]:
    site = f"root * {place.www}\nfile_server\n"
    snippet = place.snippet("caddy", "dotlocal.caddyfile", site, "/etc/caddy/dotlocal-site.caddyfile")
    text = snippet.read_text().replace("127.0.0.1:2020", f"127.0.0.1:{unused_port()}")
    with _caddy(place, text) as running:
        yield running


@contextmanager
def caddy_files(place: Place) -> Iterator[Running]:
    """A configuration that names the files, as one that was there before us may."""
    files = {kind: f"{place.run}/current/{kind}.pem" for kind in ("names", "fullchain", "privkey")}
    site = f"root * {place.www}\n\tfile_server"
    text = "{\n\tauto_https off\n}\n" + "".join(
        f"https://{host}:{place.port} {{\n\ttls {files[chain]} {files['privkey']}\n\t{site}\n}}\n"
        for host, chain in (("*.local", "names"), ("", "fullchain"))
    )
    with _caddy(place, text) as running:
        yield running


@contextmanager
def _caddy(place: Place, text: str) -> Iterator[Running]:
    found, admin = program("caddy"), unused_port()
    admin_place = f"auto_https off\n\tadmin 127.0.0.1:{admin}\n\tpersist_config off"
    config = place.write("Caddyfile", text.replace("auto_https off", admin_place))
    settings = f'server = "caddy"\nsocket = "127.0.0.1:{admin}"'
    home = str(place.folder)
    words = [found, "run", "--adapter", "caddyfile", "--config", config]
    with _started(place, words, settings, HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home) as running:
        yield running


@contextmanager
def apache(place: Place) -> Iterator[Running]:
    found = program("apache2")
    modules = Path("/usr/lib/apache2/modules")
    site = f"DocumentRoot {place.www}\n<Directory {place.www}>\nRequire all granted\n</Directory>\n"
    snippet = place.snippet("apache", "dotlocal.conf", site, "/etc/apache2/dotlocal-site.conf")
    loaded = "".join(
        f"LoadModule {name}_module {modules}/mod_{name}.so\n" for name in ("mpm_event", "authz_core", "ssl")
    )
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    config = place.write("apache.conf", (
        f"{loaded}{user}ServerName localhost\nServerRoot {place.folder}\nPidFile {place.folder}/pid\n"
        f"ErrorLog {place.folder}/error.log\nDefaultRuntimeDir {place.folder}\nListen {place.port}\n"
        f"Mutex file:{place.folder}\n"
        f"MaxKeepAliveRequests 0\nKeepAliveTimeout 60\nInclude {snippet}\n"
    ))  # fmt: skip
    settings = f'server = "apache"\nprogram = "{found}"\nconfig = "{config}"\npid_file = "{place.folder}/pid"'
    with _started(place, [found, "-f", config, "-DFOREGROUND"], settings) as running:
        yield running


SERVERS = {
    "nginx": nginx, "nginx-workers": nginx_workers, "nginx-variable": nginx_variable,
    "lighttpd": lighttpd, "lighttpd-socket": lighttpd_socket, "haproxy": haproxy,
    "caddy": caddy, "caddy-files": caddy_files, "apache": apache,
}  # fmt: skip


def place(folder: Path, run: Path, command: Command) -> Place:
    """An empty place with the site that the clients load; a worker of another user can reach it."""
    folder.mkdir(parents=True)
    for above in (folder, *folder.parents):
        if above.owner() == folder.owner() and above != Path("/tmp") and above.stat().st_mode & 0o005 != 0o005:
            above.chmod(above.stat().st_mode | 0o055)
    put_site(folder / "www")
    if os.geteuid() == 0:
        shutil.chown(folder, group="www-data")
        folder.chmod(0o775)
    return Place(folder, run, command)
