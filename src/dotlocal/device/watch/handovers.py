# Boot path: no typing, dataclasses, enum, re or json at run time.
"""A web server that wasn't running when a watching process handed a set over: it is looked for again.

One that was just starting may have read the set before, and says nothing of it; and a status that says `not-running`
for ever is not true. After some minutes without one nobody wakes up for it any more.
"""

import sys
from time import monotonic

from dotlocal.core.errors import Refused
from dotlocal.device import boot, status
from dotlocal.device.settings import Settings
from dotlocal.device.store import Run, State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotlocal.device.boot import Options

WAITS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
_NOT_RUNNING = "not-running"


class HandOvers:
    """`due` is the moment (of `time.monotonic`) of the next look, or None: there is nothing to look for."""

    __slots__ = ("_options", "_report", "_waits", "due")

    def __init__(self, options: "Options") -> None:
        self._options = options
        self._report: dict[str, Any] = {}
        self._waits: list[float] = []
        self.due: float | None = None

    def told(self, report: "dict[str, Any]") -> None:
        """What a boot has just made, and what came of handing it over."""
        self._waits = list(WAITS)
        self._wait(report)

    def start(self) -> bool:
        """Look, and hand over unless the server has read the set by now; whether a hand-over has failed."""
        from dotlocal.device.handover.steps import hand_over  # only where [handover] is configured

        try:
            settings, _ = boot.read_settings(State(self._options.state), self._options)
        except Refused:
            settings = Settings()
        if not settings.handover:
            self._wait({})
            return False
        report = hand_over(self._report, settings, Run(self._options.run), started=True)
        self._wait(report)
        outcome = report["handover"]["outcome"]
        if outcome != _NOT_RUNNING:
            found = [finding for finding in report["findings"] if finding["code"].startswith("handover-")]
            lines = status.remarks({**report, "left_out": [], "findings": found})
            sys.stderr.write("".join(f"dotlocal: {line}\n" for line in lines))
        return bool(outcome == "failed")

    def _wait(self, report: "dict[str, Any]") -> None:
        waiting = self._waits and report.get("handover", {}).get("outcome") == _NOT_RUNNING
        self._report = report if waiting else {}
        self.due = monotonic() + self._waits.pop(0) if waiting else None
