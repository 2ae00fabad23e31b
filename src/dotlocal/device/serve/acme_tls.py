# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""TLS-ALPN-01 (RFC 8737): handshakes that ask for `acme-tls/1` while a challenge is pending, and for nothing else.

Whoever proves a name puts key and certificate into run/acme-tls, one file for each name; without that folder no
connection is looked at. A handshake of this kind carries no data: it ends, and so does the connection.
"""

from __future__ import annotations

from dotlocal.host import paths, tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.serve.client_hello import Hello

FOLDER = "acme-tls"
PROTOCOL = "acme-tls/1"
LONGEST_NAME = 250  # with its ending, as long as a file's name may be
_ALLOWED = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-.")


def file_of(server_name: bytes) -> str:
    """The file for a name in SNI; ValueError for what is no host name, since strangers must not choose a path."""
    name = server_name.lower()
    if not 0 < len(name) <= LONGEST_NAME or not _ALLOWED.issuperset(name) or name[0] == ord("."):
        raise ValueError("no host name")
    return f"{name.decode()}.pem"


class Challenges:
    """What is pending in a run directory."""

    __slots__ = ("_folder",)

    def __init__(self, run: str) -> None:
        self._folder = paths.join(run, FOLDER)

    def peek(self) -> Peek | None:
        """What looks at a new connection, or None while nothing is pending: one system call."""
        return Peek(self) if paths.isdir(self._folder) else None

    def context(self, hello: Hello) -> tls.SSLContext | None:
        """What to answer this hello with, or None: it is not a challenge, or not one of ours."""
        if hello.protocols != (PROTOCOL.encode(),):
            return None  # RFC 8737 3: that protocol and no other
        try:
            made = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
            made.minimum_version = tls.TLSv1_2
            made.set_alpn_protocols([PROTOCOL])
            made.load_cert_chain(paths.join(self._folder, file_of(hello.server_name)), password="")
        except (OSError, ValueError):  # SSLError is an OSError
            return None
        return made


class Peek:
    """The first octets of a connection, gathered until they tell whether it is a challenge."""

    __slots__ = ("_challenges", "_gathered")

    def __init__(self, challenges: Challenges) -> None:
        self._challenges = challenges
        self._gathered = bytearray()

    def feed(self, arrived: bytes) -> tuple[bytes, tls.SSLContext | None] | None:
        """None while more is needed; then everything that has arrived, and a context where it is a challenge."""
        from dotlocal.device.serve.client_hello import Incomplete, NotOne, parse  # for the minute of a challenge

        self._gathered += arrived
        try:
            hello = parse(bytes(self._gathered))
        except Incomplete:
            return None
        except NotOne:
            return bytes(self._gathered), None
        return bytes(self._gathered), self._challenges.context(hello)
