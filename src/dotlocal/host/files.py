# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Files that are whole or not there: temporary, fsync, rename, fsync of the folder. And one lock for one writer."""

import sys
from time import monotonic, sleep

from dotlocal.core.errors import Absent, Refused

if sys.platform == "win32":
    import os
    import os.path as paths
else:
    import fcntl
    import posix as os

    from dotlocal.host import paths
# Windows has none of these, and no device: there a customer's computer reads a root, and nothing of ours is written
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
# the folder itself: not what a link in its place leads to, nor a FIFO, which would have its reader wait
FOLDER_ITSELF = os.O_RDONLY | _CLOEXEC | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)

_KIND, _REGULAR = 0o170000, 0o100000  # S_IFMT and S_IFREG; the module `stat` is no boot's
_RETRY_SECONDS = 0.05
_CHUNK_OCTETS = 1 << 16


def read(path: str, most: int = 1 << 20, *, place: "int | None" = None) -> bytes:
    """The contents of a file; refuses `file-missing`, `file-unreadable`, and `file-too-large` beyond `most` octets.

    With the descriptor of a folder (`place`) the path is a name in there, and of a plain file that has no other name:
    whoever owns the folder can't have another one of root's read through it.
    """
    try:
        flags = os.O_RDONLY | _CLOEXEC | _BINARY
        descriptor = os.open(path, flags if place is None else flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
        try:
            if place is not None and not _plain(descriptor):
                raise Refused("file-unreadable", f"{path} is no plain file, or has another name too")
            contents = b""
            while len(contents) <= most and (
                chunk := os.read(descriptor, min(_CHUNK_OCTETS, most + 1 - len(contents)))
            ):
                contents += chunk
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise Absent("file-missing", f"{path} does not exist") from None
    except OSError as error:
        raise Refused("file-unreadable", f"{path} can't be read: {error.strerror}") from None
    if len(contents) > most:
        raise Refused("file-too-large", f"{path} has more than {most} octets")
    return contents


def owner_of(folder: str) -> "tuple[int, int] | None":
    """User and group that a file which root writes must be given to: whoever owns its folder could not read it
    otherwise. None: it stays the writer's.
    """
    try:
        found = os.stat(folder)
    except OSError:
        return None  # whoever writes there will say so
    return (found.st_uid, found.st_gid) if found.st_uid and os.geteuid() == 0 else None


def _plain(descriptor: int) -> bool:
    found = os.fstat(descriptor)
    return found.st_mode & _KIND == _REGULAR and found.st_nlink == 1


def write(
    path: str, contents: bytes, *, mode: int = 0o644, group: "int | None" = None,
    owner: "tuple[int, int] | None" = None, place: "int | None" = None,
) -> None:  # fmt: skip
    """Put a file in place of the old one, atomically and durably. It is born with its mode and never wider. With the
    descriptor of a folder (`place`) the path is a name in there.
    """
    folder, name = paths.split(path)
    temporary = paths.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        _write_synced(temporary, contents, mode=mode, group=group, owner=owner, place=place)
        os.rename(temporary, path, src_dir_fd=place, dst_dir_fd=place)
        if place is None:
            sync_folder(folder or ".")
        else:
            os.fsync(place)
    except OSError as error:
        remove(temporary, place=place)
        raise _unwritable(path, error) from None


def replace(
    folder: str, contents: "dict[str, tuple[bytes, int]]", *, without: "tuple[str, ...]" = (),
    owner: "tuple[int, int] | None" = None,
) -> None:  # fmt: skip
    """Put files (name to contents and mode) in place of the old ones, in their order, and remove those of `without`.

    All are on the disk before the first old one is touched, so that a full disk changes nothing; the last of them is
    gone until the others are in place, so that whoever goes by it never meets a mixture of old and new.
    """
    temporaries = {name: paths.join(folder, f".{name}.{os.getpid()}.tmp") for name in contents}
    try:
        for name, (data, mode) in contents.items():
            _write_synced(temporaries[name], data, mode=mode, owner=owner)
        for name in (*without, list(contents)[-1]):
            remove(paths.join(folder, name))
        for name, temporary in temporaries.items():
            sync_folder(folder)  # in this order on the disk too: unsynced names may be lost each for itself
            os.rename(temporary, paths.join(folder, name))
        sync_folder(folder)
    except OSError as error:
        for temporary in temporaries.values():
            remove(temporary)
        raise _unwritable(folder, error) from None


def write_set(folder: str, contents: "dict[str, tuple[bytes, int]]", *, group: "int | None" = None) -> None:
    """Write files (name to contents and mode) that must not exist yet into a folder, durably, and let the group into
    it, if there is one. By descriptor: whoever owns the folder above can't lead root elsewhere. Raises OSError.
    """
    descriptors = [os.open(folder, FOLDER_ITSELF)]
    place = descriptors[0]
    try:
        for name, (data, mode) in contents.items():
            descriptors.append(_write(name, data, mode=mode, group=group, place=place))
        if group is not None:
            os.fchown(place, -1, group)
            os.fchmod(place, 0o750)  # the group that device.toml names reads the key
        for descriptor in reversed(descriptors):  # all written first: the file system then commits them in one go
            os.fsync(descriptor)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _write_synced(
    path: str, contents: bytes, *, mode: int, group: "int | None" = None, owner: "tuple[int, int] | None" = None,
    place: "int | None" = None,
) -> None:  # fmt: skip
    remove(path, place=place)  # a temporary that a killed process left may have another mode
    descriptor = _write(path, contents, mode=mode, group=group, owner=owner, place=place)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(
    path: str, contents: bytes, *, mode: int, group: "int | None", place: "int | None" = None,
    owner: "tuple[int, int] | None" = None,
) -> int:  # fmt: skip
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600, dir_fd=place)
    try:
        if owner is not None:
            os.fchown(descriptor, *owner)
        if group is not None:
            os.fchown(descriptor, -1, group)
        if mode != 0o600:
            os.fchmod(descriptor, mode)
        view = memoryview(contents)
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def create(path: str, contents: bytes, *, mode: int = 0o644) -> None:
    """Write a file that must not exist yet: it appears whole, or not at all; refuses `file-exists`."""
    folder, name = paths.split(path)
    temporary = paths.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        _write_synced(temporary, contents, mode=mode)
        os.link(temporary, path)  # unlike a rename, a link never replaces
        os.unlink(temporary)
        sync_folder(folder or ".")
    except FileExistsError:
        remove(temporary)
        raise Refused("file-exists", f"{path} exists already and is not overwritten") from None
    except OSError as error:
        remove(temporary)
        raise _unwritable(path, error) from None


