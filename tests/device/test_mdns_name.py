"""What Avahi answers through jeepney, of which there is a stand-in here: an error is no name."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest

from dotlocal.device import mdns


class MessageType(enum.Enum):
    """As jeepney has them (D-Bus specification, message types)."""

    method_return = 2
    error = 3


class Bus:
    """A system bus on which one thing is answered, or that lets nobody in."""

    def __init__(self, kind: MessageType, *body: object, refuses: Exception | None = None) -> None:
        self._reply = SimpleNamespace(header=SimpleNamespace(message_type=kind), body=body)
        self._refuses = refuses

    @contextmanager
    def opened(self, bus: str) -> Iterator[Bus]:
        if self._refuses:
            raise self._refuses
        yield self

    def send_and_get_reply(self, message: object, timeout: float) -> SimpleNamespace:
        return self._reply


@pytest.mark.parametrize(
    ("bus", "name"),
    [
        (Bus(MessageType.method_return, "press-07-2.local"), "press-07-2.local"),
        (Bus(MessageType.method_return, "press-07.local."), "press-07.local"),
        (Bus(MessageType.method_return), ""),
        (Bus(MessageType.method_return, 7), ""),
        (Bus(MessageType.error, "The name org.freedesktop.Avahi was not provided by any .service files"), ""),
        (Bus(MessageType.error), ""),
        (Bus(MessageType.error, refuses=FileNotFoundError()), ""),
        (Bus(MessageType.error, refuses=TimeoutError()), ""),
        (Bus(MessageType.error, refuses=ValueError("jeepney's AuthenticationError is one")), ""),
        (Bus(MessageType.error, refuses=RuntimeError("DBus transports ({'tcp'}) not supported")), ""),
    ],
)
def test_a_name_is_what_avahi_returns(monkeypatch: pytest.MonkeyPatch, bus: Bus, name: str) -> None:
    """Without a trailing dot; nothing where it has crashed, isn't ready, or can't be asked."""
    jeepney, blocking = ModuleType("jeepney"), ModuleType("jeepney.io.blocking")
    said = {"DBusAddress": lambda *_, **__: None, "MessageType": MessageType, "new_method_call": lambda *_: None}
    vars(jeepney).update(said)
    vars(blocking)["open_dbus_connection"] = bus.opened
    for module in (jeepney, ModuleType("jeepney.io"), blocking):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    assert mdns.host_name() == name
