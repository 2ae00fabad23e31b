"""What the two browsers share: one process per root, kept for many visits, since starting one takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from .nss import fingerprint
from .peer import Trouble, Verdict


class Browser(Protocol):
    """A running browser that trusts one root beside those that it ships with."""

    def visit(self, host: str, port: int) -> Verdict: ...

    def close(self) -> None: ...


class BrowserPerRoot:
    """A peer that starts a browser at the first visit with a root, and closes them all at the end."""

    def __init__(self) -> None:
        self._browsers: dict[str, Browser] = {}

    def start(self, root: Path) -> Browser:
        """A browser that has just imported `root`."""
        raise NotImplementedError

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        which = fingerprint(root)
        try:
            if which not in self._browsers:
                self._browsers[which] = self.start(root)
            return self._browsers[which].visit(host, port)
        except (Trouble, OSError) as failure:
            # Whatever state it is in now, the next visit deserves a fresh one.
            if broken := self._browsers.pop(which, None):
                broken.close()
            raise Trouble(str(failure)) from failure

    def close(self) -> None:
        while self._browsers:
            self._browsers.popitem()[1].close()
