# Boot path: no typing, dataclasses, enum, re or json at run time.
"""New certificates for the help pages' probe in a watching process: when some are asked for, and when they are due.

A device without help pages has no batch, and is not asked again before its next boot.
"""

import os
import sys
from time import monotonic

from dotlocal.core.errors import Refused
from dotlocal.device import probe
from dotlocal.device.store import Run
from dotlocal.device.watch import events
from dotlocal.host import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.boot import Options
    from dotlocal.device.refill import Batch

REASON = "probe"


class Refills:
    """`due` is the moment (of `time.monotonic`) of the next batch, or None while none is asked for; `source` tells of
    those who ask, or is None.
    """

    __slots__ = ("_batch", "_options", "_soonest", "due", "source")

    def __init__(self, options: "Options") -> None:
        self._options = options
        self._batch: Batch | None = None
        self._soonest = 0.0
        self.source: events.Opened | None = None
        self.due: float | None = None

    def follow(self) -> None:
        """Another set is current, or another batch: listen for who asks for more."""
        if self.source:
            self.source.close()
        if self._batch:
            self._batch.close()
        self._batch = self.source = self.due = None
        run = Run(self._options.run)
        if not os.path.exists(os.path.join(run.current, probe.ROOT)):
            return
        from dotlocal.device import refill  # of devices with help pages

        try:
            self._batch = refill.Batch(run)
            self.source = events.Opened(os.path.join(self._batch.folder, probe.mark(self._batch.first)), REASON)
        except OSError:
            return
        self.look()

    def look(self) -> None:
        """Somebody has opened the mark, or may have."""
        wait = self._batch.wait(clock.uptime()) if self._batch else None
        self.due = None if wait is None else max(monotonic() + wait, self._soonest)

    def start(self) -> None:
        """Make them."""
        from dotlocal.device import refill

        made = False
        try:
            made = refill.refill(self._options)
        except Refused as refused:
            sys.stderr.write(f"dotlocal: error: no new certificates for the help pages: {refused}\n")
        if made:
            self.follow()
            sys.stderr.write("dotlocal: new certificates for the help pages, in place of those that were spent\n")
        else:  # that look has opened the mark, and we hear of it: no loop may come of that
            self._soonest = monotonic() + refill.SECONDS
            self.look()
