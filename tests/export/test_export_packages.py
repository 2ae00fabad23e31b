"""The .deb and the .rpm under the programs of the distributions, on machines of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from handed_files import only
from managed_browsers import chromium
from private_machine import Machine, machine

from peers.chains import certificate_pem, leaf, root, world
from peers.server import serving
from tools import program

NAME = "press-07.local"
OURS = "acme-presses"  # in the name of everything that the packages of this root put anywhere
pytestmark = pytest.mark.peer


@pytest.fixture
def debian() -> Iterator[Machine]:
    for name in ("dpkg", "update-ca-certificates", "curl", "openssl", "keytool"):
        program(name)
    with machine("/etc", "/usr", "/var") as here:
        yield here


def traces(here: Machine) -> list[str]:
    """Every file of ours in the folders that packages write to, and Java's and OpenSSL's view of it."""
    found = here.run("find", "/etc", "/usr/local", "/usr/share", "-xdev", "-name", f"*{OURS}*").stdout.split()
    bundle = Path(f"/proc/{here.keeper}/root/etc/ssl/certs/ca-certificates.crt").read_text()
    if certificate_pem(root(constrained=True).certificate).decode() in bundle:
        found.append("the bundle")
    listed = here.run("keytool", "-list", "-keystore", "/etc/ssl/certs/java/cacerts", "-storepass", "changeit").stdout
    return found + [line for line in listed.splitlines() if OURS in line]


def fetched(here: Machine, port: int) -> str:
    """What curl says, which looks into the system's store alone."""
    words = ["--noproxy", "*", "-sS", "--resolve", f"{NAME}:{port}:127.0.0.1", f"https://{NAME}:{port}/"]
    done = here.run("curl", *words, check=False)
    return done.stdout + done.stderr


def test_the_deb_makes_the_system_and_chromium_trust_the_device_and_leaves_nothing_behind(handed, debian):
    """refused → dpkg -i → curl, openssl, Java's store and Chromium trust press-07.local → dpkg -r → refused again."""
    package = only(handed, "*.deb")
    before = traces(debian)
    with serving(leaf(world(constrain_root=True).device, NAME)) as server:
        assert "unable to get local issuer certificate" in fetched(debian, server.port)
        debian.run("dpkg", "-i", str(package), DEBIAN_FRONTEND="noninteractive")
        assert "the press answers" in fetched(debian, server.port)
        asked = ["s_client", "-connect", f"127.0.0.1:{server.port}", "-verify_hostname", NAME, "-verify_return_error"]
        asked += ["-CAfile", "/etc/ssl/certs/ca-certificates.crt", "-brief"]
        assert "Verification: OK" in debian.run("openssl", *asked, check=False).stderr
        with closing(chromium(debian)) as browser:
            assert browser.visit(NAME, server.port).accepted
        assert any("trustedCertEntry" in trace for trace in traces(debian))
        debian.run("dpkg", "--verify", name_of(package))
        debian.run("dpkg", "-r", name_of(package))
        assert "unable to get local issuer certificate" in fetched(debian, server.port)
    assert traces(debian) == before == []
    # not only its files: nothing is left for a purge either
    assert debian.run("dpkg-query", "-W", name_of(package), check=False).returncode == 1


@pytest.mark.long
def test_the_deb_survives_an_upgrade_and_tells_of_a_second_list(handed, debian):
    """Installed again over itself it stays; another file with the same policy is named."""
    package = only(handed, "*.deb")
    debian.run("mkdir", "-p", "/etc/chromium/policies/managed")
    other = Path(f"/proc/{debian.keeper}/root/etc/chromium/policies/managed/other.json")
    other.write_text('{"CACertificatesWithConstraints": []}')
    first = debian.run("dpkg", "-i", str(package))
    assert "/etc/chromium/policies/managed/other.json has a list of roots too" in first.stderr
    debian.run("dpkg", "-i", str(package))
    assert "the bundle" in traces(debian)
    debian.run("dpkg", "-P", name_of(package))
    assert traces(debian) == []
    assert other.exists()


def test_apt_and_dpkg_deb_read_the_deb(handed):
    """Its fields and its files, as two readers of the format see them."""
    package = only(handed, "*.deb")
    fields = told("dpkg-deb", "--field", package)
    assert "Architecture: all\n" in fields
    assert "Depends: ca-certificates\n" in fields
    listed = told("dpkg-deb", "--contents", package)
    assert all(" root/root " in line for line in listed.splitlines())
    assert f"{name_of(package)}.crt" in listed
    assert told("ar", "t", package).split() == ["debian-binary", "control.tar", "data.tar"]
    assert name_of(package) in told("apt-get", "--simulate", "--no-download", "install", str(package))


def test_rpm_installs_verifies_and_removes_the_package(handed, tmp_path):
    """A database and a root folder of the test's own, as the trust folders of Fedora and SUSE: in, verified, out."""
    program("rpm")
    package = only(handed, "*.rpm")
    here = tmp_path / "root"
    here.mkdir()
    words = ["rpm", "--root", str(here), "--nodeps", "--noscripts"]
    subprocess.run([*words, "--install", str(package)], check=True, capture_output=True, timeout=60)
    installed = [path for path in here.rglob("*") if path.is_file() and OURS in path.name]
    assert sorted(str(path.parent.relative_to(here)) for path in installed) == [
        "etc/chromium-browser/policies/managed", "etc/chromium/policies/managed", "etc/opt/chrome/policies/managed",
        "etc/opt/edge/policies/managed", "usr/share/pki/ca-trust-source/anchors", "usr/share/pki/trust/anchors",
    ]  # fmt: skip
    name = told("rpm", "-qp", "--queryformat", "%{NAME}", package)
    assert told("rpm", "--root", here, "-V", "--nodeps", name) == ""
    subprocess.run([*words, "--erase", name], check=True, capture_output=True, timeout=60)
    assert [path for path in here.rglob("*") if path.is_file() and OURS in path.name] == []
    assert not (here / "etc" / "opt" / "edge").exists()


def test_the_scripts_of_the_rpm_call_the_distributions_own_command(handed, tmp_path):
    """%post and %postun as rpm reads them: with update-ca-trust they call it, without it update-ca-certificates."""
    program("rpm")
    package = only(handed, "*.rpm")
    called = tmp_path / "called"
    for command in ("update-ca-trust", "update-ca-certificates"):
        fake = tmp_path / command
        fake.write_text(f'#!/bin/sh\necho "{command}" >>"{called}"\n')
        fake.chmod(0o755)
    scripts = told("rpm", "-qp", "--scripts", package)
    post = scripts.partition("postinstall scriptlet (using /bin/sh):\n")[2].partition("postuninstall")[0]
    postun = scripts.partition("postuninstall scriptlet (using /bin/sh):\n")[2]
    assert post
    assert postun
    for script in (post, postun):
        called.write_text("")
        path = f"{tmp_path}:{os.environ['PATH']}"
        subprocess.run(["sh", "-e", "-c", script], check=True, env={"PATH": path}, timeout=60)
        assert called.read_text() == "update-ca-trust\n"
        (tmp_path / "update-ca-trust").rename(tmp_path / "away")
        subprocess.run(["sh", "-e", "-c", script], check=True, env={"PATH": path}, timeout=60)
        assert called.read_text() == "update-ca-trust\nupdate-ca-certificates\n"
        (tmp_path / "away").rename(tmp_path / "update-ca-trust")


def name_of(package: Path) -> str:
    return package.name.partition("_")[0]


def told(*words: str | Path) -> str:
    program(str(words[0]))
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
