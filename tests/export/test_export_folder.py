"""The folder: whole or not there, the same octets each time, and never somebody else's."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from dotlocal.browser.export import folder
from dotlocal.browser.export.making import MANIFEST, SCHEMA
from dotlocal.core.errors import Refused
from dotlocal.host import files
from installed import Command, tree


def contents(**files: str) -> dict[str, tuple[bytes, int]]:
    """Files by name (two underscores for a slash), with a manifest of them."""
    made = {name.replace("__", "/"): (text.encode(), 0o644) for name, text in files.items()}
    listed = [{"path": path, "sha256": sha256(data).hexdigest()} for path, (data, _) in made.items()]
    made[MANIFEST] = (json.dumps({"schema": SCHEMA, "files": listed}).encode(), 0o644)
    return made


def names(path: Path) -> set[str]:
    return {str(each.relative_to(path)) for each in path.rglob("*") if not each.is_dir()}


def test_a_new_folder_appears_whole_and_readable_for_all(tmp_path):
    """Nothing is left beside it, and its mode is that of other folders."""
    folder.write(str(tmp_path / "a" / "handout"), contents(one="1", sub__two="2"))
    assert names(tmp_path / "a" / "handout") == {"one", "sub/two", MANIFEST}
    assert os.listdir(tmp_path / "a") == ["handout"]
    assert (tmp_path / "a" / "handout").stat().st_mode & 0o777 == 0o755


def test_an_export_over_an_earlier_one_removes_what_is_no_more(tmp_path):
    """one, sub/two → one, three: sub is gone; what changed is replaced."""
    path = tmp_path / "handout"
    folder.write(str(path), contents(one="1", sub__two="2"))
    assert folder.write(str(path), contents(one="new", three="3")) == ["sub/two"]
    assert names(path) == {"one", "three", MANIFEST}
    assert (path / "one").read_text() == "new"
    assert not (path / "sub").exists()


def test_somebody_elses_files_are_not_touched(tmp_path):
    """A folder with a letter in it: refused; with force the letter stays."""
    (tmp_path / "letter").write_text("dear …")
    with pytest.raises(Refused) as refused:
        folder.write(str(tmp_path), contents(one="1"))
    assert refused.value.code == "export-foreign"
    assert "letter" in refused.value.message
    assert names(tmp_path) == {"letter"}
    folder.write(str(tmp_path), contents(one="1"), force=True)
    assert names(tmp_path) == {"letter", "one", MANIFEST}


def test_a_file_of_ours_that_somebody_changed_is_theirs(tmp_path):
    """one, edited by hand → refused; with force it is written anew."""
    path = tmp_path / "handout"
    folder.write(str(path), contents(one="1", two="2"))
    (path / "one").write_text("edited")
    with pytest.raises(Refused) as refused:
        folder.write(str(path), contents(one="1", two="2"))
    assert (refused.value.code, "one" in refused.value.message) == ("export-foreign", True)
    folder.write(str(path), contents(one="1"), force=True)
    assert (path / "one").read_text() == "1"


def test_an_edited_file_that_is_no_longer_made_stays(tmp_path):
    """With force, what is stale is removed, and what somebody has written into is not."""
    path = tmp_path / "handout"
    folder.write(str(path), contents(one="1", two="2", three="3"))
    (path / "two").write_text("edited")
    assert folder.write(str(path), contents(one="1"), force=True) == ["three"]
    assert names(path) == {"one", "two", MANIFEST}


def test_an_export_that_was_cut_short_is_finished_by_the_next(tmp_path):
    """Some files new, some old, a temporary left: no --force needed."""
    path = tmp_path / "handout"
    folder.write(str(path), contents(one="1", two="2"))
    wanted = contents(one="new", two="new", sub__three="3")
    (path / "one").write_text("new")
    (path / "sub").mkdir()
    (path / "sub" / "three").write_text("3")
    (path / ".two.99999999.tmp").write_text("ne")
    folder.write(str(path), wanted)
    assert {name: (path / name).read_text() for name in ("one", "two", "sub/three")} == {
        "one": "new", "two": "new", "sub/three": "3"
    }  # fmt: skip


def test_a_link_that_waits_beside_the_folder_is_not_followed(tmp_path):
    """In a folder for everybody, like /tmp: a link with the name that a temporary folder of this process could have."""
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / f".handout.{os.getpid()}.tmp").symlink_to(away)
    folder.write(str(tmp_path / "handout"), contents(one="1", sub__two="2"))
    assert os.listdir(away) == []
    assert not (tmp_path / "handout").is_symlink()


def test_links_lead_nowhere(tmp_path):
    """A link in place of a file or of a folder is not followed."""
    path, away = tmp_path / "handout", tmp_path / "away"
    away.mkdir()
    folder.write(str(path), contents(one="1", sub__two="2"))
    shutil.rmtree(path / "sub")
    (path / "sub").symlink_to(away)
    for force in (False, True):
        with pytest.raises(Refused) as refused:
            folder.write(str(path), contents(one="1", sub__two="2"), force=force)
        assert refused.value.code == "export-foreign"
    assert os.listdir(away) == []


@pytest.mark.parametrize("manifest", ["", "[]", "{", '{"schema": "dotlocal-export-1"}', "[" * 100_000, "null"])
def test_a_manifest_of_somebody_else_makes_nothing_ours(tmp_path, manifest):
    """Damaged, empty, deep: the folder is foreign, and stays as it is."""
    (tmp_path / MANIFEST).write_text(manifest)
    (tmp_path / "one").write_text("theirs")
    with pytest.raises(Refused) as refused:
        folder.write(str(tmp_path), contents(one="1"))
    assert refused.value.code == "export-foreign"
    assert (tmp_path / "one").read_text() == "theirs"


def test_two_exports_into_one_folder_at_once(tmp_path, monkeypatch):
    """The second one is told that it is busy, and touches nothing; so is who finds a folder where none was before."""
    monkeypatch.setattr(folder, "_LOCK_SECONDS", 0.2)
    place = tmp_path / "handout"
    folder.write(str(place), contents(a="1"))
    with files.Lock(str(place), 0, folder=True), pytest.raises(Refused) as refused:
        folder.write(str(place), contents(a="2"))
    assert refused.value.code == "busy"
    assert (place / "a").read_text() == "1"
    other = tmp_path / "other"

    def faster() -> int:
        folder._below(str(other), contents(a="theirs"))
        return 0o755

    monkeypatch.setattr(folder, "_usual_mode", faster)  # asked for just before the folder appears
    with pytest.raises(Refused) as refused:
        folder.write(str(other), contents(a="ours"))
    assert refused.value.code == "busy"
    assert (other / "a").read_text() == "theirs"
    assert names(tmp_path) == {"handout/a", f"handout/{MANIFEST}", "other/a", f"other/{MANIFEST}"}


def test_a_place_that_can_not_be_written_to_is_refused(tmp_path):
    """A file where the folder should be, or above it."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "handout"):
        with pytest.raises(Refused) as refused:
            folder.write(str(path), contents(one="1"))
        assert refused.value.code == "file-unwritable"


