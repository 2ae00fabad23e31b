"""Files that are whole or not there, and one writer at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dotlocal.core.errors import Absent, Refused
from dotlocal.host import files
from dotlocal.host.files import Lock


def _code(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        action()
    return refused.value.code


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_read_whole_up_to_its_bound(tmp_path: Path) -> None:
    """Bounded, so that nothing can fill the memory: a file of exactly that size is fine."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)
    assert files.read(str(path), most=100_000) == b"x" * 100_000
    assert _code(lambda: files.read(str(path), most=99_999)) == "file-too-large"


def test_a_file_that_cant_be_read_says_why(tmp_path: Path) -> None:
    """Missing is nothing to look at; a folder or a device is something else."""
    with pytest.raises(Absent) as absent:
        files.read(str(tmp_path / "missing"))
    assert absent.value.code == "file-missing"
    assert _code(lambda: files.read(str(tmp_path))) == "file-unreadable"
    assert _code(lambda: files.read("/dev/zero", most=1000)) == "file-too-large"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_a_file_is_born_with_its_mode(tmp_path: Path, mode: int) -> None:
    """Whatever the umask; and nothing is left beside it."""
    path = tmp_path / "key"
    before = os.umask(0o077)
    try:
        files.write(str(path), b"secret", mode=mode, group=os.getgid())
    finally:
        os.umask(before)
    assert (path.read_bytes(), _mode(path)) == (b"secret", mode)
    assert os.listdir(tmp_path) == ["key"]


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """By rename: whoever has the old one open goes on reading the old one."""
    path = tmp_path / "file"
    files.write(str(path), b"old")
    with path.open("rb") as reader:
        files.write(str(path), b"new")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


def test_a_file_that_cant_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    """The name is a folder, or the folder is missing: refused, and no temporary file stays."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "inside").touch()
    assert _code(lambda: files.write(str(tmp_path / "taken"), b"x")) == "file-unwritable"
    assert _code(lambda: files.write(str(tmp_path / "missing" / "file"), b"x")) == "file-unwritable"
    assert os.listdir(tmp_path) == ["taken"]


def test_a_symbolic_link_in_the_temporary_files_place_is_not_followed(tmp_path: Path) -> None:
    """Whoever may write to the folder can't turn a write of root's elsewhere."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".file.{os.getpid()}.tmp").symlink_to(victim)
    files.write(str(tmp_path / "file"), b"x")
    assert victim.read_bytes() == b"precious"
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "file").is_symlink()) == (b"x", False)


def test_a_left_over_temporary_lends_no_mode(tmp_path: Path) -> None:
    """A killed process with the same number left one that everybody can read: the key is born 0600 all the same."""
    left = tmp_path / f".key.{os.getpid()}.tmp"
    left.write_bytes(b"")
    left.chmod(0o644)
    files.write(str(tmp_path / "key"), b"secret", mode=0o600)
    assert _mode(tmp_path / "key") == 0o600


def test_a_folder_of_somebody_elses_keeps_its_mode(tmp_path: Path) -> None:
    """An empty private folder is neither opened nor closed by making another one in it."""
    tmp_path.chmod(0o700)
    files.folder(str(tmp_path / "run"))
    files.folder(str(tmp_path))
    assert (_mode(tmp_path), _mode(tmp_path / "run")) == (0o700, 0o755)


def test_create_never_overwrites(tmp_path: Path) -> None:
    """A root's key is made once."""
    path = tmp_path / "root.key"
    files.create(str(path), b"first", mode=0o600)
    assert _code(lambda: files.create(str(path), b"second")) == "file-exists"
    assert (path.read_bytes(), _mode(path), os.listdir(tmp_path)) == (b"first", 0o600, ["root.key"])
    assert _code(lambda: files.create(str(tmp_path / "missing" / "file"), b"x")) == "file-unwritable"


def test_files_that_belong_together_change_together(tmp_path: Path) -> None:
    """New ones in, old ones out; where one can't be written nothing is touched."""
    for name in ("birth.pem", "template", "settings"):
        (tmp_path / name).write_bytes(b"old")
    fresh = {"birth.pem": (b"new", 0o644), "template": (b"new", 0o600)}
    files.replace(str(tmp_path), fresh, without=("settings",))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"birth.pem": b"new", "template": b"new"}
    (tmp_path / f".template.{os.getpid()}.tmp").mkdir()
    assert _code(lambda: files.replace(str(tmp_path), {"birth.pem": (b"3", 0o644), "template": (b"3", 0o600)})) == (
        "file-unwritable"
    )
    assert (tmp_path / "birth.pem").read_bytes() == b"new"


