# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""What one client may cost."""

from __future__ import annotations


class Limits:
    """Seconds, connections, and octets in each direction of a connection.

    `spare`: idle for longer, a connection makes room for a new one when all are in use; `spare_handshake`: the same for
    one that hasn't finished its handshake. `waiting`: clients that may wait for room beyond those `connections`.
    `stall`: no progress although something waits to be sent, or one direction has ended. `linger`: for a client to read
    the last answer, when there is no back end any more.
    """

    __slots__ = (
        "buffer", "connect", "connections", "handshake", "idle", "linger", "spare", "spare_handshake", "stall",
        "waiting",
    )  # fmt: skip

    def __init__(
        self, *, handshake: float = 10.0, connect: float = 10.0, connections: int = 512, waiting: int = 32,
        spare: float = 10.0, spare_handshake: float = 1.0, idle: float = 12 * 3600.0, stall: float = 600.0,
        linger: float = 5.0, buffer: int = 65536,
    ) -> None:  # fmt: skip
        self.handshake = handshake
        self.connect = connect
        self.connections = connections
        self.waiting = waiting
        self.spare = spare
        self.spare_handshake = spare_handshake
        self.idle = idle
        self.stall = stall
        self.linger = linger
        self.buffer = buffer