# ── the command ──


def test_the_same_root_gives_the_same_octets(dotlocal: Command, roots, tmp_path):
    """Twice, at other places and with another umask and time zone; the .rpm too. Another root gives others."""
    first, second = tmp_path / "first", tmp_path / "second"
    dotlocal.ok("trust", "export", roots["constrained"], first)
    dotlocal.ok("trust", "export", roots["constrained"], second, TZ="Asia/Tokyo", LC_ALL="C")
    assert tree(first) == tree(second)


def test_archives_are_dated_as_reproducible_builds_wants_it(dotlocal: Command, roots, tmp_path):
    """SOURCE_DATE_EPOCH is the date in the .deb; nonsense in it is refused."""
    dotlocal.ok(
        "trust", "export", roots["constrained"], tmp_path / "a", "--only", "deb", SOURCE_DATE_EPOCH="1000000000"
    )
    (package,) = tmp_path.rglob("*.deb")
    assert b"debian-binary   1000000000  " in package.read_bytes()[:40]
    done = dotlocal("trust", "export", roots["constrained"], tmp_path / "b", SOURCE_DATE_EPOCH="yesterday")
    assert (done.status, done.code) == (1, "export-date")
    assert not (tmp_path / "b").exists()


def test_only_what_is_asked_for_is_written(dotlocal: Command, roots, tmp_path):
    """--only twice, one language; the report lists exactly what is there, with hashes that are right."""
    folder = tmp_path / "handout"
    words = ["--only", "apple", "--only", "pages", "--language", "de", "--json"]
    report = json.loads(dotlocal.ok("trust", "export", roots["constrained"], folder, *words).out)
    kinds = {path.partition("/")[0] for path in names(folder)}
    assert kinds == {"apple", "pages", "README.de.html", "README.de.txt", "SHA256SUMS", "export.json"}
    assert {file["path"] for file in report["files"]} == names(folder) - {"SHA256SUMS", "export.json"}
    assert all(file["removal"] for file in report["files"] if not file["path"].startswith("README"))
    assert report["permitted"]["dns"] == ["local", "home.arpa", "internal"]


