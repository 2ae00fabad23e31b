"""At rest nothing of ours wakes the processor: `watch` and `serve`, looked at from outside for as long as it takes.

DOTLOCAL_REST_SECONDS says how long; ten minutes is what is promised (`DOTLOCAL_REST_SECONDS=600 pytest -m long`).
"""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from followers import PATIENCE, Watched, following

from dotlocal.device.serve.service import Limits
from installed import Command
from namespaces import host
from told import retell
from tools import program

_TIMED_OUT = re.compile(r"\[\].* = 0|wait\(.*\) += 0|restart_syscall.* = 0")
SECONDS = float(os.environ.get("DOTLOCAL_REST_SECONDS", "30"))


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 240)
def test_nothing_wakes_up_without_an_event(
    dotlocal: Command, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """`watch`, and `serve` with a visit behind it and a connection that is kept: no system call, and no turn on a
    processor, until something happens; then both are there at once.
    """
    strace = program("strace")
    told = retell(tmp_path / "story", dotlocal)
    with ExitStack() as stack:
        at = stack.enter_context(host())
        watched = stack.enter_context(following(told, tmp_path, at))
        assert isinstance(watched, Watched)
        behind = stack.enter_context(at.listening(("127.0.0.1", 8080)))
        words = ["device", "serve", "--listen", "127.0.0.1:443", "--to", "127.0.0.1:8080"]
        command = at.inside(str(dotlocal.path), *words, "--run", f"{watched.folder}/run")
        serving = subprocess.Popen(command, env=dotlocal.env(), stderr=subprocess.PIPE)
        stack.callback(serving.wait, PATIENCE)
        stack.callback(serving.terminate)
        assert serving.stderr
        while b"serving https" not in serving.stderr.readline():
            assert serving.poll() is None
        context = ssl.create_default_context(cafile=str(told.root))
        for _ in range(2):
            connection = at.connected(("127.0.0.1", 443), PATIENCE)
            kept = stack.enter_context(context.wrap_socket(connection, server_hostname="press.local"))
            answering = stack.enter_context(behind.accept()[0])
        logs = tmp_path / "traced"  # a folder of its own: that of device.toml is watched
        logs.mkdir()
        watched.settle()
        time.sleep(Limits().handshake + 1)  # the deadline of the last handshake is looked at once more
        before = [_turns(each.pid) for each in (watched.process, serving)]
        traced = [_traced(strace, logs, each.pid) for each in (watched.process, serving)]
        time.sleep(SECONDS)
        for tracer, _ in traced:
            tracer.terminate()
            tracer.wait(timeout=PATIENCE)
        calls = [_calls(log) for _, log in traced]
        assert not [call for each in calls for call in each if _TIMED_OUT.search(call)], calls
        # Any machine's host name that is set (in another UTS namespace too) is told to whoever polls for it.
        woken = [[call for call in each if " = 1" in call and "wait(" in call] for each in calls]
        assert not [call for each in woken for call in each if "EPOLLPRI" not in call], woken
        heard = [len(each) for each in woken]
        if heard == [0, 0]:
            assert [len(each) for each in calls] == [1, 1], calls  # the one that each sleeps in
            # strace itself stops a process as it comes and as it goes, which counts as turns
            turns = [_turns(each.pid) - first for each, first in zip((watched.process, serving), before, strict=True)]
            assert max(turns) <= 8, turns
        record_property("events heard", heard)
        at.ip("addr", "add", "10.7.7.7/24", "dev", at.device)
        assert watched.has("10.7.7.7") < 2
        answering.sendall(b"still here")
        assert kept.recv(4096) == b"still here"


def _traced(strace: str, folder: Path, pid: int) -> tuple[subprocess.Popen[bytes], Path]:
    log = folder / f"strace-{pid}"
    tracer = subprocess.Popen([strace, "-f", "-q", "-o", str(log), "-p", str(pid)], stderr=subprocess.DEVNULL)
    return tracer, log


def _calls(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if re.search(r"\w+\(", line)]


def _turns(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
