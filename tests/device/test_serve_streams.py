"""`device serve`: bytes both ways, whole and in bounded memory, and each end told apart from a break."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from serve_peers import (
    MEGABYTE,
    PATIENCE,
    VERSIONS,
    Child,
    Client,
    Truncated,
    back_end,
    client_context,
    echo,
    reset,
    serving,
    swallow,
)

# The bytes


@pytest.mark.parametrize("version", VERSIONS)
def test_a_large_download_arrives_whole(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """50 MB, then the back end's FIN becomes a close_notify."""
    block = os.urandom(MEGABYTE)

    def send(connection: socket.socket) -> None:
        for _ in range(50):
            connection.sendall(block)

    with (
        back_end(send) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address, context=client_context(version=version)) as client,
    ):
        digest, size = hashlib.sha256(), 0
        while data := client.receive():
            digest.update(data)
            size += len(data)
    assert size == 50 * MEGABYTE
    assert digest.digest() == hashlib.sha256(block * 50).digest()


def test_a_large_upload_arrives_whole(tmp_path: Path) -> None:
    """50 MB, then the client's close_notify becomes a FIN, and the answer still comes."""
    block = os.urandom(MEGABYTE)

    def digest_of(connection: socket.socket) -> None:
        digest = hashlib.sha256()
        while data := connection.recv(MEGABYTE):
            digest.update(data)
        connection.sendall(digest.digest())

    with (
        back_end(digest_of) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address) as client,
    ):
        for _ in range(50):
            client.send(block)
        client.finish()
        assert client.rest() == hashlib.sha256(block * 50).digest()


@pytest.mark.parametrize("direction", ["download", "upload"])
def test_who_does_not_read_holds_the_sender_and_takes_no_memory(tmp_path: Path, direction: str) -> None:
    """50 MB towards a reader that sleeps: the sender is held, the service hardly grows, then all of it arrives."""
    total, wake, counted = 50 * MEGABYTE, threading.Event(), []

    def slow(connection: socket.socket) -> None:
        wake.wait(PATIENCE)
        counted.append(len(swallow(connection)))

    def fast(connection: socket.socket) -> None:
        connection.sendall(bytes(total))

    with back_end(fast if direction == "download" else slow) as behind:
        child = Child(tmp_path, behind.address)
        assert child.address
        with Client(child.address, receive_buffer=65536) as client:
            before = int(child.status("VmRSS")[0])
            if direction == "download":
                time.sleep(0.5)
                counted.append(sum(map(len, iter(client.receive, b""))))
            else:
                threading.Timer(0.5, wake.set).start()
                client.send(bytes(total))
                client.finish()
                client.rest()
            grown = int(child.status("VmHWM")[0]) - before
        child.end()
    assert counted == [total]
    assert grown < 4096  # KiB


def test_the_answer_flows_after_the_client_has_ended(tmp_path: Path) -> None:
    """close_notify → FIN; the back end answers afterwards, at its own pace."""

    def answer(connection: socket.socket) -> None:
        question = swallow(connection)
        for _ in range(3):
            time.sleep(0.05)
            connection.sendall(question)

    with back_end(answer) as behind, serving(tmp_path, to=behind.address) as service, Client(service.address) as client:
        client.send(b"question")
        client.finish()
        assert client.rest() == b"question" * 3


@pytest.mark.parametrize("version", VERSIONS)
def test_the_client_flows_after_the_back_end_has_ended(tmp_path: Path, version: ssl.TLSVersion) -> None:
    """FIN → close_notify, also while the client is sending; nothing of what it sends is lost."""
    block, started, ended = os.urandom(MEGABYTE), threading.Event(), threading.Event()

    def listen_on(connection: socket.socket) -> bytes:
        first = connection.recv(1)
        started.wait(PATIENCE)
        connection.shutdown(socket.SHUT_WR)
        ended.wait(PATIENCE)
        return hashlib.sha256(first + swallow(connection)).digest()

    with (
        back_end(listen_on) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address, context=client_context(version=version)) as client,
    ):
        sender = threading.Thread(target=client.send, args=(block * 8,))
        sender.start()  # fills every buffer on the way
        started.set()
        time.sleep(0.2)
        ended.set()
        sender.join()
        assert client.rest() == b""
        client.send(block)
        client.finish()
        assert behind.result() == hashlib.sha256(block * 9).digest()


def test_a_quiet_connection_stays_open_both_ways(tmp_path: Path) -> None:
    """A WebSocket: silence for longer than handshake, connect and spare limits, then either side speaks."""

    def socketlike(connection: socket.socket) -> None:
        connection.sendall(b"hello")
        time.sleep(0.5)
        connection.sendall(b"ping")
        echo(connection)

    with (
        back_end(socketlike) as behind,
        serving(tmp_path, to=behind.address, handshake=0.2, connect=0.2, spare=0.1) as service,
        Client(service.address) as client,
    ):
        assert client.exactly(5) == b"hello"
        assert client.exactly(4) == b"ping"
        time.sleep(0.3)
        client.send(b"pong")
        assert client.exactly(4) == b"pong"


# Broken streams


def test_a_client_that_vanishes_is_no_clean_end(tmp_path: Path) -> None:
    """A FIN without close_notify, which anybody on the way can forge → what was sent arrives, then a reset."""
    received = bytearray()

    def collect(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            received.extend(data)

    with (
        back_end(collect) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address) as client,
    ):
        client.send(b"transfer 1000")
        client.vanish()
        assert behind.result() is ConnectionResetError
    assert received == b"transfer 1000"


def test_a_forged_record_is_no_clean_end(tmp_path: Path) -> None:
    """Bytes that don't decrypt → reset to the back end, no line in the log."""
    with (
        back_end(swallow) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address) as client,
    ):
        client.send(b"some")
        client.socket.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        assert client.dropped()
        assert behind.result() is ConnectionResetError
        assert service.said("error") == []


def test_a_back_end_that_breaks_off_is_no_clean_end(tmp_path: Path) -> None:
    """A reset from the back end → what came before it arrives, but no close_notify."""
    gate = threading.Event()

    def break_off(connection: socket.socket) -> None:
        connection.sendall(b"half")
        gate.wait(PATIENCE)
        reset(connection)

    with (
        back_end(break_off) as behind,
        serving(tmp_path, to=behind.address) as service,
        Client(service.address) as client,
    ):
        assert client.exactly(4) == b"half"
        gate.set()
        with pytest.raises(Truncated):
            client.receive()


def test_an_answer_that_comes_before_the_upload_is_over_is_not_lost(tmp_path: Path) -> None:
    """A server refuses an upload halfway and closes on what it hasn't read: the client still gets its 413."""
    answer = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"

    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(answer)

    with (
        back_end(refuse) as behind,
        serving(tmp_path, to=behind.address, linger=0.2) as service,
        Client(service.address) as client,
    ):
        client.send(bytes(300_000))
        assert client.exactly(len(answer)) == answer
