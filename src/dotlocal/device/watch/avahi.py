# Boot path: no typing, dataclasses, enum, re or json at run time; subprocess only where there is an Avahi.
"""Avahi's messages as a source of events, like those of `events`: it has taken another name, or come, or gone."""

import os

from dotlocal.device.surroundings import AVAHI

_MATCH = "type='signal',sender='org.freedesktop.Avahi',interface='org.freedesktop.Avahi.Server',member='StateChanged'"


class Changes:
    """Avahi's state, which changes when it takes another name. FileNotFoundError where there is no Avahi."""

    __slots__ = ("_child",)

    reason = "mDNS name"
    mask = 1  # EPOLLIN

    def __init__(self) -> None:
        import subprocess

        if not os.path.exists(AVAHI):
            raise FileNotFoundError(AVAHI)
        command = ["busctl", "--system", "monitor", f"--match={_MATCH}"]
        null = subprocess.DEVNULL
        self._child = subprocess.Popen(command, stdin=null, stdout=subprocess.PIPE, stderr=null)
        os.set_blocking(self.fileno(), False)

    def fileno(self) -> int:
        """For epoll."""
        assert self._child.stdout is not None
        return self._child.stdout.fileno()

    def heard(self) -> bool:
        """Whether the state has changed; an end of the child is the end of the source (EOFError)."""
        told = b""
        while True:
            try:
                chunk = os.read(self.fileno(), 1 << 16)
            except BlockingIOError:
                return b"StateChanged" in told
            if not chunk:
                raise EOFError
            told += chunk

    def close(self) -> None:
        """End the child, and its pipe."""
        self._child.kill()
        self._child.wait()
        if self._child.stdout:
            self._child.stdout.close()
