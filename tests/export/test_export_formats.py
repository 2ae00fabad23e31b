"""Every format in front of a parser that isn't ours, with a root of good manners and with one that has none."""

from __future__ import annotations

import base64
import json
import plistlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from empty_hive import empty_hive
from handed_files import only

from browser.roots import LOCAL, make, pem
from installed import Command
from peers.chains import LAN, SUFFIXES, root
from tools import program

ROOT = root(constrained=True).certificate
DER = ROOT.public_bytes(Encoding.DER)
# Names that every format has to disarm in its own way.
RUDE = (
    "\"'`touch /tmp/rude`$(touch /tmp/rude);|&<script>1</script>",
    "Böse {{ 7*7 }} %{lua:os.exit()} \\\n@PEM@ #: - \x1b[31m\u202eX",
)

RUDE_LIMIT = 'x\x1b[31m"; touch /tmp/rude'  # as a permitted DNS subtree


@pytest.fixture(scope="module", params=RUDE, ids=["shell", "templates"])
def rude(request, tmp_path_factory, dotlocal: Command) -> Path:
    """The export of a root whose name is an attack."""
    return _rude(request, tmp_path_factory, dotlocal)


def _rude(request, tmp_path_factory, dotlocal: Command) -> Path:
    folder = tmp_path_factory.mktemp("rude")
    (folder / "root.pem").write_bytes(pem(make(*LOCAL, RUDE_LIMIT, name=request.param)))
    dotlocal.ok("trust", "export", folder / "root.pem", folder / "handout", "--force")
    return folder / "handout"


@pytest.fixture(params=["good", *RUDE], ids=["good", "shell", "templates"], scope="module")
def export(request, tmp_path_factory, dotlocal: Command) -> Path:
    """The exports, one after the other."""
    return request.getfixturevalue("handed") if request.param == "good" else _rude(request, tmp_path_factory, dotlocal)


