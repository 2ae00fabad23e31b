"""A file system that loses what it may: a model that replays recorded calls and enumerates what a power cut leaves.

POSIX promises a file's contents after fsync of the file, and a name in a folder after fsync of that folder, and nothing
else. So after a cut every change of a name since the folder's last fsync may be kept or lost, each for itself, and a
file that was written since its last fsync may hold all of it, nothing, zeros, or half. Stricter than any real one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import product
from pathlib import Path

from recording import Op

_MOST_FREE = 3  # so many unsynced names are kept and lost in every combination; more of them in fewer
FATES = ("kept", "dropped", "zeroed", "truncated")
Tree = dict[str, tuple[str, int, bytes]]  # path to (kind, mode, contents or target)


@dataclass(eq=False)
class File:
    """A regular file: what processes see, and what is on the disk for certain."""

    data: bytes = b""
    mode: int = 0
    synced: bytes = b""
    synced_mode: int = 0
    dirty: bool = False

    def after(self, fate: str) -> tuple[str, int, bytes]:
        """What is left of it."""
        if not self.dirty or fate == "kept":
            return "file", self.mode, self.data
        left = {
            "dropped": self.synced, "zeroed": bytes(len(self.data)), "truncated": self.data[: len(self.data) // 2],
        }[fate]  # fmt: skip
        return "file", self.synced_mode, left


@dataclass(eq=False)
class Link:
    """A symbolic link; its target is as durable as its name."""

    target: str


Change = tuple[str, "File | Link | Folder | None", str]  # name, what it is now (None: nothing), a name that it leaves


@dataclass(eq=False)
class Folder:
    """A folder: its names as processes see them, those on the disk for certain, and the changes in between."""

    mode: int
    names: dict[str, File | Link | Folder] = field(default_factory=dict)
    synced: dict[str, File | Link | Folder] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)

    def change(self, name: str, node: File | Link | Folder | None, leaves: str = "") -> None:
        """One atomic change: a name appears, disappears, or moves."""
        self.pending.append((name, node, leaves))
        _apply(self.names, self.pending[-1])

    def after(self, kept: frozenset[int]) -> dict[str, File | Link | Folder]:
        """Its names when those changes were kept and the others lost."""
        names = dict(self.synced)
        for number, change in enumerate(self.pending):
            if number in kept:
                _apply(names, change)
        return names


def _apply(names: dict[str, File | Link | Folder], change: Change) -> None:
    name, node, leaves = change
    if leaves:
        names.pop(leaves, None)
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node


class Disk:
    """The disk below one folder, which itself is there for certain."""

    def __init__(self) -> None:
        self.top = Folder(0o700)
        self._handles: dict[int, File | Folder] = {}
        self._offsets: dict[int, int] = {}

    def carry_out(self, op: Op) -> None:
        """Do what a recorded call did."""
        call, where, *more = op
        getattr(self, f"_{call}")(where, *more)

    def _find(self, path: str) -> tuple[Folder, str]:
        folder = self.top
        *above, name = path.split("/")
        for part in above:
            node = folder.names[part]
            if isinstance(node, Link):
                node = folder.names[node.target]
            assert isinstance(node, Folder)
            folder = node
        return folder, name

    def _open(self, path: str, handle: int, truncated: bool, mode: int) -> None:
        if path == ".":
            self._handles[handle] = self.top
            return
        folder, name = self._find(path)
        node = folder.names.get(name)
        if node is None:
            node = File(mode=mode, synced_mode=mode)
            folder.change(name, node)
        if isinstance(node, Link):
            node = folder.names[node.target]
        assert not isinstance(node, Link)
        if truncated and isinstance(node, File) and node.data:
            node.data, node.dirty = b"", True
        self._handles[handle] = node

    def _write(self, handle: int, data: bytes) -> None:
        node = self._handles[handle]
        assert isinstance(node, File)
        start = self._offsets.get(handle, 0)
        self._offsets[handle] = end = start + len(data)
        node.data, node.dirty = node.data[:start] + data + node.data[end:], True

    def _fsync(self, handle: int) -> None:
        node = self._handles[handle]
        if isinstance(node, File):
            node.synced, node.synced_mode, node.dirty = node.data, node.mode, False
        else:
            node.synced, node.pending = dict(node.names), []

    def _fchmod(self, handle: int, mode: int) -> None:
        self._handles[handle].mode = mode

    def _chmod(self, path: str, mode: int) -> None:
        folder, name = self._find(path)
        node = folder.names[name]
        assert not isinstance(node, Link)
        node.mode = mode

    def _mkdir(self, path: str, mode: int) -> None:
        folder, name = self._find(path)
        folder.change(name, Folder(mode))

    def _symlink(self, path: str, target: str) -> None:
        folder, name = self._find(path)
        folder.change(name, Link(target))

    def _rename(self, old: str, new: str) -> None:
        (folder, name), (other, to) = self._find(old), self._find(new)
        assert folder is other, "a rename between folders is two changes: teach the disk"
        folder.change(to, folder.names[name], leaves=name)

    def _link(self, old: str, new: str) -> None:
        (folder, name), (other, to) = self._find(old), self._find(new)
        other.change(to, folder.names[name])

    def _unlink(self, path: str) -> None:
        folder, name = self._find(path)
        folder.change(name, None)

    _rmdir = _unlink

    def now(self) -> Tree:
        """What processes see, and what a kill leaves."""
        return _tree(self.top, {}, {}, seen=True)

    def cuts(self) -> Iterator[Tree]:
        """Everything that a power cut at this moment may leave."""
        folders = [folder for folder in _folders(self.top) if folder.pending]
        files = list({id(file): file for file in _files(self.top) if file.dirty}.values())
        for kept, fates in product(_together(folders), _fates(len(files))):
            yield _tree(self.top, kept, dict(zip(files, fates, strict=True)))


def _together(folders: list[Folder]) -> Iterator[dict[Folder, frozenset[int]]]:
    """One folder in all its ways, the others with everything or nothing kept."""
    everything = {folder: frozenset(range(len(folder.pending))) for folder in folders}
    yield everything
    yield {}
    for folder in folders:
        for kept in _choices(len(folder.pending)):
            yield {**everything, folder: kept}
            yield {folder: kept}


def _choices(count: int) -> list[frozenset[int]]:
    everything = frozenset(range(count))
    if count <= _MOST_FREE:
        return [frozenset(n for n in everything if bits >> n & 1) for bits in range(1 << count)]
    return [frozenset(), everything, everything - {0}, everything - {count - 1}, frozenset({0}), frozenset({count - 1})]


def _fates(count: int) -> list[tuple[str, ...]]:
    together = [(fate,) * count for fate in FATES]
    last = [("kept",) * (count - 1) + (fate,) for fate in FATES[1:]]
    return list(dict.fromkeys([*together, *last])) if count else [()]


def _folders(folder: Folder) -> Iterator[Folder]:
    yield folder
    for node in {id(node): node for node in _ever_in(folder)}.values():
        if isinstance(node, Folder):
            yield from _folders(node)


def _files(top: Folder) -> Iterator[File]:
    for folder in _folders(top):
        yield from (node for node in _ever_in(folder) if isinstance(node, File))


def _ever_in(folder: Folder) -> list[File | Link | Folder]:
    return [*folder.synced.values(), *(node for _, node, _ in folder.pending if node is not None)]


def _tree(
    folder: Folder, kept: dict[Folder, frozenset[int]], fates: dict[File, str], *, seen: bool = False, path: str = ""
) -> Tree:
    tree: Tree = {}
    for name, node in (folder.names if seen else folder.after(kept.get(folder, frozenset()))).items():
        here = f"{path}{name}"
        if isinstance(node, Folder):
            tree[here] = ("folder", node.mode, b"")
            tree |= _tree(node, kept, fates, seen=seen, path=f"{here}/")
        elif isinstance(node, Link):
            tree[here] = ("link", 0o777, node.target.encode())
        else:
            tree[here] = ("file", node.mode, node.data) if seen else node.after(fates.get(node, "kept"))
    return tree


def lay_out(tree: Tree, folder: Path) -> None:
    """Make a tree of the model real."""
    folder.mkdir()
    for name, (kind, mode, held) in sorted(tree.items()):
        path = folder / name
        if kind == "folder":
            path.mkdir()
            path.chmod(mode)
        elif kind == "link":
            path.symlink_to(held.decode())
        else:
            path.write_bytes(held)
            path.chmod(mode)


def read_back(folder: Path) -> Tree:
    """A real folder as a tree of the model."""
    tree: Tree = {}
    for path in sorted(folder.rglob("*")):
        name, mode = str(path.relative_to(folder)), stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            tree[name] = ("link", 0o777, os.readlink(path).encode())
        elif path.is_dir():
            tree[name] = ("folder", mode, b"")
        else:
            tree[name] = ("file", mode, path.read_bytes())
    return tree


def fingerprint(tree: Tree) -> bytes:
    """The same for equal trees alone."""
    return sha256(repr(sorted(tree.items())).encode()).digest()
