"""With what devices do besides: a group that reads the key, kept server keys, a web server that is told."""

from __future__ import annotations

import grp
import json
import os
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from box import Box, make_box
from customer import Customer

from dotlocal.testing import World
from installed import Command


def test_a_group_reads_the_customers_key(box: Box, customer: Customer) -> None:
    """`group`: 0640 and 0750, as for the device's own."""
    mine = grp.getgrgid(os.getgid()).gr_name
    (box.path / "device.toml").write_text(f'group = "{mine}"\n')
    box.take(customer.files(), confirm=True)
    folder = (box.run / "current").resolve()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    assert stat.S_IMODE((folder / "privkey.pem").stat().st_mode) == 0o640


def test_kept_server_keys_below_the_customers_ca(box: Box) -> None:
    """`keep_while_unchanged`: the same certificate at every boot, below whichever CA issues."""
    (box.path / "device.toml").write_text("keep_while_unchanged = true\n")
    box.owned.self_signed(confirm=True)
    leaf = box.leaf
    box.restart()
    assert box.leaf == leaf
    box.owned.revert("vendor")
    assert box.leaf != leaf


@contextmanager
def stubborn(run: Path) -> Iterator[int]:
    """A web server that serves for ever what it began with, whatever it is told."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(run / "current" / "bundle.pem")
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
                with plain:
                    plain.settimeout(5)
                    context.wrap_socket(plain, server_side=True).close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.fixture
def told(tmp_path: Path, world: World) -> Iterator[Path]:
    """A device whose web server takes no new set."""
    make_box(tmp_path, world)
    with stubborn(tmp_path / "run") as port:
        (tmp_path / "device.toml").write_text(
            'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\ninterfaces = ["none0"]\n'
            f'[handover]\nserver = "command"\ncommand = ["true"]\nconnect = "127.0.0.1:{port}"\nseconds = 1\n'
        )
        yield tmp_path


def test_a_web_server_that_does_not_take_it(told: Path, customer: Customer, dotlocal: Command) -> None:
    """Told, looked at, not served: what was before is put back at once, and nobody waits for a probation to end."""
    (told / "upload.pem").write_bytes(customer.files())
    places = [f"--{place}={told / name}" for place, name in (("state", "state"), ("run", "run"))]
    done = dotlocal("device", "own", "import", told / "upload.pem", *places, f"--config={told / 'device.toml'}")
    assert (done.status, done.code) == (1, "own-not-served")
    status = json.loads((told / "run" / "current" / "status.json").read_text())
    assert (status["served"], status["own"]) == ("vendor", {})