def told(*words: str | Path) -> str:
    command = program(str(words[0]))
    done = subprocess.run([command, *map(str, words[1:])], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_openssl_reads_every_copy_of_the_root(handed):
    """DER in .cer, PEM in the others, the same certificate in all of them."""
    copies = [path for path in handed.rglob("*") if path.suffix in (".cer", ".crt", ".pem")]
    assert len(copies) == 7
    for path in copies:
        form = "DER" if path.suffix == ".cer" else "PEM"
        shown = told("openssl", "x509", "-in", path, "-inform", form, "-noout", "-fingerprint", "-sha256")
        assert shown.partition("=")[2].strip() == fingerprint()


def test_sha256sum_agrees_with_the_sums(handed):
    """Every file but the sums and the manifest, as coreutils reads them."""
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=handed, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    listed = {line.partition(":")[0] for line in done.stdout.splitlines()}
    present = {str(path.relative_to(handed)) for path in handed.rglob("*") if path.is_file()}
    assert present - listed == {"SHA256SUMS", "export.json"}


def test_profiles_are_property_lists_to_libplist_and_libxml2(export, tmp_path):
    """plistutil turns each into a binary one and back without loss; xmllint finds it valid by Apple's own DTD."""
    (tmp_path / "plist.dtd").write_text(PLIST_DTD)
    profiles = [*export.rglob("*.mobileconfig")]
    assert len(profiles) == 2
    for path in profiles:
        binary, back = tmp_path / "binary", tmp_path / "back"
        told("plistutil", "-i", path, "-o", binary, "-f", "bin")
        told("plistutil", "-i", binary, "-o", back, "-f", "xml")
        assert binary.read_bytes().startswith(b"bplist00")
        assert plistlib.loads(back.read_bytes()) == plistlib.loads(path.read_bytes())
        bare = tmp_path / "bare.xml"
        bare.write_bytes(re.sub(rb"<!DOCTYPE[^>]*>", b"", path.read_bytes()))
        told("xmllint", "--noout", "--nonet", "--dtdvalid", tmp_path / "plist.dtd", bare)


def test_the_apple_profile_holds_the_root_and_can_be_removed(handed):
    """com.apple.security.root with the DER; identifiers of its own; the fingerprint in the question."""
    profile = plistlib.loads(only(handed, "apple/*.mobileconfig").read_bytes())
    (payload,) = profile["PayloadContent"]
    assert (payload["PayloadType"], payload["PayloadContent"]) == ("com.apple.security.root", DER)
    assert profile["PayloadRemovalDisallowed"] is False
    assert all(fingerprint() in text for text in profile["ConsentText"].values())
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", profile["PayloadUUID"])
    assert profile["PayloadUUID"] != payload["PayloadUUID"]


def test_the_policy_holds_the_root_to_its_own_limits_on_every_system(handed):
    """JSON, registry and managed preferences say the same, both kinds of constraint included."""
    expected = [
        {
            "certificate": base64.b64encode(DER).decode(),
            "constraints": {"permitted_dns_names": list(SUFFIXES), "permitted_cidrs": list(LAN)},
        }
    ]
    policy = json.loads(only(handed, "chrome/linux/*.json").read_text())
    assert policy == {"CACertificatesWithConstraints": expected}
    profile = plistlib.loads(only(handed, "*-browsers.mobileconfig").read_bytes())
    (payload,) = profile["PayloadContent"]
    assert set(payload["PayloadContent"]) == {"com.google.Chrome", "com.microsoft.Edge"}
    for domain in payload["PayloadContent"].values():
        (forced,) = domain["Forced"]
        assert forced["mcx_preference_settings"] == policy


@pytest.mark.parametrize(("browser", "key"), [("chrome", "Google\\Chrome"), ("edge", "Microsoft\\Edge")])
def test_hivex_imports_the_registry_files_into_a_hive(export, tmp_path, browser, key):
    """An empty SOFTWARE hive → the .reg: the value is the policy, to the letter; → the -remove.reg: it is gone."""
    program("hivexregedit")
    hive = tmp_path / "SOFTWARE"
    hive.write_bytes(empty_hive())
    merge(hive, only(export, f"*-{browser}.reg"), tmp_path)
    shown = exported(hive, f"\\Policies\\{key}")
    value = re.search(r'"CACertificatesWithConstraints"=hex\(1\):([0-9a-f,]+)', shown)[1]
    stored = bytes.fromhex(value.replace(",", "")).decode("utf-16-le").rstrip("\0")
    assert (
        json.loads(stored)
        == json.loads(only(export, "chrome/linux/*.json").read_text())["CACertificatesWithConstraints"]
    )
    merge(hive, only(export, f"*-{browser}-remove.reg"), tmp_path)
    assert "CACertificates" not in exported(hive, f"\\Policies\\{key}")


def merge(hive: Path, script: Path, folder: Path) -> None:
    """As Microsoft's own: UTF-16LE, byte order mark, CRLF. hivexregedit wants what comes after those."""
    data = script.read_bytes()
    assert data.startswith(b"\xff\xfe")
    text = data[2:].decode("utf-16-le")
    assert text.count("\n") == text.count("\r\n")
    plain = folder / "plain.reg"
    plain.write_text(text.replace("\r\n", "\n"))
    told("hivexregedit", "--merge", hive, "--prefix", "HKEY_LOCAL_MACHINE\\SOFTWARE", plain)


def exported(hive: Path, key: str) -> str:
    return told("hivexregedit", "--export", "--prefix", "HKEY_LOCAL_MACHINE\\SOFTWARE", hive, key)


def test_jq_reads_every_json_file(export):
    """All of them."""
    found = [*export.rglob("*.json")]
    assert len(found) == 6
    for path in found:
        told("jq", "-e", ".", path)


def test_ansible_reads_every_yaml_file(export):
    """As ansible-playbook's own syntax check does, the role included."""
    (playbook,) = (export / "ansible").glob("*.yml")
    told("ansible-playbook", "-i", "localhost,", "--syntax-check", playbook)


def test_no_name_runs_anything(rude, tmp_path):
    """The scripts of the rude root: parsed by shells, run as far as their usage; nothing of the name is carried out."""
    marker = Path("/tmp/rude")
    marker.unlink(missing_ok=True)
    for script in rude.rglob("*.sh"):
        done = subprocess.run(["sh", str(script), "nonsense"], capture_output=True, text=True)
        assert done.returncode == 2, done.stderr
        assert "usage" in done.stderr
        assert script.read_bytes().isascii()
    told("dpkg-deb", "--info", only(rude, "*.deb"))
    told("rpm", "-qpi", only(rude, "*.rpm"))
    assert not marker.exists()
    policy = json.loads(only(rude, "chrome/linux/*.json").read_text())["CACertificatesWithConstraints"]
    assert policy[0]["constraints"]["permitted_dns_names"] == ["local", "home.arpa", "internal"]
    assert b"\x1b" not in b"".join(path.read_bytes() for path in rude.rglob("*") if path.suffix in (".txt", ".html"))


def test_the_spec_builds_elsewhere_too(handed, tmp_path):
    """rpmbuild by hand, as its first line says, gives a package with the same files."""
    program("rpmbuild")
    folder = tmp_path / "sources"
    shutil.copytree(handed / "linux" / "rpm", folder)
    spec = only(folder, "*.spec")
    defined = [word for name in ("_sourcedir", "_rpmdir", "_topdir") for word in ("--define", f"{name} {folder}")]
    told("rpmbuild", "-bb", "--quiet", *defined, spec)
    assert told("rpm", "-qpl", only(folder, "*.rpm")) == told("rpm", "-qpl", only(handed, "*.rpm"))


def fingerprint() -> str:
    return ROOT.fingerprint(hashes.SHA256()).hex(":").upper()


# http://www.apple.com/DTDs/PropertyList-1.0.dtd, as far as profiles use it; written from its description.
PLIST_DTD = """
<!ELEMENT plist (array | data | date | dict | real | integer | string | true | false)>
<!ATTLIST plist version CDATA "1.0">
<!ELEMENT array (array | data | date | dict | real | integer | string | true | false)*>
<!ELEMENT dict (key, (array | data | date | dict | real | integer | string | true | false))*>
<!ELEMENT key (#PCDATA)>
<!ELEMENT string (#PCDATA)>
<!ELEMENT data (#PCDATA)>
<!ELEMENT date (#PCDATA)>
<!ELEMENT true EMPTY>
<!ELEMENT false EMPTY>
<!ELEMENT real (#PCDATA)>
<!ELEMENT integer (#PCDATA)>
"""
