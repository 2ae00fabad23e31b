"""What a process does to the files below a folder: every call of `os` that changes one, in order.

The calls are carried out as they are; an audit hook sees whatever goes past the recorder, so that nothing is missed.
"""

from __future__ import annotations

import os
import posix
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Op = tuple[Any, ...]
_CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_HEARD = ["open", "close", "write", "fsync", "rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "fchmod"]
_UNHEARD = ["truncate", "ftruncate", "replace", "remove", "fdatasync", "pwrite", "writev", "copy_file_range"]
_REAL: dict[str, Callable[..., Any]] = {name: getattr(os, name) for name in _HEARD}


@dataclass
class Recording:
    """`ops` below `base`: (call, path or handle, …), paths relative. A handle is a number that is never used again."""

    base: Path
    ops: list[Op] = field(default_factory=list)
    _handles: dict[int, int] = field(default_factory=dict)
    _folders: dict[int, str] = field(default_factory=dict)
    _opened: int = 0
    _changed: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Record what happens inside."""
        replaced = {name: getattr(os, name) for name in (*_REAL, *_UNHEARD)}
        heard: list[str] = []
        before = self._changed
        _LISTENERS.append(lambda path: heard.append(path) if self._below(path) is not None else None)
        for module in (os, posix):  # the same calls
            for name in _REAL:
                setattr(module, name, getattr(self, f"_{name}"))
            for name in _UNHEARD:
                setattr(module, name, _refuse(name))
        try:
            yield
        finally:
            _LISTENERS.pop()
            for name, function in replaced.items():
                setattr(os, name, function)
                setattr(posix, name, function)
        assert len(heard) == self._changed - before, f"files were changed past the recorder: {heard}"

    def _below(self, path: Any) -> str | None:
        text = os.path.abspath(os.fspath(path)) if not isinstance(path, int) else ""
        return os.path.relpath(text, self.base) if text.startswith(f"{self.base}/") or text == str(self.base) else None

    def _resolved(self, path: Any, *, dir_fd: int | None = None) -> Any:
        """The path of a name in an open folder."""
        return path if dir_fd is None else os.path.join(self._folders[dir_fd], path)

    def _on_path(self, call: str, path: Any, *more: Any) -> None:
        if (relative := self._below(path)) is not None:
            self.ops.append((call, relative, *more))

    def _on_handle(self, call: str, descriptor: int, *more: Any) -> None:
        if descriptor in self._handles:
            self.ops.append((call, self._handles[descriptor], *more))

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        descriptor: int = _REAL["open"](path, flags, mode, **more)
        path, within = self._resolved(path, **more), more.get("dir_fd") is not None
        if flags & os.O_DIRECTORY:
            self._folders[descriptor] = path
        relative = self._below(path)
        if relative is not None and flags & (_CHANGES | os.O_DIRECTORY):
            self._opened += 1
            self._changed += bool(flags & _CHANGES) and not within  # the audit hook is told the name alone
            self._handles[descriptor] = self._opened
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            self.ops.append(("open", relative, self._opened, bool(flags & os.O_TRUNC), mode))
        return descriptor

    def _close(self, descriptor: int) -> None:
        self._handles.pop(descriptor, None)
        self._folders.pop(descriptor, None)
        _REAL["close"](descriptor)

    def _write(self, descriptor: int, data: Any) -> int:
        written: int = _REAL["write"](descriptor, data)
        self._on_handle("write", descriptor, bytes(data[:written]))
        return written

    def _fsync(self, descriptor: int) -> None:
        self._on_handle("fsync", descriptor)  # the test's own disk may be as lazy as it likes

    def _rename(self, old: Any, new: Any, **more: Any) -> None:
        _REAL["rename"](old, new, **more)
        old, new = (
            self._resolved(path, dir_fd=more.get(place)) for path, place in ((old, "src_dir_fd"), (new, "dst_dir_fd"))
        )
        self._on_path("rename", old, self._below(new))

    def _link(self, old: Any, new: Any, **more: Any) -> None:
        _REAL["link"](old, new, **more)
        self._on_path("link", old, self._below(new))

    def _symlink(self, target: Any, path: Any, **more: Any) -> None:
        _REAL["symlink"](target, path, **more)
        self._on_path("symlink", path, os.fspath(target))

    def _unlink(self, path: Any, **more: Any) -> None:
        _REAL["unlink"](path, **more)
        self._on_path("unlink", self._resolved(path, **more))

    def _mkdir(self, path: Any, mode: int = 0o777, **more: Any) -> None:
        _REAL["mkdir"](path, mode, **more)
        if self._below(path) is not None:
            self._on_path("mkdir", path, stat.S_IMODE(os.stat(path).st_mode))

    def _rmdir(self, path: Any, **more: Any) -> None:
        _REAL["rmdir"](path, **more)
        self._on_path("rmdir", path)

    def _chmod(self, path: Any, mode: int, **more: Any) -> None:
        _REAL["chmod"](path, mode, **more)
        self._on_path("chmod", path, mode)

    def _fchmod(self, descriptor: int, mode: int) -> None:
        _REAL["fchmod"](descriptor, mode)
        self._on_handle("fchmod", descriptor, mode)


def _refuse(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError(f"the recorder does not know os.{name}: teach it, and the disk")

    return refuse


_LISTENERS: list[Callable[[Any], None]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _LISTENERS and event == "open" and isinstance(arguments[0], str) and arguments[2] & _CHANGES:
        _LISTENERS[-1](arguments[0])


sys.addaudithook(_audit)
