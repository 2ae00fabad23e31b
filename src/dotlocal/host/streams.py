"""The standard streams, which some init systems close."""

import os
import sys


def start_over() -> None:
    """Run this program once more with none of them missing: the next file opened would become one of them, and be
    written to by mistake.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(spare, True)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  the very program that runs
