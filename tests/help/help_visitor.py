"""What a visitor does on the help page, whichever browser it is."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

PATIENCE = 40.0
_SHOWN = "(document.querySelector('[data-state]:not([hidden])') || {dataset: {}}).dataset.state"


class Visitor:
    """A browser that can run expressions in its page; `between_documents` is what it raises while there is none."""

    between_documents: tuple[type[Exception], ...]

    def run(self, expression: str) -> Any:
        raise NotImplementedError

    def wait(self, expression: str) -> None:
        """Until the expression is true in whatever page is there."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(*self.between_documents):
                if self.run(expression):
                    return
            time.sleep(0.05)
        raise AssertionError(f"never true: {expression}")

    def state(self) -> str:
        """What the box says, once it has made up its mind.

        A machine that is busy with other tests may take longer than the page has patience for: as people do, it is
        asked once more then.
        """
        for last in (False, True):
            self.wait(f"['trusted', 'untrusted', 'unknown'].includes({_SHOWN})")
            state = str(self.run(_SHOWN))
            if state != "unknown" or last:
                break
            self.run("document.querySelector('[data-state=unknown] button').click()")
        return state