def test_a_root_that_should_not_be_imported_is_not_handed_out(dotlocal: Command, roots, tmp_path):
    """An open root: refused, nothing written; with --force it is, and the policies hold it to local names."""
    folder = tmp_path / "handout"
    done = dotlocal("trust", "export", roots["open"], folder, "--only", "chrome")
    assert (done.status, done.code, done.hinted) == (1, "export-refused", True)
    assert not folder.exists()
    done = dotlocal.ok("trust", "export", roots["open"], folder, "--only", "chrome", "--force", "--json")
    report = json.loads(done.out)
    assert report["permitted"]["dns"] == ["local", "home.arpa", "internal"]
    assert "root-unlimited" in {finding["code"] for finding in report["findings"]}


def test_another_fingerprint_is_refused(dotlocal: Command, roots, handed, tmp_path):
    """One digit off: refused. The right one, in lower case without colons or in groups with hyphens: written."""
    fingerprint = json.loads((handed / "export.json").read_text())["fingerprint_sha256"]
    wrong = fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1")
    words = ["trust", "export", roots["constrained"], tmp_path / "handout", "--only", "root", "--fingerprint"]
    done = dotlocal(*words, wrong)
    assert (done.status, done.code) == (1, "fingerprint-differs")
    assert dotlocal(*words, fingerprint[:59]).code == "fingerprint-form", "SHA-1"
    dotlocal.ok(*words, fingerprint.replace(":", "").lower())
    dotlocal.ok(*words, fingerprint.replace(":", "-"))


@pytest.mark.parametrize(
    "url",
    [
        "www.acme.example",
        "javascript:alert(1)",
        "https://",
        "https://ü.example",
        "https://a'b",
        "https://a/" + "a" * 300,
    ],
)
def test_an_address_that_can_not_be_printed_is_refused(dotlocal: Command, roots, tmp_path, url):
    """No scheme, another scheme, no host, other letters, quotes, too long."""
    done = dotlocal("trust", "export", roots["constrained"], tmp_path / "handout", "--url", url)
    assert (done.status, done.code) == (1, "export-url")
    assert not (tmp_path / "handout").exists()


@pytest.mark.parametrize("data", [b"", b"<!DOCTYPE html><p>404", b"\0" * 100, b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_root_is_refused(dotlocal: Command, tmp_path, data):
    """Empty, a web page, nonsense, a key: a coded error, and nothing is written."""
    (tmp_path / "root.pem").write_bytes(data)
    done = dotlocal("trust", "export", tmp_path / "root.pem", tmp_path / "handout")
    assert done.status == 1
    assert done.code.startswith("anchor-")
    assert not (tmp_path / "handout").exists()


def test_without_rpmbuild_the_spec_is_there_and_the_report_says_what_is_missing(dotlocal: Command, roots, tmp_path):
    """A PATH without it: a warning and exit status 0; where only the .rpm was wanted, 2."""
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ["trust", "export", roots["constrained"], tmp_path / "handout"]
    done = dotlocal.ok(*words, "--only", "rpm", "--only", "root", PATH=str(empty))
    assert "(rpmbuild-missing)" in done.err
    assert [path.suffix for path in tmp_path.rglob("*.spec")] == [".spec"]
    assert [*tmp_path.rglob("*.rpm")] == []
    done = dotlocal(*words, "--only", "rpm", PATH=str(empty))
    assert (done.status, done.code) == (2, "rpmbuild-missing")
