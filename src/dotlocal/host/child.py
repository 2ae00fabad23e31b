# Boot path: no typing, dataclasses, enum, re or json at run time; subprocess, for what is rare enough to be a child's.
"""What is needed rarely is done by a child process, so that nobody else carries its imports."""

import os
import sys

_SECONDS = 30


def answer(module: str, *words: str) -> str:
    """What a module of ours, run as a program, writes to stdout; nothing when it can't be run, or takes too long."""
    import subprocess

    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {**os.environ, "PYTHONPATH": home}
    # -P: the working directory of whoever asks must not lend modules to root
    command = [sys.executable, "-P", "-s", "-m", module, *words]
    try:
        return subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_SECONDS, check=False
        ).stdout.decode()
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
