"""The client of the measured servers: it trusts one root, asks for the device's name, and verifies."""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path
from time import perf_counter, sleep

from device import NAME

_PATIENCE = 20.0


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def visit(port: int, root: Path) -> float:
    """Connect until a handshake succeeds; when that was."""
    deadline = perf_counter() + _PATIENCE
    while not root.exists():  # a CA that is only just being made
        sleep(0.01)
    context = ssl.create_default_context(cafile=str(root))
    while perf_counter() < deadline:
        try:
            return handshake(port, context)
        except (ConnectionError, ssl.SSLError):  # not yet: nobody listens, or there is no certificate
            sleep(0.001)
    sys.exit(f"nobody serves {NAME} on port {port}")


def handshake(port: int, context: ssl.SSLContext) -> float:
    """One verified handshake; when it was done. Raises what goes wrong."""
    with (
        socket.create_connection(("127.0.0.1", port), _PATIENCE) as connection,
        context.wrap_socket(connection, server_hostname=NAME),
    ):
        return perf_counter()
