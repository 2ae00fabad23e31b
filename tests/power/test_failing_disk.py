"""A disk that is full, read-only by now, or failing, at any one call of any command: a refusal, and nothing is lost."""

from __future__ import annotations

import errno
import os
import posix
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from life import LIFE, SETTINGS, Home, Step, check_no_torn_set

from dotlocal.core.errors import Refused

_CHANGE = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CALLS = (
    "open", "write", "fsync", "rename", "link", "symlink", "unlink", "mkdir", "rmdir", "chmod", "fchmod", "fchown",
    "listdir",
)  # fmt: skip


class Failing:
    """Calls below a folder that change something, or list it: from the one numbered `at` on they fail, or it alone."""

    def __init__(self, base: Path, at: int, number: int, *, lasting: bool) -> None:
        self._base, self._at, self._number, self._lasting = f"{base}/", at, number, lasting
        self._calls = 0
        self._open: set[int] = set()

    @property
    def met(self) -> bool:
        """Whether that call was made at all."""
        return self._calls >= self._at

    @contextmanager
    def running(self) -> Iterator[None]:
        """Fail inside."""
        real = {name: getattr(posix, name) for name in _CALLS}
        for module in (os, posix):
            for name, call in real.items():
                setattr(module, name, self._failing(name, call))
        try:
            yield
        finally:
            for module in (os, posix):
                for name, call in real.items():
                    setattr(module, name, call)

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*words: Any, **more: Any) -> Any:
            within = {*words[:2], more.get("dir_fd"), more.get("src_dir_fd")}
            ours = any(f"{each}/".startswith(self._base) for each in within if isinstance(each, (str, Path)))
            ours = ours or bool(self._open & {each for each in within if isinstance(each, int)})
            if ours and (name != "open" or words[1] & _CHANGE):
                self._calls += 1
                if self._calls == self._at or (self._lasting and self._calls > self._at):
                    raise OSError(self._number, os.strerror(self._number), *words[:1])
            made = call(*words, **more)
            if name == "open":
                (self._open.add if ours else self._open.discard)(made)
            return made

        return called


@pytest.mark.parametrize(
    ("number", "lasting"),
    [(errno.EIO, False), (errno.ENOSPC, True), (errno.EROFS, True)],
    ids=["fails once", "full", "read-only"],
)
def test_no_call_that_fails_loses_anything(home: Home, number: int, lasting: bool) -> None:
    """Each call of each command of a device's life in turn: done or refused by name; the key is there, the set is
    whole, and with a good disk all goes on.
    """
    told = []
    shutil.rmtree(home.base)
    home.base.mkdir()
    home.config.write_text(SETTINGS)
    for step in LIFE:
        before, settings = home.base.with_name("before"), home.config.read_text()
        shutil.copytree(home.base, before, symlinks=True)
        key = home.state.key().point if home.state.has("device-ca.key") else None
        at, met = 0, True
        while met:
            at += 1
            met, problem = _tried(home, step, Failing(home.base, at, number, lasting=lasting), key)
            if problem:
                told.append(f"{step.name}, call {at}: {problem}")
            shutil.rmtree(home.base)
            shutil.copytree(before, home.base, symlinks=True)
            home.config.write_text(settings)
        step.do(home)
        shutil.rmtree(before)
    assert not told, "\n".join(told)


def _tried(home: Home, step: Step, failing: Failing, key: bytes | None) -> tuple[bool, str]:
    served = home.run.has_current()
    try:
        with failing.running():
            step.do(home)
    except Refused:
        pass
    except Exception as error:
        return failing.met, f"{type(error).__name__}: {error}"
    try:
        if key and not step.new_key and home.state.key().point != key:
            return failing.met, "another key"
        check_no_torn_set(home)
        if served and step.name != "reset" and not home.run.has_current():
            return failing.met, "no set any more"
        for again in step.again:
            again(home)
        if home.state.has("birth.pem"):
            home.boot()
            check_no_torn_set(home)
    except Exception as error:
        return failing.met, f"afterwards {type(error).__name__}: {error}"
    return failing.met, ""
