"""The scripts and the Ansible role: read by parsers of their languages, and run where their system is here."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from handed_files import only
from private_machine import Machine, machine

from peers.chains import certificate_pem, leaf, root, world
from peers.server import serving
from tools import package, program

NAME = "press-07.local"
OURS = "acme-presses"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CACERTS = "/etc/ssl/certs/java/cacerts"
pytestmark = pytest.mark.peer


@pytest.fixture
def debian() -> Iterator[Machine]:
    for name in ("update-ca-certificates", "keytool"):
        program(name)
    with machine("/etc", "/usr/local", "/var") as here:
        yield here


def bundled(here: Machine) -> bool:
    bundle = Path(f"/proc/{here.keeper}/root{BUNDLE}").read_text()
    return certificate_pem(root(constrained=True).certificate).decode() in bundle


def in_java(here: Machine, store: str = CACERTS) -> bool:
    listed = here.run("keytool", "-list", "-keystore", store, "-storepass", "changeit").stdout
    return OURS in listed


def found(here: Machine) -> list[str]:
    return here.run("find", "/etc", "/usr/local", "-xdev", "-name", f"*{OURS}*").stdout.split()


def test_the_shell_script_puts_the_root_into_debians_store_and_takes_it_out(handed, debian):
    """linux/….sh, then the same with `remove`: the bundle, OpenSSL's links and Java's store have it, and have not."""
    script = str(next((handed / "linux").glob("*.sh")))
    debian.run("sh", script)
    assert bundled(debian)
    assert in_java(debian)
    debian.run("sh", script, "remove")
    assert not bundled(debian)
    assert not in_java(debian)
    assert found(debian) == []


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("/etc/pki/ca-trust/source/anchors", "update-ca-trust"),
        ("/etc/ca-certificates/trust-source/anchors", "update-ca-trust"),
        ("/etc/pki/trust/anchors", "update-ca-certificates"),
    ],
    ids=["fedora", "arch", "suse"],
)
def test_the_shell_script_knows_the_folders_of_other_distributions(handed, debian, tmp_path, folder, command):
    """A machine with that distribution's folder and a command that notes its call: no Fedora, Arch or SUSE is here."""
    debian.run("rm", "-rf", "/usr/local/share/ca-certificates")
    debian.run("mkdir", "-p", folder, "/usr/local/bin")
    note = Path(f"/proc/{debian.keeper}/root/usr/local/bin/{command}")
    note.write_text('#!/bin/sh\necho "called $*" >>/etc/called\n')
    note.chmod(0o755)
    path = "/usr/local/bin:/usr/bin:/bin"
    script = str(next((handed / "linux").glob("*.sh")))
    debian.run("sh", script, PATH=path)
    (anchor,) = debian.run("find", folder, "-type", "f").stdout.split()
    assert certificate_pem(root(constrained=True).certificate).decode() == debian.run("cat", anchor).stdout
    debian.run("sh", script, "remove", PATH=path)
    assert debian.run("find", folder, "-type", "f").stdout == ""
    assert debian.run("cat", "/etc/called").stdout == "called \ncalled \n"


def test_the_java_script_reaches_every_java_and_the_root_is_trusted(handed, debian, tmp_path):
    """Debian's Java and one of its own elsewhere: both have it, a real client connects, and then neither has it."""
    program("java")
    other = tmp_path / "jdk"
    (other / "bin").mkdir(parents=True)
    (other / "lib" / "security").mkdir(parents=True)
    (other / "bin" / "keytool").symlink_to(program("keytool"))
    store = other / "lib" / "security" / "cacerts"
    store.write_bytes(Path(CACERTS).read_bytes())
    script = str(next((handed / "java").glob("*.sh")))
    told = debian.run("sh", script, JAVA_HOME=str(other)).stdout
    assert told.splitlines() == [f"has the root: {store}", f"has the root: {CACERTS}"]
    assert in_java(debian)
    assert in_java(debian, str(store))
    with serving(leaf(world(constrain_root=True).device, NAME)) as server:
        assert "200" in java_fetches(debian, tmp_path, server.port)
        told = debian.run("sh", script, "remove", JAVA_HOME=str(other)).stdout
        assert told.splitlines() == [f"does not have the root: {store}", f"does not have the root: {CACERTS}"]
        assert "PKIX path building failed" in java_fetches(debian, tmp_path, server.port)
    assert not in_java(debian)


