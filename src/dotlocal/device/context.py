"""For Python web servers: one `ssl.SSLContext` that is always the current set's, without a restart or a signal.

    from dotlocal.device.context import ssl_context

    context = ssl_context()  # asyncio, uvicorn, hypercorn, aiohttp, gunicorn, Flask: docs/python-servers.md

Standard library only. Each new connection begins with the contexts of the set that is current at that moment; those
that are open keep theirs, and no session ticket outlives its key (`dotlocal.device.serve.tls`).
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.device.serve.tls import CurrentSet
from dotlocal.device.store import RUN


def ssl_context(
    run: str | Path = RUN, *, alpn: Sequence[str] = ("http/1.1",), say: Callable[[str], None] | None = None
) -> ssl.SSLContext:
    """A context for servers that follows `run/current`, and chooses between its two certificates by SNI.

    Refuses `no-set`, `set-unreadable`, `set-incomplete` and `set-broken` when there is nothing to begin with; later a
    set that can't be used leaves the one before, and `say` (stderr, unless told otherwise) hears of it. It may be used
    from several threads, and after a fork. `alpn` names what the server speaks, "h2" first where it does; one
    name may stand alone.

    What is set on it afterwards (client certificates, ciphers, callbacks) has no effect: the sets' own contexts count.
    """
    protocols = (alpn,) if isinstance(alpn, str) else tuple(alpn)
    try:
        current = CurrentSet(Path(run), say=say or _say, alpn=protocols, kind=ssl.SSLContext)
    except Refused as refused:
        from dotlocal.core.codes import hint_of  # a hundred rows, where something went wrong

        refused.add_note(f"hint: {hint_of(refused)}")  # a traceback tells it as well
        raise
    return _Following(current)


class _Following(ssl.SSLContext):
    """Hands each connection to a context of the current set.

    Not an SNI callback that exchanges the certificate of one lasting context: OpenSSL decrypts tickets with the keys of
    the context that a connection began with, so that old sessions would bring old certificates back.
    """

    _current: CurrentSet
    _lock: threading.Lock
    _process: int

    def __new__(cls, current: CurrentSet) -> _Following:
        made = super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)
        made._current = current
        made._lock, made._process = threading.Lock(), os.getpid()
        return made

    def __init__(self, current: CurrentSet) -> None:
        super().__init__()

    def wrap_socket(self, sock: socket.socket, *places: Any, **words: Any) -> ssl.SSLSocket:
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            # http.server and werkzeug wrap the listening socket, whose `accept` comes here again with each connection.
            # The handshake is left to the first read: within `accept` one silent stranger would keep all others waiting
            if len(places) < 2:
                words.setdefault("do_handshake_on_connect", False)
            return super().wrap_socket(sock, *places, **words)
        return self._now().wrap_socket(sock, *places, **words)

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *places: Any, **words: Any) -> ssl.SSLObject:
        return self._now().wrap_bio(incoming, outgoing, *places, **words)

    def _now(self) -> ssl.SSLContext:
        if self._process != (process := os.getpid()):  # forked, maybe while a thread that isn't here held the lock
            self._lock, self._process = threading.Lock(), process
        with self._lock:
            return self._current.context(monotonic())


def _say(line: str) -> None:
    with suppress(AttributeError, OSError, ValueError):  # a daemon's: None, a pipe that nobody reads, closed
        sys.stderr.write(f"dotlocal: {line}\n")