def test_a_set_is_written_into_an_empty_place(tmp_path: Path) -> None:
    """Every file with its mode; one that is there already stops it."""
    files.write_set(str(tmp_path), {"privkey.pem": (b"k", 0o600), "chain.pem": (b"c", 0o644)}, group=os.getgid())
    assert [_mode(tmp_path / name) for name in ("privkey.pem", "chain.pem")] == [0o600, 0o644]
    with pytest.raises(FileExistsError):
        files.write_set(str(tmp_path), {"new.pem": (b"n", 0o600), "chain.pem": (b"c", 0o644)})


def test_a_link_is_switched_at_one_go(tmp_path: Path) -> None:
    """current → set-1, then set-2; what a killed run left in its temporary's place is no obstacle."""
    link = tmp_path / "current"
    (tmp_path / f"current.{os.getpid()}.tmp").symlink_to("nowhere")
    for target in ("set-1", "set-2"):
        files.switch(str(link), target)
        assert os.readlink(link) == target
    assert os.listdir(tmp_path) == ["current"]


def test_a_folder_keeps_the_mode_that_somebody_gave_it(tmp_path: Path) -> None:
    """Made with the mode asked for, those above it too; one with something in it stays as it is."""
    inner = tmp_path / "a" / "b"
    files.folder(str(inner), mode=0o700)
    assert _mode(inner) == 0o700
    (inner / "file").touch()
    inner.chmod(0o755)
    files.folder(str(inner), mode=0o700)
    assert _mode(inner) == 0o755
    assert _code(lambda: files.folder(str(inner / "file"))) == "file-unwritable"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    """The second waits, then is told who stands in its way; when the first has gone it may."""
    path = str(tmp_path / "lock")
    with Lock(path, 0):
        assert _code(lambda: Lock(path, 0.06).__enter__()) == "busy"
    with Lock(path, 0) as again:
        assert isinstance(again, Lock)
    assert _code(lambda: Lock(str(tmp_path / "missing" / "lock"), 0).__enter__()) == "file-unwritable"


def test_removing_what_isnt_there_is_no_error(tmp_path: Path) -> None:
    """Nor is a folder in its place."""
    files.remove(str(tmp_path / "missing"))
    files.remove(str(tmp_path))
    assert tmp_path.exists()


def test_what_a_power_cut_left_is_swept(tmp_path: Path) -> None:
    """Temporaries of processes that are no more; those of one that lives, and everybody else's files, stay."""
    dead = 1 << 30  # beyond the largest process number there is
    kept = {f".key.{os.getpid()}.tmp", "key", "notes.tmp", ".tmp", ".key.tmp", f"key.{dead}.tmp"}
    for name in (*kept, f".key.{dead}.tmp", f".a.b.{dead}.tmp"):
        (tmp_path / name).touch()
    files.sweep(str(tmp_path))
    assert set(os.listdir(tmp_path)) == kept


def test_a_destroyed_file_is_overwritten_before_it_goes(tmp_path: Path) -> None:
    """Another name of the same file shows what was left of its contents."""
    path, witness = tmp_path / "device-ca.key", tmp_path / "witness"
    path.write_bytes(b"secret")
    witness.hardlink_to(path)
    files.destroy(str(path))
    assert not path.exists()
    assert witness.read_bytes() == bytes(6)
    files.destroy(str(path))  # gone already: fine
    assert _code(lambda: files.destroy(str(tmp_path))) == "file-unwritable"


def test_a_set_is_not_written_through_a_link(tmp_path: Path) -> None:
    """set-1 → elsewhere, in place of the folder that was made: nothing arrives there, nor does its mode change."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(0o700)
    (tmp_path / "set-1").symlink_to(elsewhere)
    with pytest.raises(OSError, match=r"set-1"):
        files.write_set(str(tmp_path / "set-1"), {"chain.pem": (b"c", 0o644)}, group=os.getgid())
    assert list(elsewhere.iterdir()) == []
    assert _mode(elsewhere) == 0o700


def test_a_folder_is_not_locked_through_a_link_nor_a_pipe(tmp_path: Path) -> None:
    """A link to a folder, and a FIFO, which would have whoever opens it wait for ever: both are refused."""
    (tmp_path / "link").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        assert _code(lambda name=name: files.Lock(str(tmp_path / name), 0, folder=True).__enter__()) == (
            "file-unwritable"
        )
