"""The pages in somebody else's web server: the programs of docs/help-pages.md, as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from help_device import HOST, Device, get
from wsgi_answer import Answer

from dotlocal.device.help import application
from installed import PROJECT
from tools import package, program

PAGE = PROJECT / "docs" / "help-pages.md"
PROGRAMS = dict(re.findall(r"^```python (\w+)\n(.*?)^```", PAGE.read_text(), re.M | re.S))
PATIENCE = 20


@contextmanager
def at_work(name: str, folder: Path, device: Device) -> Iterator[int]:
    """The program of the page, with the device's run directory, on a free port."""
    port = _unused()
    text = PROGRAMS[name].replace("application()", f"application({str(device.run)!r})")
    (folder / "program.py").write_text(text.replace('"", 8080', f'"127.0.0.1", {port}'))
    words = ["program.py"]
    if name == "flask":
        words = ["-m", "gunicorn", "--no-control-socket", "--bind", f"127.0.0.1:{port}", "program:app"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *words], cwd=folder, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _unused() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        return get(port).status == 200
    except OSError:
        return False


@pytest.mark.peer
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_programs_of_the_docs_mount_the_pages(name: str, device: Device, tmp_path: Path) -> None:
    """Below /trust: the page and all that it links to; beside it the device's own."""
    if name == "flask":
        package("flask")
        package("gunicorn")
    device.settle()
    with at_work(name, tmp_path, device) as port:
        assert get(port).body == b"the device's own pages\n"
        page = get(port, "/trust/?lang=de", user_agent="iPhone").body.decode()
        assert "Importieren: iPhone und iPad" in page
        linked = re.findall(r'(?:href|src)="((?:style|script|icon|root-)[^"]+)"', page)
        assert len(linked) == 4
        for link in linked:
            assert get(port, f"/trust/{link}").status == 200, link
        bare = get(port, "/trust")
        assert (bare.status, bare.fields["location"]) == (308, "/trust/")
        assert get(port, "/trust/", host="evil.example").status == 421
        assert get(port, "/trust/../trust/privkey.pem").status == 404
        head = get(port, "/trust/", method="HEAD")
        assert (head.status, head.body) == (200, b"")


@pytest.mark.peer
def test_nginx_passes_the_pages_on(device: Device, tmp_path: Path) -> None:
    """The location of the docs, in front of `device serve` with the pages alone."""
    device.config.write_text('hostnames = ["press-07.local"]\n[serve]\nhttp_listen = "127.0.0.1:0"\n')
    device.boot()
    words = ["--run", str(device.run), "--config", str(device.config), "--probe-listen", "127.0.0.1:0"]
    (location,) = re.findall(r"^```nginx\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    server = device.command.start("device", "serve", *words)
    told = ""
    while "the probe on" not in told and server.stderr:
        told += server.stderr.readline().decode()
    (pages,) = re.findall(r"help pages on \S+ port (\d+)", told)
    port = _unused()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; server {{ listen 127.0.0.1:{port};\n{location.replace('8081', pages)} }} }}\n"
    )
    nginx = subprocess.Popen(
        [program("nginx"), "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "log")]
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _listens(port):
            assert nginx.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert b"A secure connection to this device" in get(port, "/trust/").body
        assert get(port, "/trust/style.css").status == 200
        assert get(port, "/trust/", host="evil.example").status == 421
    finally:
        for process in (nginx, server):
            process.kill()
            process.communicate()


def _listens(port: int) -> bool:
    try:
        get(port)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("mount", ["//evil.example", "/trust/", "trust", "/a b", "///"])
def test_the_way_to_the_slash_stays_on_the_device(device: Device, mount: str) -> None:
    """A mount point that could be read as a host is none."""
    answer = application(str(device.run)).answer(
        {"REQUEST_METHOD": "GET", "SCRIPT_NAME": mount, "PATH_INFO": "", "HTTP_HOST": HOST}
    )
    location = dict(answer.fields).get("Location", "/x")
    assert location.startswith("/")
    assert not location.startswith("//")


def test_it_keeps_to_the_protocol(device: Device) -> None:
    """wsgiref's validator finds nothing to say, with HEAD and errors too."""
    device.settle()
    app = application(str(device.run))
    for path, environ in (("/", {}), ("/", {"REQUEST_METHOD": "HEAD"}), ("/nothing", {}), ("/", {"HTTP_HOST": "x.y"})):
        assert Answer(app, path, **environ).status in (200, 404, 421)
