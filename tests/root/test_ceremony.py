"""The ceremony: rehearsed or meant, what it leaves behind, and what it refuses to touch."""

from __future__ import annotations

import json
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dotlocal.core import keys
from dotlocal.core.chain import fingerprint, signed_by, window_of
from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY, YEAR
from dotlocal.root import ceremony
from dotlocal.root.ceremony import Home
from dotlocal.root.plan import Plan
from dotlocal.testing import MOMENT
from hierarchy import PASSPHRASE, make_root, plan, quiet
from installed import tree


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A root to look at; nothing here changes it."""
    return make_root(tmp_path_factory.mktemp("made") / "root")


def root_of(home: Home) -> x509.Certificate:
    return x509.load_pem_x509_certificate(home.certificate.read_bytes())


def test_a_rehearsal_writes_nothing(tmp_path: Path) -> None:
    """Rehearse → the certificate that would be made, on a key that is gone, and an empty disk."""
    certificate = ceremony.rehearse(Plan.parse(plan()), now=MOMENT, say=quiet)
    assert certificate.subject.rfc4514_string() == "CN=Acme Devices Root G1,O=Acme Devices"
    assert list(tmp_path.iterdir()) == []


def test_two_rehearsals_have_two_keys() -> None:
    """Nothing of a rehearsal is used again."""
    first, second = (ceremony.rehearse(Plan.parse(plan()), now=MOMENT, say=quiet) for _ in range(2))
    assert first.public_key() != second.public_key()
    assert first.serial_number != second.serial_number


def test_the_home_holds_three_files(home: Home) -> None:
    """root.key, root.pem and transcript.json, in a folder for the owner alone."""
    assert {path.name for path in home.path.iterdir()} == {"root.key", "root.pem", "transcript.json"}
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_the_key_is_encrypted_and_for_its_owner_alone(home: Home) -> None:
    """root.key is born 0600, and opens with the passphrase and with no other."""
    assert stat.S_IMODE(home.key.stat().st_mode) == 0o600
    text = home.key.read_bytes()
    assert text.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    load_pem_private_key(text, PASSPHRASE)
    with pytest.raises(ValueError):
        load_pem_private_key(text, PASSPHRASE + b"!")


def test_the_certificate_is_what_the_plan_says(home: Home) -> None:
    """Self-signed, dated a day back, for 25 years, with the name of the plan."""
    root = root_of(home)
    assert signed_by(root, root)
    assert (window_of(root).not_before, window_of(root).not_after) == (MOMENT - DAY, MOMENT + 25 * YEAR)
    assert keys.kind_of(root.public_key()) == "P-384"


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA-3072"])
def test_the_kind_of_key_is_the_plans(tmp_path: Path, kind: str) -> None:
    """P-384 unless the plan asks for another."""
    assert keys.kind_of(root_of(make_root(tmp_path / "root", key=kind)).public_key()) == kind


def test_the_transcript_tells_plan_intent_and_fingerprints(home: Home) -> None:
    """Intent with the plan's hash and the draft's first, then the certificate's fingerprint and the files' hashes."""
    root = root_of(home)
    intended, made = home.transcript.entries()
    assert intended["what"] == "root-intended"
    assert intended["plan_sha256"] == sha256(plan()).hexdigest()
    assert intended["plan"]["organisation"] == "Acme Devices"
    assert intended["contents_sha256"] == sha256(root.tbs_certificate_bytes).hexdigest()
    assert intended["key_id"] == keys.key_id_of(root.public_key()).hex()  # type: ignore[arg-type]
    assert made["what"] == "root-made"
    assert made["fingerprint_sha256"] == fingerprint(root)
    assert made["files_sha256"]["root.pem"] == sha256(home.certificate.read_bytes()).hexdigest()
    assert made["files_sha256"]["root.key"] == sha256(home.key.read_bytes()).hexdigest()
    assert intended["serial"] == made["serial"] == f"{root.serial_number:x}"
    assert intended["at"] == made["at"] == "2026-11-23T12:00:00Z"


def test_the_plan_of_the_transcript_makes_the_same_policy(home: Home) -> None:
    """What the transcript keeps of the plan is enough to go on with, defaults included."""
    kept = home.transcript.entries()[0]["plan"]
    assert kept == Plan.parse(plan()).as_dict()
    assert kept == json.loads(json.dumps(kept))


def test_the_intent_is_on_the_disk_before_the_key_is(tmp_path: Path) -> None:
    """A key file that can't be written leaves the intent and no certificate: nothing was signed unrecorded."""
    home = Home(tmp_path / "root")

    def put_a_folder_in_the_way(message: str) -> None:
        if message.startswith("draft linted"):
            home.key.mkdir()

    with pytest.raises(Refused) as caught:
        ceremony.create(Plan.parse(plan()), home, PASSPHRASE, now=MOMENT, say=put_a_folder_in_the_way)
    assert caught.value.code == "file-exists"
    assert [entry["what"] for entry in home.transcript.entries()] == ["root-intended"]
    assert not home.certificate.exists()


@pytest.mark.parametrize("name", ["root.key", "root.pem", "transcript.json"])
def test_nothing_is_ever_overwritten(tmp_path: Path, name: str) -> None:
    """One of the three files is enough to refuse, and stays as it is."""
    home = Home(tmp_path)
    (tmp_path / name).write_text("precious")
    before = tree(tmp_path)
    with pytest.raises(Refused) as caught:
        ceremony.create(Plan.parse(plan()), home, PASSPHRASE, now=MOMENT, say=quiet)
    assert caught.value.code == "root-exists"
    assert caught.value.hint
    assert tree(tmp_path) == before


def test_a_second_ceremony_is_refused(home: Home) -> None:
    """The same plan in the same folder again: the root is there, and is not replaced."""
    before = tree(home.path)
    with pytest.raises(Refused) as caught:
        ceremony.create(Plan.parse(plan()), home, PASSPHRASE, now=MOMENT, say=quiet)
    assert caught.value.code == "root-exists"
    assert tree(home.path) == before


@pytest.mark.parametrize("passphrase", [b"", b"short", b"elevenchars"])
def test_a_short_passphrase_makes_no_root(tmp_path: Path, passphrase: bytes) -> None:
    """Fewer than 12 characters: refused before there is a key or a folder."""
    with pytest.raises(Refused) as caught:
        ceremony.create(Plan.parse(plan()), Home(tmp_path / "root"), passphrase, now=MOMENT, say=quiet)
    assert caught.value.code == "passphrase-short"
    assert list(tmp_path.iterdir()) == []
