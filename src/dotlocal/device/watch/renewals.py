# Boot path: no typing, dataclasses, enum, re or json at run time.
"""ACME renewals of a watching device: when one is due, and the child process that sees to it.

The watching process reads the record and nothing else; a device without ACME is asked for one file's existence.
"""

import os
import sys
from time import monotonic

from dotlocal.core.errors import Refused
from dotlocal.core.window import instant
from dotlocal.device.store import OWNED, State
from dotlocal.device.time import UNKNOWN
from dotlocal.host import clock, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotlocal.device.boot import Options

_ASKED = "DOTLOCAL_ACME"
_SIGTERM = 15  # signal(7); the module that names it imports enum
_LEAST_SECONDS = 60.0  # between two attempts, whatever the record says or can't say
_MOST_SECONDS = 6 * 3600.0


class Renewals:
    """`due` is the moment (of `time.monotonic`) of the next attempt, or None while there is none, or one is running."""

    __slots__ = ("_before", "_child", "_ended", "_floor", "_futile", "_known", "_options", "due")

    def __init__(self, options: "Options") -> None:
        self._options = options
        self._before = b""
        self._child = 0
        self._ended = 0.0
        self._futile = 0
        self._known = False
        self._floor = 0
        self.due: float | None = None

    def told(self, report: "dict[str, Any]") -> None:
        """Take note of how good the clock is, as a boot has found it, and look anew."""
        told = report["clock"]
        self._known, self._floor = told["quality"] != UNKNOWN, instant(told["floor"])
        self.look()

    def look(self) -> None:
        """Read the record: when is the next attempt?"""
        state = State(self._options.state)
        if self._child or not os.path.exists(os.path.join(state.file(OWNED), "acme-settings")):
            self.due = None
            return
        from dotlocal.device.acme import standing  # of devices with ACME

        if self._futile and self._recorded() != self._before:
            self._futile = 0  # somebody has made an attempt meanwhile
        wait = standing.wait(state, clock.read(), self._floor, known=self._known)
        self.due = None if wait is None else max(monotonic() + wait, self._soonest())

    def start(self) -> None:
        """Start an attempt, in a process of its own; or ask for one where a unit does it (docs/own-acme.md)."""
        import dotlocal

        home = os.path.dirname(os.path.dirname(os.path.abspath(dotlocal.__file__)))
        options = self._options
        words = [sys.executable, "-P", "-s", "-m", "dotlocal.device.acme.renewer", options.state, options.run]
        words += [options.config, "named" if options.config_named else "default"]
        self.due, self._before = None, self._recorded()
        if os.environ.get(_ASKED) == "asked":
            self._ask()
            return
        try:
            self._child = os.posix_spawn(sys.executable, words, {**os.environ, "PYTHONPATH": home})
        except OSError:
            self._over()

    def ended(self) -> None:
        """Some child process has ended: if it was the attempt, look anew."""
        if not self._child:
            return
        try:
            found, _ = os.waitpid(self._child, os.WNOHANG)
        except ChildProcessError:
            found = self._child
        if found:
            self._over()

    def stop(self) -> None:
        """End an attempt that is running; the next one finds out how far it came."""
        if self._child:
            try:
                os.kill(self._child, _SIGTERM)
            except ProcessLookupError:
                pass

    def _over(self) -> None:
        self._child = 0
        self._ended = monotonic()
        self._futile = self._futile + 1 if self._recorded() == self._before else 0
        self.look()

    def _ask(self) -> None:
        try:
            files.write(os.path.join(self._options.run, "acme-due"), b"")
        except Refused:
            pass  # asked again, as after an attempt that came to nothing
        self._over()

    def _recorded(self) -> bytes:
        try:
            return files.read(os.path.join(State(self._options.state).file(OWNED), "acme-record"))
        except Refused:
            return b""

    def _soonest(self) -> float:
        # a state that can't be written forgets every attempt: no loop may come of it
        if not self._futile:
            return 0.0
        return self._ended + min(_LEAST_SECONDS * float(1 << min(self._futile - 1, 16)), _MOST_SECONDS)
