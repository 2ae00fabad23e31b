"""A TLS server of the test's own, and the `[handover]` that goes with it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def tls_server(context: ssl.SSLContext, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Accepts, shakes hands, and ends."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:

        def run() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def by_command(port: int, *words: str, seconds: int = 2, host: str = "127.0.0.1") -> str:
    command = json.dumps(list(words))
    connect = f'connect = "{host}:{port}"\nseconds = {seconds}'
    return f'[handover]\nserver = "command"\ncommand = {command}\n{connect}\n'


def codes(report: dict[str, object]) -> list[str]:
    found = report["findings"]
    assert isinstance(found, list)
    return [each["code"] for each in found if each["code"].startswith("handover-")]
