"""Web servers that weren't running when `device watch` handed over to them."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from handed_device import Device
from own_server import by_command, tls_server
from restless import wait_until
from web_servers import unused_port

from dotlocal.device import boot
from dotlocal.device.context import ssl_context
from dotlocal.device.serve.tls import contexts
from dotlocal.device.watch.handovers import WAITS, HandOvers


@contextmanager
def watching(device: Device) -> Iterator[None]:
    """Until the server was missed."""
    before = device.status["serial"]
    words = device.told.boot_words("07")
    process = device.told.command.start(*words[:1], "watch", *words[2:])
    try:
        wait_until(lambda: device.status["serial"] != before and outcome(device) == "not-running")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=20)


def outcome(device: Device) -> str:
    return str(device.status.get("handover", {}).get("outcome"))


def test_one_that_starts_later_is_proven_and_not_told(device: Device, tmp_path: Path) -> None:
    """It has read the set, which stays; the status doesn't say `not-running` for ever."""
    port, mark = unused_port(), tmp_path / "told"
    device.configure(by_command(port, "touch", str(mark)))
    with watching(device):
        report = device.status
        with tls_server(ssl_context(device.run), port=port):
            wait_until(lambda: outcome(device) == "served")
        assert device.status["serial"] == report["serial"]
        assert [each["code"] for each in device.status["findings"] if "handover" in each["code"]] == []
    assert not mark.exists()


class UntilTold(ssl.SSLContext):
    """Serves the set that it had read, until the file that says otherwise is there."""

    def __new__(cls, old: ssl.SSLContext, run: Path, mark: Path) -> UntilTold:
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made.old, made.run, made.mark = old, run, mark  # type: ignore[attr-defined]
        return made

    def wrap_socket(self, sock: socket.socket, *places: object, **words: object) -> ssl.SSLSocket:
        told = self.mark.exists()  # type: ignore[attr-defined]
        context: ssl.SSLContext = ssl_context(self.run) if told else self.old  # type: ignore[attr-defined]
        return context.wrap_socket(sock, server_side=True)


def test_one_that_had_read_the_set_before_is_told(device: Device, tmp_path: Path) -> None:
    """It was starting just when the new set came."""
    port, mark, old = unused_port(), tmp_path / "told", tmp_path / "old"
    shutil.copytree(device.run / os.readlink(device.run / "current"), old)
    device.configure(by_command(port, "touch", str(mark)))
    with watching(device):
        serial = device.status["serial"]
        with tls_server(UntilTold(contexts(old, kind=ssl.SSLContext), device.run, mark), port=port):
            wait_until(lambda: outcome(device) == "served")
        assert device.status["serial"] == serial
    assert mark.exists()


@pytest.fixture
def hand_overs(device: Device) -> HandOvers:
    device.configure(by_command(unused_port(), "false"))
    report = device.boot()
    options = boot.parse([*map(str, device.told.boot_words("07")[2:])])
    assert options
    made = HandOvers(options)
    made.told(report)
    return made


def test_one_that_never_starts_is_not_waited_for(hand_overs: HandOvers) -> None:
    """A device may have none; after some minutes nobody wakes up for it."""
    for _ in WAITS:
        assert hand_overs.due is not None
        assert not hand_overs.start()
    assert hand_overs.due is None


def test_nobody_is_looked_for_once_the_table_is_gone(hand_overs: HandOvers, device: Device) -> None:
    """Another device.toml, without [handover]."""
    device.configure()
    assert not hand_overs.start()
    assert hand_overs.due is None


def test_one_that_refuses_then_is_a_failed_hand_over(device: Device, hand_overs: HandOvers, tmp_path: Path) -> None:
    """Which is tried again as all of them are."""
    shutil.copytree(device.run / os.readlink(device.run / "current"), tmp_path / "old")
    device.boot()
    with tls_server(contexts(tmp_path / "old", kind=ssl.SSLContext)) as port:
        device.configure(by_command(port, "false"))
        hand_overs.told({**device.status, "handover": {"outcome": "not-running"}})
        assert hand_overs.start()
    assert outcome(device) == "failed"
