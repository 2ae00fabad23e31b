"""`device serve`: new certificates while it runs, and sets that can't be used."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from serve_peers import (
    MEGABYTE,
    PATIENCE,
    VERSIONS,
    Client,
    Running,
    Set,
    back_end,
    client_context,
    echo,
    first_set,
    serving,
)

from dotlocal.core.errors import Absent, Refused
from dotlocal.device.serve.command import seconds
from dotlocal.device.serve.service import Serving
from dotlocal.device.serve.tls import CurrentSet, contexts
from dotlocal.host import tls


@pytest.mark.parametrize("version", VERSIONS)
def test_a_new_set_is_served_while_a_download_runs_on(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """The link moves: the old connection ends whole, the next one gets the new certificate and no old session."""
    gate = threading.Event()

    def send(connection: socket.socket) -> None:
        connection.sendall(connection.recv(65536))
        if not gate.is_set():
            gate.wait(PATIENCE)
            connection.sendall(bytes(MEGABYTE))

    context = client_context(version=version)
    with (
        back_end(send) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address, context=context) as downloading,
    ):
        downloading.send(b"x")
        downloading.exactly(1)
        session = downloading.tls.session
        with Client(service.address, context=context, session=session) as again:
            assert again.tls.session_reused  # the ticket is good as long as its key is
        new = Set(tmp_path, "2")
        new.make_current()
        with Client(service.address, context=context, session=session) as client:
            assert client.serial == new.names.serial_number
            assert not client.tls.session_reused
        with Client(service.address, context=context, name="127.0.0.1") as client:
            assert client.serial == new.full.serial_number
        gate.set()
        assert len(downloading.rest()) == MEGABYTE
        assert downloading.serial == service.current.names.serial_number


def break_key(broken: Set) -> None:
    other = Set(broken.directory.parent, f"{broken.name}-other")
    shutil.copy(other.directory / "privkey.pem", broken.directory)


def break_names(broken: Set) -> None:
    other = Set(broken.directory.parent, f"{broken.name}-other")
    shutil.copy(other.directory / "names.pem", broken.directory)


def lose_names(broken: Set) -> None:
    (broken.directory / "names.pem").unlink()


def empty_chain(broken: Set) -> None:
    (broken.directory / "fullchain.pem").write_bytes(b"")


def lock_key(broken: Set) -> None:
    command = ["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", "privkey.pem", "-out", "privkey.pem"]
    subprocess.run(command, cwd=broken.directory, check=True, capture_output=True)


FAULTS = [break_key, break_names, lose_names, empty_chain, lock_key]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_new_set_that_cannot_be_used_leaves_the_old_one(tmp_path: Path, fault: Callable[[Set], None]) -> None:
    """Foreign key, missing, empty or locked file: the old pair stays, one line says so; a good set ends that."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        broken = Set(tmp_path, "2")
        fault(broken)
        broken.make_current()
        for _ in range(3):
            with Client(service.address) as client:
                assert client.serial == service.current.names.serial_number
        assert len(service.said("certificates")) == 1
        good = Set(tmp_path, "3")
        good.make_current()
        with Client(service.address) as client:
            assert client.serial == good.names.serial_number


def test_no_set_any_more_leaves_the_old_one(tmp_path: Path) -> None:
    """`run/current` is gone → the old pair stays."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        (tmp_path / "current").unlink()
        for _ in range(2):
            with Client(service.address) as client:
                assert client.serial == service.current.names.serial_number
        assert len(service.said("certificates")) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_set_is_refused_at_the_start(tmp_path: Path, fault: Callable[[Set], None]) -> None:
    """Nothing to fall back on: an error that names the file."""
    broken = Set(tmp_path, "1")
    fault(broken)
    broken.make_current()
    with pytest.raises(Refused) as caught, serving(tmp_path, to=("127.0.0.1", 9)):
        pass
    assert caught.value.code in ("set-broken", "set-incomplete")
    assert ".pem" in caught.value.message


def test_no_set_is_refused_at_the_start(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(Absent) as caught:
        Running(Serving(tmp_path, ("127.0.0.1", 0), to=("127.0.0.1", 9)))
    assert caught.value.code == "no-set"
    assert "device boot" in caught.value.hint


def test_a_first_set_is_waited_for_when_told_so(tmp_path: Path) -> None:
    """Started beside a boot: it serves as soon as there is a set, and refuses when the time is over."""
    timer = threading.Timer(0.3, lambda: first_set(tmp_path))
    timer.start()
    running = Running(Serving(tmp_path, ("127.0.0.1", 0), to=("127.0.0.1", 9), wait=PATIENCE))
    with Client(running.address) as client:
        assert client.serial
    running.end()
    timer.join()
    with pytest.raises(Absent) as caught:
        Running(Serving(tmp_path / "none", ("127.0.0.1", 0), to=("127.0.0.1", 9), wait=0.1))
    assert caught.value.code == "no-set"


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "3601", "9" * 5000, "²"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(text: str) -> None:
    """By its code, before anything is bound."""
    with pytest.raises(Refused) as caught:
        seconds("--wait", text)
    assert caught.value.code == "seconds"


def test_sets_that_change_while_they_are_read_never_mix(tmp_path: Path) -> None:
    """The link moves and old sets are cleared away under the reader: every look gives one whole set."""
    models = [Set(tmp_path, f"model-{number}") for number in range(4)]
    models[0].make_current()
    stop, lines = threading.Event(), list[str]()

    def move() -> None:
        name, number = "", 0
        while not stop.is_set():
            before, name, number = name, f"moving-{number}", number + 1
            shutil.copytree(tmp_path / models[number % len(models)].name, tmp_path / name)
            (tmp_path / "next").symlink_to(name)
            (tmp_path / "next").replace(tmp_path / "current")
            if before:
                shutil.rmtree(tmp_path / before)

    following = CurrentSet(tmp_path, say=lines.append)
    mover = threading.Thread(target=move)
    mover.start()
    try:
        for moment in count(0, 1000):
            assert isinstance(following.context(float(moment)), tls.SSLContext)
            if len(lines) > 50:
                break
    finally:
        stop.set()
        mover.join()
    assert [line for line in lines if "warning" in line] == []


def test_each_set_gets_contexts_of_its_own(tmp_path: Path) -> None:
    """A context that is used again would take the tickets of the key before."""
    made = Set(tmp_path, "1")
    assert contexts(made.directory) is not contexts(made.directory)
