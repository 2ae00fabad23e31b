"""`device serve`: limits, and clients that mean no good."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from serve_peers import (
    MEGABYTE,
    PATIENCE,
    Child,
    Client,
    back_end,
    echo,
    reset,
    s_client,
    serving,
    swallow,
    warnings_before,
)

# Limits


@pytest.mark.parametrize(
    "begins", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], ids=["silent", "half a hello"]
)
def test_a_handshake_has_to_be_over_in_time(tmp_path: Path, begins: bytes) -> None:
    """Nothing, or a beginning and then nothing."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, handshake=0.3) as service,
        Client(service.address, shake_hands=False) as client,
    ):
        client.socket.sendall(begins)
        assert client.dropped()


def test_a_handshake_byte_by_byte_has_to_be_over_in_time(tmp_path: Path) -> None:
    """Slow-loris: each byte is activity, and none puts the end off."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, handshake=0.3) as service,
        Client(service.address, shake_hands=False) as client,
        pytest.raises(ConnectionError),
    ):
        for byte in b"\x16\x03\x01\x02\x00" + bytes(1000):
            client.socket.sendall(bytes([byte]))
            time.sleep(0.02)


def test_when_all_connections_are_in_use_the_one_idle_longest_goes(tmp_path: Path) -> None:
    """Three of three, the first and third busy → the second makes room."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=3, spare=0.2) as service,
        ExitStack() as stack,
    ):
        first, second, third = (stack.enter_context(Client(service.address)) for _ in range(3))
        for client in (first, second, third):
            client.send(b"x")
            client.exactly(1)
        time.sleep(0.3)
        for client in (first, third):
            client.send(b"x")
            client.exactly(1)
        fourth = stack.enter_context(Client(service.address))
        assert second.dropped()
        for client in (first, third, fourth):
            client.send(b"x")
            assert client.exactly(1) == b"x"


def test_unfinished_handshakes_go_first(tmp_path: Path) -> None:
    """An idle connection that is older than a client which says nothing → the silent one makes room."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=2, spare=0.1, spare_handshake=0.1) as service,
        Client(service.address) as idle,
        Client(service.address, shake_hands=False) as silent,
    ):
        time.sleep(0.3)
        with Client(service.address):
            assert silent.dropped()
            idle.send(b"x")
            assert idle.exactly(1) == b"x"


def test_silent_clients_cannot_lock_the_service(tmp_path: Path) -> None:
    """Every place taken by clients that say nothing: a real one gets in as soon as they are old enough."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=8, spare_handshake=0.2) as service,
        ExitStack() as stack,
    ):
        for _ in range(8):
            stack.enter_context(Client(service.address, shake_hands=False))
        client = stack.enter_context(Client(service.address))
        client.send(b"x")
        assert client.exactly(1) == b"x"


