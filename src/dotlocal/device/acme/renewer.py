"""What `device watch` starts when an attempt is due: one attempt, told on stderr, and the end. Nobody waits for it."""

from __future__ import annotations

import signal
import sys

from dotlocal.core.errors import Refused
from dotlocal.device.boot import Options

_MOST_SECONDS = 20 * 60  # whatever hangs: the next attempt is another process


def main(state: str, run: str, config: str, named: str) -> int:
    """One attempt at what is due. Exit status 0, also when nothing was due; 1 when it failed, which is written down."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_MOST_SECONDS)
    options = Options()
    options.state, options.run, options.config, options.config_named = state, run, config, named == "named"
    try:
        from dotlocal.device.acme.steps import Acme

        acme = Acme(options)
        outcome = acme.attempt()
    except Refused as refused:
        sys.stderr.write(f"dotlocal: error: {refused}; what is served stays in use, and it is tried again\n")
        return 1
    except ModuleNotFoundError as missing:
        sys.stderr.write(f"dotlocal: error: ACME needs the package {missing.name} (cryptography-missing)\n")
        return 1
    if outcome == "renewed":
        sys.stderr.write(f"dotlocal: renewed by ACME, until {acme.status()['not_after']}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