def test_the_java_script_says_which_store_it_could_not_change(handed, debian, tmp_path):
    """Another password: failed, named, exit status 1. No Java at all: 2."""
    script = str(next((handed / "java").glob("*.sh")))
    done = debian.run("sh", script, check=False, JAVA_STOREPASS="another")
    assert (done.returncode, done.stderr) == (1, f"failed: {CACERTS}\n")
    debian.run("mount", "-t", "tmpfs", "none", "/usr/lib/jvm")
    assert debian.run("sh", script, check=False).returncode == 2


def test_root_runs_no_java_that_is_not_its_own(handed, debian, tmp_path):
    """sudo that keeps HOME: the person's keytool would do anything as root. It is named, and not run; nor is one that a
    link in the home leads to by the time it is looked at, or one below a folder that anybody can write to.
    """
    script = str(next((handed / "java").glob("*.sh")))
    for home, owner, mode in ((tmp_path / "person", 1000, 0o755), (tmp_path / "open", 0, 0o777)):
        java = home / ".sdkman" / "candidates" / "java" / "21"
        (java / "bin").mkdir(parents=True)
        (java / "lib" / "security").mkdir(parents=True)
        (java / "lib" / "security" / "cacerts").write_bytes(Path(CACERTS).read_bytes())
        (java / "bin" / "keytool").write_text(f"#!/bin/sh\ntouch {tmp_path}/run-as-root\n")
        (java / "bin" / "keytool").chmod(0o755)
        for path in (home, *home.rglob("*")):
            os.chown(path, owner, owner)
        (java / "bin").chmod(mode)
        done = debian.run("sh", script, check=False, HOME=str(home))
        assert not (tmp_path / "run-as-root").exists()
        assert done.returncode == 1
        assert (done.stdout, str(java) in done.stderr) == (f"has the root: {CACERTS}\n", True)
    debian.run("sh", script, "remove")


def test_javas_script_for_windows_leaves_no_file_in_between(handed, debian, tmp_path):
    """The root goes to keytool's standard input, in the lines that the script has it in: that is enough for it."""
    script = only(handed, "java/*.ps1").read_bytes().decode()
    assert not [word for word in ("GetTempPath", "WriteAll", "-file ") if word in script]
    (text,) = re.findall(r"^\$certificate = @'\r\n(.*?\r\n)'@\r\n", script, re.M | re.S)
    store = tmp_path / "cacerts"
    words = [program("keytool"), "-importcert", "-noprompt", "-keystore", store, "-storepass", "changeit"]
    subprocess.run([*words, "-alias", OURS], input=text.encode(), capture_output=True, check=True)
    assert in_java(debian, str(store))


def java_fetches(here: Machine, folder: Path, port: int) -> str:
    """The answer of the device by name, with the trust store that Java uses by itself; or why there was none."""
    source = folder / "Fetch.java"
    source.write_text(
        """
        public class Fetch {
            public static void main(String[] words) throws Exception {
                var plain = new java.net.Socket("127.0.0.1", Integer.parseInt(words[1]));
                var made = (javax.net.ssl.SSLSocketFactory) javax.net.ssl.SSLSocketFactory.getDefault();
                var secure = (javax.net.ssl.SSLSocket) made.createSocket(plain, words[0], plain.getPort(), true);
                var checked = secure.getSSLParameters();
                checked.setEndpointIdentificationAlgorithm("HTTPS");
                secure.setSSLParameters(checked);
                secure.getOutputStream().write("GET / HTTP/1.0\\r\\n\\r\\n".getBytes());
                System.out.println(new String(secure.getInputStream().readAllBytes()));
            }
        }
        """
    )
    done = here.run("java", str(source), NAME, str(port), check=False)
    return done.stdout + done.stderr


def test_the_role_is_played_puts_everything_in_place_and_takes_it_away(handed, debian):
    """ansible-playbook against this machine: changed, then nothing to change; absent: all of it gone."""
    program("ansible-playbook")
    (playbook,) = (handed / "ansible").glob("*.yml")
    words = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", "ansible_become=false", str(playbook)]
    more = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": "/var/tmp", "ANSIBLE_REMOTE_TEMP": "/var/tmp"}
    debian.run(*words, "--syntax-check", **more)
    first = debian.run(*words, **more).stdout
    assert bundled(debian)
    assert len([path for path in found(debian) if path.endswith(".json")]) == 4
    again = debian.run(*words, **more).stdout
    absent = debian.run(*words, "-e", "root_state=absent", **more).stdout
    assert not bundled(debian)
    assert not in_java(debian)
    assert found(debian) == []
    changed = [int(recap.partition("changed=")[2].split()[0]) > 0 for recap in (first, again, absent)]
    assert changed == [True, False, True]


