"""A file that root writes for a command that goes on as somebody else."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable

from dotlocal.core.errors import Refused

Write = Callable[[str, int], None]  # text and mode; refuses what can't be written


class Outlet:
    """Begun while the command is still root: a child that stays it, and waits for what is to be written.

    It writes what it was told whole, and nothing when the command ends without a word.
    """

    def __init__(self, write: Write) -> None:
        self._socket, theirs = socket.socketpair()
        if os.fork() == 0:
            self._socket.close()
            _wait(theirs, write)
        theirs.close()

    def deliver(self, text: str, mode: int) -> None:
        """Have the text written; refuses what the child was refused. Once."""
        with self._socket, self._socket.makefile("rw", encoding="utf-8") as wire:
            wire.write(json.dumps([text, mode]) + "\n")
            wire.flush()
            refusal = json.loads(wire.readline() or '["file-unwritable", "what writes it has ended", ""]')
        if refusal:
            code, message, hint = refusal
            raise Refused(code, message, hint=hint)


def _wait(wire: socket.socket, write: Write) -> None:
    # never returns: what is on the stack is the command's, not this child's
    try:
        with wire.makefile("rw", encoding="utf-8") as lines:
            line = lines.readline()
            if line.endswith("\n"):
                lines.write(json.dumps(_written(*json.loads(line), write=write)) + "\n")
                lines.flush()
    finally:
        os._exit(0)


def _written(text: str, mode: int, *, write: Write) -> list[str]:
    try:
        write(text, mode)
    except Refused as refused:
        return [refused.code, refused.message, refused.hint]
    return []
