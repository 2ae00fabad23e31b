"""TLS by the C part of `ssl`: the same handshakes as with `ssl`, in this Python and in every other one that is here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serve_peers import SOURCE, Set, authority, pem

MEASURED = "import ssl, sys; print(*sys.version_info[:2])"

HANDSHAKE = """\
import sys
sys.path.insert(0, sys.argv[1])
if sys.argv[3:]:
    import _ssl
    delattr(_ssl, sys.argv[3])
from dotlocal.host import tls
alone = "ssl" not in sys.modules
from dotlocal.device.serve.tls import contexts
context = contexts(sys.argv[2])
import ssl
trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
trusting.load_verify_locations(sys.argv[2] + "/root.pem")
trusting.set_alpn_protocols(["h2", "http/1.1"])
to_server, to_client = tls.MemoryBIO(), tls.MemoryBIO()
server = context.wrap_bio(to_server, to_client, server_side=True)
client = trusting.wrap_bio(to_client, to_server, server_hostname="press-07.local")  # as in serve_peers
def turns(*steps):
    done = set()
    while len(done) < len(steps):
        for step in steps:
            try:
                step not in done and step()
                done.add(step)
            except (ssl.SSLWantReadError, tls.SSLWantReadError):
                pass
turns(client.do_handshake, server.do_handshake)
server.write(b"answer")
assert client.read(99) == b"answer"
turns(client.unwrap, lambda: tls.close_notify(server))
chosen = {entry[1] for entry in client.getpeercert()["subjectAltName"]}
print("alone" if alone else "ssl", client.version(), client.selected_alpn_protocol(), *sorted(chosen))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set, and what clients trust beside it."""
    made = Set(tmp_path, "1").directory
    (made / "root.pem").write_bytes(pem(authority()[1]))
    return made


def _said(python: str, folder: Path, *words: str) -> list[str]:
    command = [python, "-I", "-S", "-c", HANDSHAKE, str(SOURCE), str(folder), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def _pythons() -> dict[tuple[int, ...], str]:
    """By version, those with TLS that a device may have; the one that runs this is among them."""
    others = [shutil.which("python3", path="/usr/bin"), *map(str, Path.home().glob(".pyenv/versions/3.*/bin/python3"))]
    found = {}
    for python in filter(None, (*others, sys.executable)):
        ran = subprocess.run([python, "-I", "-c", MEASURED], capture_output=True, text=True, timeout=60)
        if ran.returncode == 0:
            found[tuple(map(int, ran.stdout.split()))] = python
    return {version: python for version, python in found.items() if version >= (3, 11)}


def test_handshakes_without_the_module_ssl(folder: Path) -> None:
    """`_ssl` is nobody's public interface: what is used of it is tried with each Python that is installed."""
    pythons = _pythons()
    assert sys.version_info[:2] in pythons
    for version, python in pythons.items():
        assert _said(python, folder) == ["alone", "TLSv1.3", "http/1.1", "press-07.local"], version


def test_a_c_part_that_is_made_otherwise_leaves_it_to_ssl(folder: Path) -> None:
    """A Python of the future may have other names in there."""
    assert _said(sys.executable, folder, "_SSLSocket") == ["ssl", "TLSv1.3", "http/1.1", "press-07.local"]
