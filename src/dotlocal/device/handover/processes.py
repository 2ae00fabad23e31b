"""Programs of the web server: run one, find a running one by its pid file, signal it."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from errno import ENOSYS
from select import POLLIN, poll
from time import monotonic

from dotlocal.core.errors import Refused
from dotlocal.host import files

_TAIL_OCTETS = 600
_PIPE_OCTETS = 1 << 16
_LOOK_MS = 5
_KILL_SECONDS = 1
_BECOME = 1 << 6 | 1 << 7  # CAP_SETGID and CAP_SETUID, capability.h
_MOST_PID = 1 << 22  # PID_MAX_LIMIT of Linux


def run(words: list[str], seconds: float, **environment: str) -> None:
    """Run a command to its end; refuses `handover-command` when it can't be started, takes too long, or ends badly.

    Of what it says the last words are kept. A daemon that it leaves behind is not waited for; a command that takes too
    long is killed, with all that it started.
    """
    said = _Said()
    try:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said.end, stderr=said.end, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip
        if not said.until_ended(child, monotonic() + seconds):
            with suppress(PermissionError, subprocess.TimeoutExpired):  # sudo's, or one that a disk holds
                os.killpg(child.pid, signal.SIGKILL)
                child.wait(_KILL_SECONDS)
            raise Refused(
                "handover-command", f"`{' '.join(words)}` took longer than {round(seconds, 1):g} s{said.words()}",
                hint="run it by hand, as the user that hands over; handover.seconds is how long it may take",
            )  # fmt: skip
        if status := child.wait():
            ended = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
            raise Refused(
                "handover-command", f"`{' '.join(words)}` {ended}{said.words()}",
                hint="run it by hand, as the user that hands over, and mend what it says" + _otherwise(),
            )  # fmt: skip
    except OSError as error:
        raise Refused(
            "handover-command", f"`{words[0]}` can't be run: {error.strerror}",
            hint="it must be an executable file, here and for the user that hands over: see [handover] in device.toml",
        ) from None  # fmt: skip
    finally:
        said.close()


class _Said:
    """What a command says, read as it comes. Nobody's reading ends it: a daemon left behind may go on writing, into a
    pipe of which it is a reader itself, and is told when that is full; it is neither signalled, nor kept waiting.
    """

    __slots__ = ("_read", "_tail", "end")

    def __init__(self) -> None:
        self._tail = b""
        self._read, write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            self.end = os.open(f"/proc/self/fd/{write}", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            os.close(self._read)
            raise
        finally:
            os.close(write)

    def until_ended(self, child: subprocess.Popen[bytes], deadline: float) -> bool:
        """Whether it ended before the deadline, in monotonic time."""
        saying = poll()
        saying.register(self._read, POLLIN)
        while (ended := child.poll()) is None and monotonic() < deadline:
            if saying.poll(_LOOK_MS):
                self._take()
        self._take()
        return ended is not None

    def _take(self) -> None:
        with suppress(BlockingIOError):
            self._tail = (self._tail + os.read(self._read, _PIPE_OCTETS))[-_TAIL_OCTETS:]

    def words(self) -> str:
        """The last lines, behind a colon; nothing when it was silent."""
        lines = self._tail.decode(errors="replace").split("\n")
        words = " / ".join(line.strip() for line in lines if line.strip())
        return f": {words}" if words else ""

    def close(self) -> None:
        """What is left behind finds the pipe full one day, and doesn't wait for its being read."""
        os.set_blocking(self.end, False)
        os.close(self.end)
        os.close(self._read)


def find(pid_file: str, name: str) -> int | None:
    """The process of a pid file, if it is alive and its program's name begins so.

    The name is looked at because a pid file outlives a crash, and its number may be anybody's by now.
    """
    try:
        pid = int(files.read(pid_file, most=64))
        if not 1 < pid <= _MOST_PID:
            return None
        return pid if files.read(f"/proc/{pid}/comm", most=64).decode(errors="replace").startswith(name) else None
    except (Refused, ValueError):
        return None


def not_running(pid_file: str, name: str) -> Refused:
    """What to raise where a server answers, and the process to be told isn't there."""
    return Refused(
        "handover-process", f"{pid_file} names no running {name}, though something has answered at handover.connect",
        hint="see what it is; mend handover.server, handover.pid_file or handover.connect",
    )  # fmt: skip


def _otherwise() -> str:
    if os.geteuid() == 0:
        return ""
    return f'; this one is user {os.geteuid()}: what takes root is handed over by root with handover.when = "asked"'


def send(pid_file: str, name: str, number: signal.Signals) -> None:
    """Signal it; refuses `handover-process` when it isn't there, or belongs to another user."""
    try:
        pid = find(pid_file, name)
        if pid is None:
            raise not_running(pid_file, name)
        descriptor = _held(pid)  # from here on it is that process, whoever gets the number next
        if descriptor is None:
            return os.kill(pid, number)
        try:
            if find(pid_file, name) == pid:
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)
    except PermissionError:
        raise Refused(
            "handover-process", f"user {os.geteuid()} may not signal {name}",
            hint='set handover.when = "asked", and run `dotlocal device handover` as root',
        ) from None  # fmt: skip
    except OSError as error:
        raise Refused("handover-process", f"{name} can't be signalled: {error.strerror}") from None


def _held(pid: int) -> int | None:
    """A descriptor of it; None on kernels before 5.3, or where Python was built for one."""
    try:
        return os.pidfd_open(pid)
    except AttributeError:
        return None
    except OSError as error:
        if error.errno == ENOSYS:
            return None
        raise


def may_become_others() -> bool:
    """Whether this process may change its user, as servers do that are started as root."""
    status = files.read("/proc/self/status").decode(errors="replace")
    (effective,) = (line.split()[1] for line in status.split("\n") if line.startswith("CapEff:"))
    return int(effective, 16) & _BECOME == _BECOME


def words_of(pid: int) -> list[str]:
    """The words that a process was started with; none when they can't be read."""
    try:
        return files.read(f"/proc/{pid}/cmdline").decode(errors="replace").split("\0")
    except Refused:
        return []


def user_of(pid: int) -> int:
    """The user that a process runs as."""
    return os.stat(f"/proc/{pid}").st_uid