def folder(path: str, *, mode: int = 0o755) -> None:
    """Make a folder and those above it, durably; one that exists stays as it is. Refuses `file-unwritable`."""
    try:
        if not paths.isdir(path):
            from os.path import abspath  # seldom: what is missing is made once

            above = paths.dirname(abspath(path))
            folder(above)
            try:
                os.mkdir(path, 0o700)
                os.chmod(path, mode)  # only what was made here: other people's folders keep their modes
            except FileExistsError:  # somebody was faster; a file in its place is found out below
                pass
            # a file is as durable as the names above it: without this, a power cut takes a synced key with its folder
            sync_folder(above)
        os.listdir(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def switch(link: str, target: str) -> None:
    """Point a symbolic link at a target (relative to its folder), atomically. Raises OSError."""
    temporary = f"{link}.{os.getpid()}.tmp"
    remove(temporary)
    os.symlink(target, temporary)
    os.rename(temporary, link)
    sync_folder(paths.dirname(link) or ".")


def sync_folder(path: str) -> None:
    """Make renames in a folder durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Lock:
    """One writer at a time, by flock on a file of its own or on a folder, never through a link; it ends with its
    process.
    """

    __slots__ = ("_descriptor", "_folder", "_path", "_seconds")

    def __init__(self, path: str, seconds: float, *, folder: bool = False) -> None:
        self._folder = folder
        self._path = path
        self._seconds = seconds
        self._descriptor = -1

    def __enter__(self) -> "Lock":
        deadline = monotonic() + self._seconds
        try:
            # for reading: one who may read a lock of another user may wait for it
            flags = FOLDER_ITSELF if self._folder else os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise _unwritable(self._path, error) from None
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            except BlockingIOError:
                if monotonic() > deadline:
                    os.close(self._descriptor)
                    raise Refused(
                        "busy", f"another command has held {self._path} for {self._seconds:g} seconds",
                        hint="wait for it, or end it, and try again",
                    ) from None  # fmt: skip
                sleep(_RETRY_SECONDS)

    def __exit__(self, *exception: object) -> None:
        os.close(self._descriptor)

    @property
    def descriptor(self) -> int:
        """Of the file or folder, while it is held."""
        return self._descriptor


def _unwritable(path: str, error: OSError) -> Refused:
    return Refused("file-unwritable", f"{path} can't be written: {error.strerror}")


def sweep(folder: str) -> None:
    """Remove the temporaries that a power cut left in a folder: those whose process is no more."""
    try:
        names = os.listdir(folder)
    except OSError:
        return  # a failing disk: whatever was to be written is written
    for name in names:
        parts = name.split(".")
        if parts[0] or parts[-1] != "tmp" or not parts[-2].isdigit() or paths.exists(f"/proc/{parts[-2]}"):
            continue
        remove(paths.join(folder, name))


def destroy(path: str, *, place: "int | None" = None) -> None:
    """Overwrite a file, then remove it, durably; one that isn't there is fine. Refuses `file-unwritable`. With the
    descriptor of a folder (`place`) the path is a name in there.

    What the medium below keeps of the old contents (flash moves blocks about, as file systems with snapshots do) no
    program can reach.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=place)
        try:
            os.write(descriptor, bytes(os.fstat(descriptor).st_size))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.unlink(path, dir_fd=place)
        if place is None:
            sync_folder(paths.dirname(path) or ".")
        else:
            os.fsync(place)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from None


def remove(path: str, *, place: "int | None" = None) -> None:
    """Remove a file, if it is there and can be; with the descriptor of a folder (`place`) one in there."""
    try:
        os.unlink(path, dir_fd=place)
    except OSError:
        pass
