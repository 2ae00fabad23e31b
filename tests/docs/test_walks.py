"""The walks of docs/: their shell blocks run as they stand, in order, and leave what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from computer import computer
from installed import PROJECT, Command
from told import tell

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
PORT = re.compile(r"\b18[0-9]{3}\b")
PATIENCE = 120

pytestmark = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("curl")), reason="the walks call openssl and curl"
)


def walk(document: str, folder: Path, dotlocal: Command, *before: str, **more: str) -> str:
    """Run the document's blocks as one script in a folder; what it printed. `before` and `more` as in `Command`. The
    ports of the document are others', as far as this machine goes: each is a free one here.
    """
    blocks = BLOCK.findall((PROJECT / "docs" / document).read_text())
    assert blocks, f"{document} has no shell block"
    script = "\n".join(blocks)
    for port, free in zip(sorted(set(PORT.findall(script))), _free(), strict=False):
        script = re.sub(rf"\b{port}\b", str(free), script)
    environment = dotlocal.env(HOME=str(folder), **more) | {"PATH": f"{dotlocal.path.parent}:{os.environ['PATH']}"}
    # a session of its own, so that a server which a failed walk left behind can be ended with it
    shell = subprocess.Popen(
        [*before, "sh", "-euc", 'cd "$0"; exec sh -eu', folder],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        told, _ = shell.communicate(script, timeout=PATIENCE)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert shell.returncode == 0, told
    return told


def _free() -> list[int]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(8)]
        return [each.getsockname()[1] for each in found]


def judged(root: Path, run: Path, *asked: str) -> str:
    """What `openssl verify` says about the set in a run directory."""
    chain = run / "current" / "fullchain.pem"
    words = ["openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", chain, *asked, chain]
    return subprocess.run(words, capture_output=True, text=True).stdout.strip()


def test_the_vendors_walk_ends_with_a_device_that_openssl_accepts(dotlocal, tmp_path):
    """plan → ceremony → station → SN0007 → run/current, accepted under the root; its second key as well."""
    told = walk("vendor.md", tmp_path, dotlocal)
    root = tmp_path / "root" / "root.pem"
    assert judged(root, tmp_path / "SN0007" / "run", "-verify_hostname", "press-07.local").endswith(": OK"), told
    ledger = (tmp_path / "SN0007.ledger.json").read_text()
    assert "board changed" in ledger
    assert (tmp_path / "SN0099" / "state" / "birth.pem").read_text().count("BEGIN CERTIFICATE") == 2


@pytest.mark.skipif(
    not (shutil.which("certutil") and shutil.which("firefox-esr")), reason="the page calls certutil, for Firefox too"
)
def test_the_customers_walk_makes_a_computer_trust_the_device_and_forget_it(dotlocal, tmp_path):
    """root.pem → shown, installed, proved by press-07.local, removed; then the same by hand: openssl, DER, certutil."""
    told = tell(tmp_path / "maker", dotlocal)
    root = json.loads(dotlocal.ok("trust", "show", told.root, "--json").out)
    with computer(tmp_path, dotlocal, network=True) as desk:
        desk.firefox_profile("press")
        shutil.copy(told.root, desk.home)
        with told.served("07", listen="127.0.0.1:443", before=desk.inside):
            said = walk("customer.md", desk.home, dotlocal, *desk.inside, FINGERPRINT=root["fingerprint_sha256"])
    assert root["fingerprint_sha256"] in said
    assert said.count("NSS accepts press-07.local:443") == 4, said  # Chromium's and Firefox's, installed and checked
    assert "Java refuses press-07.local:443" in said, said  # after `trust remove`
    assert re.search(r"^Acme Devices Root G1 +C,,", said, re.M), said


def test_the_integrators_walk_ends_with_a_device_that_curl_accepts(dotlocal, tmp_path):
    """init → adopt → boot → serve: fetched by name and by address, across a boot in between."""
    with ExitStack() as stack:
        with suppress(OSError):  # taken already
            stack.enter_context(socket.create_server(("127.0.0.1", 18443)))
        told = walk("integrator.md", tmp_path, dotlocal)
    assert told.count("this is press-07") == 2, told
    root = tmp_path / "root" / "root.pem"
    assert judged(root, tmp_path / "run", "-verify_hostname", "press-07.local").endswith(": OK"), told
    assert judged(root, tmp_path / "run", "-verify_ip", "192.168.77.7").endswith(": OK"), told


def test_the_walk_with_an_own_certificate(dotlocal, tmp_path):
    """request → CA → import → confirm; a key of one's own; a root for one device; the CA as issuer; back and forth."""
    told = tell(tmp_path / "maker", dotlocal)
    device = told.device("07")
    said = walk(
        "own-certificate.md", tmp_path, dotlocal, DOTLOCAL_STATE=f"{device}/state", DOTLOCAL_RUN=f"{device}/run"
    )
    assert "on probation: it goes back in 600 seconds" in said
    assert said.count("serves certificate") >= 3, said
    assert (tmp_path / "root-for-browsers.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_the_walk_with_pages_of_the_devices_own(dotlocal, tmp_path):
    """A password, the pages behind, HTTPS in front: whoever comes is asked for it."""
    told = tell(tmp_path / "maker", dotlocal)
    device = told.device("07")
    shutil.copy(told.root, tmp_path / "root.pem")
    said = walk("own-pages.md", tmp_path, dotlocal, DOTLOCAL_STATE=f"{device}/state", DOTLOCAL_RUN=f"{device}/run")
    assert "the password is set" in said, said
    assert "Administrator" in said, said


def test_the_doctors_walk_ends_with_a_page_for_support(dotlocal, tmp_path):
    """press-07.local as a browser sees it, and the page that is sent to its maker."""
    told = tell(tmp_path / "maker", dotlocal)
    with computer(tmp_path, dotlocal, network=True) as desk:
        shutil.copy(told.root, desk.home)
        with told.served("07", listen="127.0.0.1:443", before=desk.inside):
            said = walk("doctor.md", desk.home, dotlocal, *desk.inside)
        page = (desk.home / "for-support.html").read_text()
    assert said.startswith("press-07.local: "), said
    assert "accept" in said.splitlines()[0], said
    assert page.count("-----BEGIN CERTIFICATE-----") == 3
