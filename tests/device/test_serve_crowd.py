"""`device serve` with all connections in use: who makes room, by client address. All of 127/8 is loopback's."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from serve_peers import PATIENCE, Client, Truncated, back_end, echo, serving

MINE, OTHERS = "127.0.0.1", "127.0.0.2"


def answered(client: Client) -> bool:
    """Whether the connection is still one: a byte comes back."""
    try:
        client.send(b"x")
        return client.exactly(1) == b"x"
    except (ConnectionError, Truncated):
        return False


def test_one_address_cannot_hold_the_service(tmp_path: Path) -> None:
    """Twelve of twelve in use by a client that is never idle: another one gets in at once, up to half of them."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=12) as service,
        ExitStack() as stack,
    ):
        held = [stack.enter_context(Client(service.address, source=OTHERS)) for _ in range(12)]
        assert all(map(answered, held))
        began = time.monotonic()
        mine = [stack.enter_context(Client(service.address, source=MINE)) for _ in range(6)]
        assert time.monotonic() - began < PATIENCE / 4
        seventh = stack.enter_context(Client(service.address, source=MINE, shake_hands=False))
        seventh.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            seventh.shake_hands()
        assert all(map(answered, mine))
        assert [answered(client) for client in held].count(True) == 6


def test_a_flood_does_not_fill_the_queue(tmp_path: Path) -> None:
    """Everything taken by one address, and 200 more of its connections knocking: another one gets in all the same."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=4, waiting=2, handshake=PATIENCE) as service,
        ExitStack() as stack,
    ):
        held = [stack.enter_context(Client(service.address, source=OTHERS)) for _ in range(4)]
        assert all(map(answered, held))
        for _ in range(200):
            stack.enter_context(socket.create_connection(service.address, PATIENCE, source_address=(OTHERS, 0)))
        client = stack.enter_context(Client(service.address, source=MINE))
        assert answered(client)
        assert len(service.said("connections are in use")) == 1


def test_an_idle_connection_goes_before_a_busy_one(tmp_path: Path) -> None:
    """Two addresses, two connections each: the idle one makes room for a third address, not whoever has most."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=4, spare=0.2) as service,
        ExitStack() as stack,
    ):
        idle, *busy = (
            stack.enter_context(Client(service.address, source=each)) for each in (MINE, MINE, *[OTHERS] * 2)
        )
        time.sleep(0.3)
        assert all(map(answered, busy))
        newcomer = stack.enter_context(Client(service.address, source="127.0.0.3"))
        assert answered(newcomer)
        assert idle.dropped()
        assert all(map(answered, busy))


def test_who_holds_most_goes_before_who_is_idle(tmp_path: Path) -> None:
    """One address with more than half, all of it busy, and an idle one of another: the idle one stays."""
    with (
        back_end(echo) as behind,
        serving(tmp_path, to=behind.address, connections=4, spare=0.2) as service,
        ExitStack() as stack,
    ):
        idle, *held = (stack.enter_context(Client(service.address, source=each)) for each in (MINE, *[OTHERS] * 3))
        time.sleep(0.3)
        assert all(map(answered, held))
        newcomer = stack.enter_context(Client(service.address, source="127.0.0.3"))
        assert answered(newcomer)
        assert answered(idle)
        assert [answered(client) for client in held].count(True) == 2


def test_who_waits_is_let_in_when_somebody_goes(tmp_path: Path) -> None:
    """Two of two in use and two waiting: one ends, the first of them is served."""
    with back_end(echo) as behind, serving(tmp_path, to=behind.address, connections=2) as service, ExitStack() as stack:
        first, second = (stack.enter_context(Client(service.address)) for _ in range(2))
        waiting = [stack.enter_context(Client(service.address, shake_hands=False)) for _ in range(2)]
        time.sleep(0.2)
        first.finish()
        first.rest()
        waiting[0].shake_hands()
        assert answered(waiting[0])
        assert answered(second)
