"""A refusal is about the certificate: what goes wrong otherwise is trouble, and never passes for a refusal."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from .chains import certificate_pem, world
from .peer import Peer, Trouble
from .roster import each_peer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root that is good for nothing here."""
    file = tmp_path / "root.pem"
    file.write_bytes(certificate_pem(world(constrain_root=False).root.certificate))
    return file


@each_peer()
def test_nobody_listens(peer: Peer, root: Path) -> None:
    """A port that is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Trouble):
        peer.visit(root, "press-07.local", port)


@each_peer()
def test_server_speaks_no_tls(peer: Peer, root: Path) -> None:
    """A server that answers in clear text."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_in_clear, args=(listener,), daemon=True).start()
        try:
            with pytest.raises(Trouble):
                peer.visit(root, "press-07.local", listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def _answer_in_clear(listener: socket.socket) -> None:
    while True:
        try:
            visitor, _ = listener.accept()
        except OSError:
            return
        with visitor:
            visitor.recv(4096)
            visitor.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