def test_when_nobody_is_idle_a_new_client_waits(tmp_path: Path) -> None:
    """Two of two in use → the third is accepted when one of them ends, and nobody is dropped."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address, connections=2) as service, ExitStack() as stack:
        first, second = (stack.enter_context(Client(service.address)) for _ in range(2))
        third = stack.enter_context(Client(service.address, shake_hands=False))
        third.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            third.shake_hands()
        third.socket.settimeout(PATIENCE)
        first.finish()
        first.rest()
        third.shake_hands()
        second.send(b"x")
        assert second.exactly(1) == b"x"
        assert len(service.said("connections are in use")) == 1


def test_a_connection_on_which_nothing_happens_ends_at_last(tmp_path: Path) -> None:
    """The idle limit, and for one that is half-closed the shorter stall limit."""
    with (
        back_end(swallow) as behind,
        serving(tmp_path, to=behind.address, idle=0.3) as service,
        Client(service.address) as client,
    ):
        assert client.dropped()
    gate = threading.Event()
    with (
        back_end(lambda _: gate.wait(PATIENCE)) as behind,
        serving(tmp_path, to=behind.address, stall=0.3) as service,
        Client(service.address) as client,
    ):
        client.finish()
        assert client.dropped()
        gate.set()


def test_a_reader_that_has_stopped_for_good_is_dropped(tmp_path: Path) -> None:
    """No progress for the stall limit while something waits to be sent → reset, which the back end sees."""

    def send(connection: socket.socket) -> None:
        while True:
            connection.sendall(bytes(MEGABYTE))

    with (
        back_end(send) as behind,
        serving(tmp_path, to=behind.address, stall=0.5) as service,
        Client(service.address, receive_buffer=65536),
    ):
        assert behind.result() in (ConnectionResetError, BrokenPipeError)


def test_at_rest_nothing_wakes_the_service(tmp_path: Path) -> None:
    """With an idle connection, and without one after there have been some: half a second without a wake-up."""
    with back_end(echo) as behind:
        child = Child(tmp_path, behind.address)
        assert child.address
        with Client(child.address) as client:
            client.send(b"x")
            client.exactly(1)
            assert sleeps(child)
            client.finish()
            client.rest()
        assert sleeps(child)
        assert child.end() == (0, warnings_before(behind.address))


def sleeps(child: Child) -> bool:
    """Whether it comes to rest: on a busy machine its last turn may be late, so a few half seconds are looked at."""
    before = child.status("voluntary_ctxt_switches")
    for _ in range(6):
        time.sleep(0.5)
        before, last = child.status("voluntary_ctxt_switches"), before
        if before == last:
            return True
    return False


def test_running_out_of_descriptors_neither_spins_nor_ends_it(tmp_path: Path) -> None:
    """More clients than descriptors: little processor time, one line, and service again afterwards."""
    with back_end(echo) as behind:
        child = Child(tmp_path, behind.address, descriptors=24)
        assert child.address
        with ExitStack() as stack:
            for _ in range(40):
                waiting = stack.enter_context(socket.create_connection(child.address, PATIENCE))
                waiting.setblocking(False)
            before = child.cpu_seconds()
            time.sleep(0.5)
            assert child.cpu_seconds() - before < 0.2
        with Client(child.address) as client:
            client.send(b"x")
            assert client.exactly(1) == b"x"
        status, said = child.end()
    assert status == 0
    assert said.count("can't accept") == 1


# Hostile clients


def test_plain_http_is_dropped(tmp_path: Path) -> None:
    """No page, no line in the log, and the next client is served."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        with socket.create_connection(service.address, PATIENCE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: press-07.local\r\n\r\n")
            assert b"HTTP" not in swallow(plain)
        with Client(service.address) as client:
            client.send(b"x")
            assert client.exactly(1) == b"x"
        assert len(service.lines) == len(warnings_before(behind.address).splitlines())


HELLO_OF_120_KB = b"\x01\x01\xd4\xc0\x03\x03" + bytes(120_000)


@pytest.mark.parametrize(
    "garbage",
    [
        os.urandom(100_000),
        b"\x16\x03\x01\xff\xff" + bytes(70_000),
        b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + bytes(20_000),
        b"".join(
            b"\x16\x03\x01" + struct.pack("!H", len(part)) + part
            for part in (HELLO_OF_120_KB[start : start + 16384] for start in range(0, 120_000, 16384))
        ),
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\x16\x03\x01\x00\x00" * 20_000,
    ],
    ids=["random", "record too long", "hello too long", "huge hello", "alert", "empty records"],
)
def test_garbage_is_dropped_in_silence(tmp_path: Path, garbage: bytes) -> None:
    """Whatever it is: the connection ends, nothing is logged, the next client is served."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address, handshake=1.0) as service:
        with socket.create_connection(service.address, PATIENCE) as stranger:
            try:
                stranger.sendall(garbage)
                swallow(stranger)
            except ConnectionError:
                pass
        with Client(service.address) as client:
            client.send(b"x")
            assert client.exactly(1) == b"x"
        assert len(service.lines) == len(warnings_before(behind.address).splitlines())


@pytest.mark.parametrize(
    "name", [b"\xff\xfe.local", b"\xe2\x98\x83", b"a..b", b".", b"x" * 200, b"xn--a.local", b"*", b"a\nb"]
)
def test_no_server_name_leaves_a_traceback(tmp_path: Path, name: bytes) -> None:
    """Python decodes the SNI before anybody may catch the error: the hook for unraisable ones isn't reached."""
    reported: list[object] = []
    before, sys.unraisablehook = sys.unraisablehook, reported.append
    try:
        with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
            shown = s_client(service.address, "-servername", name)
            assert ("BEGIN CERTIFICATE" in shown) == name.isascii()
        assert sys.unraisablehook == reported.append
    finally:
        sys.unraisablehook = before
    assert reported == []


def test_clients_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    """Gone before, during and after the handshake: the service serves, and its descriptors are free again."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address) as service:
        before = len(os.listdir("/proc/self/fd"))
        for number in range(60):
            with Client(service.address, shake_hands=number % 3 > 0) as client:
                if number % 3 == 1:
                    client.send(b"x")
                elif number % 3 == 2:
                    reset(client.socket)
        with Client(service.address) as client:
            client.send(b"x")
            assert client.exactly(1) == b"x"
            deadline = time.monotonic() + PATIENCE
            while len(os.listdir("/proc/self/fd")) > before + 20 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert len(os.listdir("/proc/self/fd")) <= before + 20  # the service's own, and this client's
