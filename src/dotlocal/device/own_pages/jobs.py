"""One thing at a time that takes longer than a page should: it goes on in a thread, and pages tell how it stands."""

from __future__ import annotations

import threading
from collections.abc import Callable

from dotlocal.core.errors import Refused


class Job:
    """Something under way. `what` is its name; when it is `done`, `refused` is why it failed, if it did."""

    __slots__ = ("_ended", "refused", "what")

    def __init__(self, what: str) -> None:
        self.what = what
        self.refused: Refused | None = None
        self._ended = threading.Event()

    @property
    def done(self) -> bool:
        """Whether it has come to its end."""
        return self._ended.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for its end, so long at most; whether it came."""
        return self._ended.wait(seconds)

    def carry_out(self, work: Callable[[], object]) -> None:
        """Do it, and take note of how it ended."""
        try:
            work()
        except Refused as refused:
            self.refused = refused
        except Exception as error:  # a page can say so; a thread that dies in silence leaves everybody waiting
            told = f"it failed in a way that nobody foresaw: {type(error).__name__}"
            self.refused = Refused("pages-fault", told, hint="look at `dotlocal device own status` on the console")
        finally:
            self._ended.set()


class Jobs:
    """The job of the moment, or the last one."""

    __slots__ = ("_lock", "last")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    @property
    def running(self) -> Job | None:
        """What is under way, if anything is."""
        return self.last if self.last and not self.last.done else None

    def start(self, what: str, work: Callable[[], object]) -> Job:
        """Begin; refuses `pages-busy` while something else is under way."""
        with self._lock:
            if self.running:
                raise Refused(
                    "pages-busy", "the device is still busy with something else", hint="wait until it is done"
                )
            job = self.last = Job(what)
        threading.Thread(target=job.carry_out, args=(work,), name=f"own {what}", daemon=True).start()
        return job
