"""One context for all sets, where processes fork, threads meet, sets are torn, and years go by."""

from __future__ import annotations

import os
import shutil
import ssl
import sys
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from select import select
from signal import SIGKILL

import pytest
from handed_device import Device
from restless import HOST, context

from dotlocal.device.context import ssl_context
from dotlocal.device.handover.proof import serial_of

SEVERAL = 1000


class Sets:
    """A run directory whose link moves between copies of two sets."""

    def __init__(self, device: Device, run: Path) -> None:
        self.run = run
        self._numbers = count()
        self._current = ""
        run.mkdir()
        self.models, self.serials = [], []
        for _ in range(2):
            report = device.boot()
            self.models.append(run / report["serial"])
            self.serials.append((report["serial"], report["names_serial"]))
            shutil.copytree(device.run / "current", self.models[-1])

    def change(self, torn: str = "") -> tuple[str, str]:
        """A new set, the one before gone; without that file, if named. The two serial numbers."""
        number, before = next(self._numbers), self._current
        model = self.models[number % 2]
        self._current = f"set-{number}"
        (self.run / self._current).mkdir()
        for path in model.iterdir():
            if path.name != torn:
                os.link(path, self.run / self._current / path.name)
        (self.run / "next").symlink_to(self._current)
        (self.run / "next").replace(self.run / "current")
        if before:
            shutil.rmtree(self.run / before)
        return self.serials[number % 2]


@pytest.fixture
def sets(device: Device, tmp_path: Path) -> Sets:
    return Sets(device, tmp_path / "run")


def served(following: ssl.SSLContext, name: str | None = HOST) -> str:
    """The serial number that a client gets, by a handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context().wrap_bio(to_client, to_server, server_hostname=name)
    for end in (client, following.wrap_bio(to_server, to_client, server_side=True)) * 2:
        with suppress(ssl.SSLWantReadError):
            end.do_handshake()
    return serial_of(client.getpeercert(binary_form=True) or b"")


def both(following: ssl.SSLContext) -> tuple[str, str]:
    return served(following, None), served(following)


def test_nothing_is_left_of_a_thousand_sets(sets: Sets) -> None:
    """No descriptor; and no context, even where the garbage of cycles is never collected."""
    sets.change()
    following = ssl_context(sets.run, say=lambda _: None)
    made: list[weakref.ref[ssl.SSLContext]] = []
    before = os.listdir("/proc/self/fd")
    for _ in range(SEVERAL):
        serials = sets.change()
        connection = following.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
        made.append(weakref.ref(connection.context))
        del connection
    assert both(following) == serials
    assert sum(each() is not None for each in made) == 1
    assert os.listdir("/proc/self/fd") == before


def test_a_connection_that_lives_on_keeps_its_own_set_alone(sets: Sets) -> None:
    """Open connections don't add up to all sets that there were meanwhile."""
    sets.change()
    following = ssl_context(sets.run, say=lambda _: None)
    kept = following.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True)
    made = []
    for _ in range(10):
        sets.change()
        made.append(weakref.ref(following.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_side=True).context))
    assert kept.context
    assert [each() is not None for each in made] == [False] * 9 + [True]


def test_a_torn_set_leaves_the_one_before(sets: Sets) -> None:
    """Whatever is missing of it; it is said once, and the next whole one is served."""
    lines: list[str] = []
    good = sets.change()
    following = ssl_context(sets.run, say=lines.append)
    for torn in ("privkey.pem", "fullchain.pem", "names.pem"):
        lines.clear()
        sets.change(torn)
        assert both(following) == both(following) == good
        assert len(lines) == 1
        good = sets.change()
        assert both(following) == good


@pytest.mark.parametrize("gone", ["run", "current"])
def test_a_run_directory_that_vanishes_for_a_moment(sets: Sets, gone: str) -> None:
    """It serves what it has; when the directory comes back, with the same set or another, that one is served."""
    good = sets.change()
    following = ssl_context(sets.run, say=lambda _: None)
    place = sets.run if gone == "run" else sets.run / "current"
    for _ in range(2):
        place.rename(f"{place}.away")
        assert both(following) == good
        Path(f"{place}.away").rename(place)
        assert both(following) == good
        good = sets.change()
        assert both(following) == good


def test_threads_meet_while_sets_change(sets: Sets) -> None:
    """Each gets a whole set, one of those that there were."""
    sets.change()
    following = ssl_context(sets.run, say=lambda _: None)
    stop = threading.Event()

    def ask() -> set[tuple[str, str]]:
        seen = set()
        while not stop.is_set():
            seen |= {(served(following, None), "")}
        return seen

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for _ in range(50):
            serials = sets.change()
            assert served(following) == serials[1]
        stop.set()
        seen = set().union(*(each.result() for each in asking))
    assert seen <= {(serial, "") for serial, _ in sets.serials}


def broken(line: str) -> None:
    raise BrokenPipeError(line)


@pytest.mark.parametrize("torn", ["", "names.pem"])
def test_nobody_to_hear_of_it_is_no_reason_to_serve_nothing(
    sets: Sets, torn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon's stderr is None, closed or a pipe that nobody reads: connections are accepted all the same."""
    good = sets.change()
    following = ssl_context(sets.run)
    closed = (sets.run / "closed").open("w")
    closed.close()
    for stream in (None, closed, Full()):
        monkeypatch.setattr(sys, "stderr", stream)
        changed = sets.change(torn)
        assert both(following) == (good if torn else changed)


class Full:
    def write(self, line: str) -> int:
        raise BrokenPipeError(line)


def test_a_say_that_fails_is_called_once_for_each_set(sets: Sets) -> None:
    """It spoils the connection that it was called for, and none after that."""
    sets.change()
    following = ssl_context(sets.run, say=broken)
    for torn in ("", "names.pem"):
        sets.change(torn)
        with pytest.raises(BrokenPipeError):
            served(following)
        assert served(following)


def in_child(true: Callable[[], bool]) -> bool:
    """Whether something is true in a forked child, which gets ten seconds for it."""
    pid = os.fork()
    if not pid:
        with suppress(BaseException):
            os._exit(0 if true() else 1)
        os._exit(2)
    descriptor = os.pidfd_open(pid)
    try:
        if not select([descriptor], [], [], 10)[0]:
            os.kill(pid, SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(descriptor)


def test_a_child_forked_while_a_set_is_loaded_serves_the_next(sets: Sets) -> None:
    """Another thread was at it, which the child doesn't have: it must not be waited for."""
    loading, forked = threading.Event(), threading.Event()

    def say(_: str) -> None:
        loading.set()
        forked.wait(20)

    sets.change()
    following = ssl_context(sets.run, say=say)
    current = sets.change()
    thread = threading.Thread(target=served, args=(following,))
    thread.start()
    loading.wait(10)

    def serves() -> bool:
        forked.set()  # the child's own
        return served(following) == current[1] and sets.change()[1] == served(following)

    try:
        assert in_child(serves)
    finally:
        forked.set()
        thread.join()
