"""What finished processes took, by the operating system's own accounting, and how that is told.

Everybody's runs are interleaved, so that a machine that slows down slows all of them, and in another order each time,
since who ran before leaves its marks in the caches. Ratios are of medians, with the
quartiles of the ratios run by run as their spread. No verdict: the bar of a ratio is printed beside it.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TypeVar

Contestant = TypeVar("Contestant")

# The kernel counts the memory of whoever starts a process into its peak, so a bare interpreter starts them.
_BARE = """\
import posix, sys, time
silent = [(posix.POSIX_SPAWN_OPEN, fd, "/dev/null", posix.O_WRONLY, 0) for fd in (1, 2)]
started = time.perf_counter()
pid = posix.posix_spawnp(sys.argv[1], sys.argv[1:], posix.environ, file_actions=silent)
_, status, usage = posix.wait4(pid, 0)
print(status, usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss)
"""


@dataclass
class Times:
    """What the runs of one contestant took: CPU (user and system) and wall time, in milliseconds."""

    name: str
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak: int = 0  # KiB

    def add(self, cpu: float, wall: float, peak: int = 0) -> None:
        """Take note of one run, in seconds."""
        self.cpu.append(cpu * 1e3)
        self.wall.append(wall * 1e3)
        self.peak = max(self.peak, peak)


def in_some_order(contestants: Sequence[Contestant], number: int) -> list[Contestant]:
    """All of them, in the order of round `number`: another one each time, and the same in each bench."""
    return random.Random(number).sample(contestants, len(contestants))


def finished(words: Sequence[str], folder: Path) -> tuple[float, float, int]:
    """Run a command to its end: CPU and wall seconds, peak KiB. It must end well."""
    watched = [sys.executable, "-I", "-S", "-c", _BARE, *words]
    told = subprocess.run(watched, cwd=folder, capture_output=True, text=True, check=False).stdout.split()
    if len(told) != 4 or told[0] != "0":
        sys.exit(f"failed: {' '.join(words)}")
    return float(told[1]), float(told[2]), int(told[3])


class Started:
    """A process that stays, started in silence, until it is killed: `cpu` is then what it and its children took."""

    def __init__(self, words: Sequence[str], environment: dict[str, str] | None = None) -> None:
        silent = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
        self.begun = perf_counter()
        self.pid = os.posix_spawn(words[0], words, environment or dict(os.environ), file_actions=silent)
        self.cpu = 0.0
        self._ended = False

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self) -> None:
        """Until it has ended by itself."""
        _, _, usage = os.wait4(self.pid, 0)
        self.cpu, self._ended = usage.ru_utime + usage.ru_stime, True


def spread(mine: Sequence[float], theirs: Sequence[float]) -> str:
    """The ratio of two medians, and the quartiles of the ratios run by run."""
    low, _, high = statistics.quantiles([a / b for a, b in zip(mine, theirs, strict=True)], n=4)
    return f"{statistics.median(mine) / statistics.median(theirs):.2f} ({low:.2f} to {high:.2f})"
