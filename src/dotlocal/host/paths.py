# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Paths on the device, without `os`, most of which is for what neither a boot nor `serve` needs (ADR 0028).

The names are those of `os.path` and mean the same. Modules beside this one that say `import posix as os` use the calls
of `os` themselves, which are written in C.
"""

from posix import lstat, stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_KIND, _FOLDER, _LINK = 0o170000, 0o040000, 0o120000  # S_IFMT, S_IFDIR, S_IFLNK (inode(7))


def join(folder: "str | Path", name: str) -> str:
    """A name in a folder; an absolute name stays as it is."""
    above = str(folder)
    return name if not above or name.startswith("/") else f"{above}{name}" if above.endswith("/") else f"{above}/{name}"


def split(path: str) -> "tuple[str, str]":
    """The folder, "" for one that isn't named, and the name in it."""
    folder, slash, name = path.rpartition("/")
    return folder.rstrip("/") or slash, name


def dirname(path: str) -> str:
    """The first half of `split`."""
    return split(path)[0]


def exists(path: "str | Path") -> bool:
    """Whether there is anything, also at the end of links."""
    try:
        stat(path)
    except (OSError, ValueError):
        return False
    return True


def isdir(path: "str | Path") -> bool:
    """Whether it is a folder, or links to one."""
    try:
        return stat(path).st_mode & _KIND == _FOLDER
    except (OSError, ValueError):
        return False


def islink(path: "str | Path") -> bool:
    """Whether it is a symbolic link, wherever that leads."""
    try:
        return lstat(path).st_mode & _KIND == _LINK
    except (OSError, ValueError):
        return False
