"""The end of a probation where no process watches: one that sleeps, then one look, and a boot if it is over.

It ends with the machine, and then the next boot does the same: a candidate is served in its own boot only.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

from dotlocal.core.errors import Refused
from dotlocal.device import boot
from dotlocal.device.boot import Options
from dotlocal.device.owned import slots
from dotlocal.device.owned.slots import Slots
from dotlocal.device.store import State
from dotlocal.host import clock, files

_NAME = "dotlocal-probation"
_LATER_SECONDS = 3  # than a watching process, so that one of the two has nothing left to do


def start(options: Options, seconds: int, *, shell: str = "/bin/sh") -> bool:
    """Come back in so many seconds, and not when an earlier probation would have ended; 0: not at all. False when no
    process could be started for it: then the next boot does it.

    It costs a sleeping shell until then, or, where there is none to sleep, a Python.
    """
    _end(options)
    if not seconds:
        return True
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    places = [os.path.abspath(each) for each in (options.state, options.run, options.config)]
    words = [sys.executable, "-P", "-s", "-m", __name__, *places]
    words.append("named" if options.config_named else "default")
    null = subprocess.DEVNULL
    try:
        child = subprocess.Popen(
            [*_sleeper(shell, seconds + _LATER_SECONDS), _NAME, *words],
            env={**os.environ, "PYTHONPATH": home}, cwd="/", stdin=null, stdout=null, stderr=null,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        return False
    child.returncode = 0  # it outlives this process, and nobody here waits for it
    try:
        files.write(_file(options), f"{child.pid}\n".encode())
    except Refused:
        pass  # then nobody ends it before its time, and its look finds nothing to do
    return True


def _sleeper(shell: str, seconds: int) -> list[str]:
    """Sleeps, and then becomes the words after the next one."""
    if os.access(shell, os.X_OK) and shutil.which("sleep"):
        return [shell, "-c", f'sleep {seconds}; exec "$@"']
    sleep = f"import os, sys, time; time.sleep({seconds}); os.execv(sys.argv[2], sys.argv[2:])"
    return [sys.executable, "-S", "-E", "-c", sleep]


def _file(options: Options) -> str:
    return os.path.join(options.run, "probation")


def _end(options: Options) -> None:
    """End the process that sleeps, if it still is that one."""
    try:
        pid = int(files.read(_file(options), 32))
        words = files.read(f"/proc/{pid}/cmdline", 1 << 16).split(b"\0")
        if _NAME.encode() in words and os.path.abspath(options.state).encode() in words:
            os.killpg(pid, signal.SIGTERM)
    except (Refused, ValueError, OSError):
        pass
    files.remove(_file(options))


def settle(options: Options) -> bool:
    """Boot if a probation is over; whether it was."""
    try:
        held = Slots(State(options.state)).held(slots.CANDIDATE)
    except Refused:
        held = None
    if held is None or (held.probation and held.probation.left(clock.read())):
        return False
    boot.boot(options)
    return True


def main(state: str, run: str, config: str, named: str) -> int:
    """What the process that sleeps becomes."""
    options = Options()
    options.state, options.run, options.config, options.config_named = state, run, config, named == "named"
    try:
        settle(options)
    except Refused:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