@pytest.mark.long
@pytest.mark.parametrize(
    ("family", "release", "folder", "command"),
    [
        ("RedHat", "redhat-release", "/etc/pki/ca-trust/source/anchors", "update-ca-trust"),
        ("Archlinux", "arch-release", "/etc/ca-certificates/trust-source/anchors", "update-ca-trust"),
        ("Suse", "os-release", "/etc/pki/trust/anchors", "update-ca-certificates"),
    ],
)
def test_the_role_knows_other_distributions(handed, debian, tmp_path, family, release, folder, command):
    """A machine that says that it is one, with that distribution's folder and a command that notes its call: no Fedora,
    Arch or SUSE is here.
    """
    program("ansible-playbook")
    says = {
        "RedHat": "Rocky Linux release 9.4 (Blue Onyx)", "Archlinux": "",
        "Suse": 'NAME="openSUSE Leap"\nVERSION="15.6"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"',
    }  # fmt: skip
    here = Path(f"/proc/{debian.keeper}/root")
    debian.run("rm", "-f", "/etc/os-release", "/etc/lsb-release", "/etc/debian_version")
    (here / "etc" / release).write_text(says[family] + "\n")
    if family == "Archlinux":
        (here / "etc" / "os-release").write_text('NAME="Arch Linux"\nID=arch\n')
    debian.run("mkdir", "-p", folder, "/usr/local/bin")
    note = here / "usr" / "local" / "bin" / command
    note.write_text('#!/bin/sh\necho "called $*" >>/etc/called\n')
    note.chmod(0o755)
    (playbook,) = (handed / "ansible").glob("*.yml")
    words = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", "ansible_become=false", str(playbook)]
    more = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": "/var/tmp", "ANSIBLE_REMOTE_TEMP": "/var/tmp"}
    more["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    debian.run(*words, **more)
    (anchor,) = debian.run("find", folder, "-type", "f").stdout.split()
    assert certificate_pem(root(constrained=True).certificate).decode() == debian.run("cat", anchor).stdout
    debian.run(*words, "-e", "root_state=absent", **more)
    assert found(debian) == []
    assert debian.run("cat", "/etc/called").stdout == "called \ncalled \n"


def test_shell_scripts_are_plain_and_quiet_under_shellcheck(handed, tmp_path):
    """What is handed out, and what the .deb brings: no finding, and every shell parses it."""
    scripts = [*handed.rglob("*.sh")]
    subprocess.run(["dpkg-deb", "--control", str(only(handed, "*.deb")), str(tmp_path / "control")], check=True)
    scripts += [tmp_path / "control" / name for name in ("postinst", "prerm")]
    assert len(scripts) == 5
    done = subprocess.run([program("shellcheck"), "-s", "sh", *map(str, scripts)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    for script in scripts:
        for shell in ("dash", "bash"):
            subprocess.run([program(shell), "-n", str(script)], check=True)


def test_powershell_parses(handed):
    """By tree-sitter's grammar: there is no PowerShell here to run it, and none was run."""
    package("tree_sitter_powershell")
    import tree_sitter
    import tree_sitter_powershell

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    scripts = [*handed.rglob("*.ps1")]
    assert len(scripts) == 2
    for script in scripts:
        data = script.read_bytes()
        assert data.isascii()
        assert data.count(b"\n") == data.count(b"\r\n")
        tree = parser.parse(data)
        assert not tree.root_node.has_error, errors(tree.root_node)
    assert parser.parse(b"if ($x { }").root_node.has_error  # the grammar does find mistakes


def test_the_windows_script_imports_from_memory(handed):
    """Run by an administrator, it reads no file from a folder that the person's other programs can write to."""
    script = only(handed, "windows/*.ps1").read_text()
    assert "$store.Add($certificate)" in script
    assert not [word for word in ("GetTempPath", "WriteAll", "-FilePath", "Import-Certificate") if word in script]


def errors(node) -> list[str]:
    below = [each for child in node.children for each in errors(child)]
    return below + ([f"{node.start_point}: {node.text[:60]}"] if node.type == "ERROR" or node.is_missing else [])
