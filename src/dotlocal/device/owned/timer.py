"""The end of a probation where no process watches: a shell that sleeps, then one look, and a boot if it is over.

It ends with the machine, and then the next boot does the same: a candidate is served in its own boot only.
"""

from __future__ import annotations

import os
import subprocess
import sys

from dotlocal.core.errors import Refused
from dotlocal.device import boot
from dotlocal.device.boot import Options
from dotlocal.device.owned import slots
from dotlocal.device.owned.slots import Slots
from dotlocal.device.store import State
from dotlocal.host import clock

_LATER_SECONDS = 3  # than a watching process, so that one of the two has nothing left to do


def start(options: Options, seconds: int) -> None:
    """Come back in so many seconds; costs a sleeping shell until then. Without a shell the next boot does it."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    places = [os.path.abspath(each) for each in (options.state, options.run, options.config)]
    words = [sys.executable, "-P", "-s", "-m", __name__, *places]
    words.append("named" if options.config_named else "default")
    null = subprocess.DEVNULL
    try:
        subprocess.Popen(
            ["/bin/sh", "-c", f'sleep {seconds + _LATER_SECONDS}; exec "$@"', "dotlocal-probation", *words],
            env={**os.environ, "PYTHONPATH": home}, cwd="/", stdin=null, stdout=null, stderr=null,
            start_new_session=True,
        )  # fmt: skip
    except OSError:
        return


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
    """What the shell becomes."""
    options = Options()
    options.state, options.run, options.config, options.config_named = state, run, config, named == "named"
    try:
        settle(options)
    except Refused:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
