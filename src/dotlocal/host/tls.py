# Serve path: no dataclasses, enum, typing, pathlib, re or json at run time.
"""TLS by the part of `ssl` that is written in C: the module around it, with its enumerations and their own imports, is
half of the time from an empty interpreter to the first handshake (ADR 0028).

The names are those of `ssl` and mean the same, as far as a server needs them, with one addition, `close_notify`. A
Python whose C part is made otherwise gets them from there. Plain numbers stand for what `ssl` has enumerations for.
"""

from __future__ import annotations

__all__ = [
    "OP_CIPHER_SERVER_PREFERENCE", "OP_NO_COMPRESSION", "OP_NO_RENEGOTIATION", "PROTOCOL_TLS_SERVER", "MemoryBIO",
    "SSLContext", "SSLError", "SSLObject", "SSLWantReadError", "SSLZeroReturnError", "TLSv1_2", "close_notify",
]  # fmt: skip

TYPE_CHECKING = False
if not TYPE_CHECKING:
    try:
        from _ssl import (
            OP_CIPHER_SERVER_PREFERENCE,
            OP_NO_COMPRESSION,
            OP_NO_RENEGOTIATION,
            PROTOCOL_TLS_SERVER,
            MemoryBIO,
            PROTO_TLSv1_2,
            SSLError,
            SSLWantReadError,
            SSLZeroReturnError,
            _SSLContext,
        )
        from _ssl import _SSLSocket as SSLObject

        _wrap, _set_protocols, _close = _SSLContext._wrap_bio, _SSLContext._set_alpn_protocols, SSLObject.shutdown
    except (ImportError, AttributeError):
        TYPE_CHECKING = True  # what type checkers see is what everybody else gets

if TYPE_CHECKING:
    from ssl import (
        OP_CIPHER_SERVER_PREFERENCE,
        OP_NO_COMPRESSION,
        OP_NO_RENEGOTIATION,
        PROTOCOL_TLS_SERVER,
        MemoryBIO,
        SSLContext,
        SSLError,
        SSLObject,
        SSLWantReadError,
        SSLZeroReturnError,
        TLSVersion,
    )

    TLSv1_2 = TLSVersion.TLSv1_2

    def close_notify(connection: SSLObject) -> None:
        """Say that nothing more will be sent (RFC 8446 6.1); SSLWantReadError until the peer has said so too."""
        connection.unwrap()

else:
    TLSv1_2 = PROTO_TLSv1_2

    class SSLContext(_SSLContext):
        """What connections begin with; for servers, over memory."""

        def set_alpn_protocols(self, protocols):
            """In the order of preference (RFC 7301 3.1)."""
            _set_protocols(self, b"".join(bytes((len(name),)) + name.encode("ascii") for name in protocols))

        def wrap_bio(self, incoming, outgoing, server_side=False):
            """One connection, whose records come in by the one and go out by the other."""
            return _wrap(self, incoming, outgoing, server_side)

    def close_notify(connection):
        """Say that nothing more will be sent (RFC 8446 6.1); SSLWantReadError until the peer has said so too."""
        _close(connection)
