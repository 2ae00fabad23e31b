"""`dotlocal demo`: the whole story on this machine."""

from __future__ import annotations

import argparse
import signal
import tempfile
from pathlib import Path
from typing import Any

from dotlocal.cli import terms
from dotlocal.core.errors import Refused

_STOPPING = {signal.SIGINT, signal.SIGTERM}


def add(actors: Any) -> None:
    """Add the command."""
    demo = terms.command(
        actors, "demo", _demo, "the whole story on this machine, then stay up for a browser",
        "  dotlocal demo\n  dotlocal demo --once",
    )  # fmt: skip
    demo.add_argument("--once", action="store_true", help="check itself and end, with 0 or 1")
    demo.add_argument("--dir", metavar="DIR", help="keep everything in a new folder (default: one that is removed)")


def _demo(options: argparse.Namespace) -> int:
    if not options.dir:
        with tempfile.TemporaryDirectory(prefix="dotlocal-demo-") as temporary:
            return _tell(Path(temporary), once=options.once)
    folder = Path(options.dir)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Refused("file-exists", f"{folder} exists already", hint="name a folder that doesn't") from None
    except OSError as error:
        raise Refused("file-unwritable", f"{folder} can't be made: {error.strerror}") from None
    return _tell(folder, once=options.once)


def _tell(folder: Path, *, once: bool) -> int:
    from dotlocal.demo.story import Story, invitation

    story = Story(folder, say=print)
    try:
        story.tell()
        if not once:
            # held back from here on, so that a Ctrl-C right after the invitation ends it as cleanly as a later one
            signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
            print(invitation(story), flush=True)
            signal.sigwait(_STOPPING)
    finally:
        story.stop()
    if story.failures:
        raise Refused("demo-failed", f"{story.failures} checks did not come out as they should")
    terms.say("every check came out as it should")
    return 0
