"""The walks of docs/: their shell blocks run as they stand, in order, and leave what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from installed import PROJECT, Command

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
PATIENCE = 120

pytestmark = pytest.mark.skipif(
    not (shutil.which("openssl") and shutil.which("curl")), reason="the walks call openssl and curl"
)


def walk(document: str, folder: Path, dotlocal: Command) -> str:
    """Run the document's blocks as one script in a folder; what it printed."""
    blocks = BLOCK.findall((PROJECT / "docs" / document).read_text())
    assert blocks, f"{document} has no shell block"
    environment = dotlocal.env(HOME=str(folder)) | {"PATH": f"{dotlocal.path.parent}:{os.environ['PATH']}"}
    # a session of its own, so that a server which a failed walk left behind can be ended with it
    shell = subprocess.Popen(
        ["sh", "-eu"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        told, _ = shell.communicate("\n".join(blocks), timeout=PATIENCE)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert shell.returncode == 0, told
    return told


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


@pytest.mark.skipif(not shutil.which("certutil"), reason="the page calls certutil")
def test_the_customers_commands_show_the_fingerprint_of_the_ceremony_and_import_the_root(dotlocal, tmp_path):
    """root.pem → openssl's fingerprint, DER, a store as Chromium's on Linux and out of it again."""
    plan, secret = tmp_path / "plan.toml", tmp_path / "passphrase"
    dotlocal.ok("root", "plan", "--out", plan)
    secret.write_text("correct horse battery\n")
    made = dotlocal.ok("root", "create", plan, "--home", tmp_path / "root", "--passphrase-file", secret, "--json")
    shutil.copy(tmp_path / "root" / "root.pem", tmp_path)
    told = walk("customer.md", tmp_path, dotlocal)
    assert json.loads(made.out)["fingerprint_sha256"] in told
    assert re.search(r"^Acme Devices Root G1 +C,,", told, re.M), told


def test_the_administrators_walk_ends_with_files_that_are_the_same_each_time(dotlocal, tmp_path):
    """root.pem → shown → exported, its sums compared → a part of it again, the same octets."""
    plan, secret = tmp_path / "plan.toml", tmp_path / "passphrase"
    dotlocal.ok("root", "plan", "--out", plan)
    secret.write_text("correct horse battery\n")
    made = dotlocal.ok("root", "create", plan, "--home", tmp_path / "root", "--passphrase-file", secret, "--json")
    shutil.copy(tmp_path / "root" / "root.pem", tmp_path)
    told = walk("administrator.md", tmp_path, dotlocal)
    assert json.loads(made.out)["fingerprint_sha256"] in told
    assert "CACertificatesWithConstraints" in told
    assert len([*(tmp_path / "sheets" / "pages").glob("*.de.html")]) == 10


def test_the_integrators_walk_ends_with_a_device_that_curl_accepts(dotlocal, tmp_path):
    """init → adopt → boot → serve: fetched by name and by address, across a boot in between."""
    told = walk("integrator.md", tmp_path, dotlocal)
    assert told.count("this is press-07") == 2, told
    root = tmp_path / "root" / "root.pem"
    assert judged(root, tmp_path / "run", "-verify_hostname", "press-07.local").endswith(": OK"), told
    assert judged(root, tmp_path / "run", "-verify_ip", "192.168.77.7").endswith(": OK"), told
