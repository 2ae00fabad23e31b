"""`device serve --folder`: files, and nothing but these files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from serve_peers import (
    MEGABYTE,
    Client,
    curl,
    serving,
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "sub" / ".well-known").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / ".hidden").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "site-secret").mkdir()
    (tmp_path / "site-secret" / "x.txt").write_text("secret")
    for name in (
        "index.html",
        "sub/index.html",
        "app.js",
        "data.json",
        "sub/.well-known/x.txt",
        ".hidden/x.txt",
        ".env",
    ):
        (folder / name).write_text(f"this is {name}")
    (folder / "outside.txt").symlink_to("../secret.txt")
    (folder / "outside").symlink_to("../site-secret")
    (folder / "inside.js").symlink_to("app.js")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "empty" / "index.html").symlink_to("../../secret.txt")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.fixture
def site_client(tmp_path: Path, site: Path) -> Iterator[tuple[str, int]]:
    with serving(tmp_path, folder=site) as service:
        yield service.address


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        ("/", "this is index.html", "text/html"),
        ("/?query", "this is index.html", "text/html"),
        ("/sub/", "this is sub/index.html", "text/html"),
        ("/app.js", "this is app.js", "text/javascript"),
        ("/%61pp.js", "this is app.js", "text/javascript"),
        ("/inside.js", "this is app.js", "text/javascript"),
        ("/data.json", "this is data.json", "application/json"),
        ("/sub/.well-known/x.txt", "this is sub/.well-known/x.txt", "text/plain; charset=utf-8"),
    ],
)
def test_files_are_served(site_client: tuple[str, int], tmp_path: Path, path: str, text: str, kind: str) -> None:
    """By curl, with their types, no sniffing, and no word about Python."""
    done = curl(site_client, tmp_path, path, "-i")
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200")
    assert f"Content-type: {kind}\r\n" in head
    assert "X-Content-Type-Options: nosniff" in head
    assert "Server: dotlocal\r\n" in head
    assert "Python" not in head
    assert body == text


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/sub/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/sub/%2e%2e/index.html",
        "/outside.txt",
        "/outside/x.txt",
        "/outside/",
        "/empty/",
        "/dangling",
        "/.env",
        "/.hidden/x.txt",
        "/pipe",
        "//etc/passwd",
        "/%00",
        "/%ed%a0%80",
        "/%ff",
        "/missing",
        "/app.js/",
        "/sub/.well-known/",
        "/" + "a" * 5000,
    ],
)
def test_nothing_else_is_served(site_client: tuple[str, int], tmp_path: Path, path: str) -> None:
    """No climbing, no link out of the folder, nothing hidden, no listing, no pipe: all of it simply isn't there."""
    done = curl(site_client, tmp_path, path, "-i")
    assert done.stdout.startswith(b"HTTP/1.1 404"), done.stdout
    assert b"secret" not in done.stdout
    assert b"Python" not in done.stdout
    assert b"nosniff" in done.stdout


def test_a_folder_without_slash_is_redirected_within_the_site(site_client: tuple[str, int], tmp_path: Path) -> None:
    """/sub → /sub/, and no `//host` or `/\\host` can be made of it."""
    assert b"Location: /sub/\r\n" in curl(site_client, tmp_path, "/sub", "-i").stdout
    for path in ("//sub", "/\\sub/%2e%2e", "/\\/sub"):
        done = curl(site_client, tmp_path, path, "-i")
        assert b"Location: //" not in done.stdout
        assert b"Location: /\\" not in done.stdout


def test_only_get_and_head(site_client: tuple[str, int], tmp_path: Path) -> None:
    """HEAD without a body; an upload is refused and the client can read that."""
    assert curl(site_client, tmp_path, "/", "-I").stdout.startswith(b"HTTP/1.1 200")
    (tmp_path / "upload").write_bytes(bytes(3_000_000))
    done = curl(site_client, tmp_path, "/", "-i", "--data-binary", f"@{tmp_path}/upload", "-H", "Expect:")
    assert done.stdout.startswith(b"HTTP/1.1 501")


def test_a_connection_serves_several_files_but_no_body_becomes_a_request(site_client: tuple[str, int]) -> None:
    """Keep-alive; a GET with a body ends it, or the body would be read as the next request."""
    get = b"GET /%s HTTP/1.1\r\nHost: x\r\n%s\r\n"
    with Client(site_client) as client:
        client.send(get % (b"app.js", b"") + get % (b"data.json", b""))
        client.send(get % (b"", b"Content-Length: 50\r\n") + get % (b"sub/", b""))
        answers = client.rest()
    assert answers.count(b"HTTP/1.1 200") == 3
    assert b"this is sub" not in answers


def test_a_large_file_is_served_whole(tmp_path: Path, site: Path) -> None:
    """20 MB through thread, socket pair and TLS."""
    (site / "large.bin").write_bytes(os.urandom(20 * MEGABYTE))
    with serving(tmp_path, folder=site) as service:
        curl(service.address, tmp_path, "/large.bin", "-o", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == (site / "large.bin").read_bytes()
