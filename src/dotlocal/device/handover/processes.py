"""Programs of the web server: run one, find a running one by its pid file, signal it."""

from __future__ import annotations

import os
import signal
import subprocess

from dotlocal.core.errors import Refused
from dotlocal.host import files

_TAIL_OCTETS = 600
_BECOME = 1 << 6 | 1 << 7  # CAP_SETGID and CAP_SETUID, capability.h
_MOST_PID = 1 << 22  # PID_MAX_LIMIT of Linux


def run(words: list[str], seconds: float, **environment: str) -> None:
    """Run a command to its end; refuses `handover-command` when it can't be started, takes too long, or ends badly.

    What it says goes to a file in memory, not a pipe: a daemon that it leaves behind would keep a pipe open, and us
    waiting. One that takes too long is killed with all that it started.
    """
    said = os.memfd_create("said", os.MFD_CLOEXEC)
    try:
        child = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env={**os.environ, **environment},
            start_new_session=True,
        )  # fmt: skip
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise Refused("handover-command", f"`{' '.join(words)}` took longer than {seconds:g} s") from None
        if status:
            ended = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
            raise Refused("handover-command", f"`{' '.join(words)}` {ended}{_tail(said)}")
    except OSError as error:
        raise Refused("handover-command", f"`{words[0]}` can't be run: {error.strerror}") from None
    finally:
        os.close(said)


def _tail(said: int) -> str:
    size = os.lseek(said, 0, os.SEEK_END)
    lines = os.pread(said, _TAIL_OCTETS, max(0, size - _TAIL_OCTETS)).decode(errors="replace").split("\n")
    words = " / ".join(line.strip() for line in lines if line.strip())
    return f": {words}" if words else ""


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


def send(pid_file: str, name: str, number: signal.Signals) -> None:
    """Signal it; refuses `handover-process` when it isn't there, or belongs to another user."""
    try:
        pid = find(pid_file, name)
        if pid is None:
            raise Refused("handover-process", f"{pid_file} names no running {name}", hint="set handover.pid_file")
        descriptor = os.pidfd_open(pid)  # from here on it is that process, whoever gets the number next
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
