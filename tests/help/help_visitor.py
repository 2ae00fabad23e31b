"""What a visitor does on the help page, whichever browser it is."""

from __future__ import annotations

from typing import Any

_SHOWN = "(document.querySelector('[data-state]:not([hidden])') || {dataset: {}}).dataset.state"


class Visitor:
    """A browser that can run expressions in its page, and wait for one to be true."""

    def run(self, expression: str) -> Any:
        raise NotImplementedError

    def wait(self, expression: str) -> None:
        raise NotImplementedError

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
