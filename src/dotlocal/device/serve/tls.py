# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""The certificates that `device serve` presents: those of `run/current`, whichever set that is at the moment.

There are two contexts for a set, one key for both: clients that name a host get `names.pem`, clients that name none, or
an address, get `fullchain.pem`. A set is loaded whole or not at all, and always into new contexts: a session ticket
is only worth something to the context that made it, so none outlives its key (RFC 5077 5.5, RFC 8446 4.6.1).
"""

from __future__ import annotations

import posix as os
import sys
from _thread import get_ident

from dotlocal.core.errors import Absent, Refused
from dotlocal.host import paths, tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Mozilla's "intermediate" of today without finite-field DHE, which no current client needs and scanners ask about;
# TLS 1.3 has its own list. The client chooses: it knows whether its processor helps with AES.
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
)
KEY, WITH_ADDRESSES, NAMES_ONLY = "privkey.pem", "fullchain.pem", "names.pem"
HTTP_1 = ("http/1.1",)

_RETRY_SECONDS = 10.0  # a set that failed for its permissions may be put right without a new one being made
_TRIES = 3
_SESSIONS = 1000  # of TLS 1.2 clients without tickets; OpenSSL keeps up to 20,480, a kilobyte each, for anybody

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"

Mark = tuple[str, int, int]


def warm_up() -> None:
    """Have OpenSSL read its configuration and look its algorithms up, which its first context in a process does, while
    there is something else to wait for.
    """
    tls.SSLContext(tls.PROTOCOL_TLS_SERVER)


def names_a_host(server_name: str | None) -> bool:
    """Whether the SNI is a host name. RFC 6066 3 allows no address there, and some clients send one all the same."""
    if not server_name or ":" in server_name:
        return False
    return not server_name.rstrip(".").rpartition(".")[2].isdigit()  # no top-level domain is a number


def contexts(
    directory: str | Path, alpn: tuple[str, ...] = HTTP_1, kind: type[tls.SSLContext] = tls.SSLContext
) -> tls.SSLContext:
    """The context to accept with, of that kind, which hands over to its sibling by SNI.

    Refuses `set-unreadable`, `set-incomplete` and `set-broken` (a file that is no PEM, or another key's certificate).
    """
    for name in (KEY, WITH_ADDRESSES, NAMES_ONLY):
        path = paths.join(directory, name)
        try:
            open(path, "rb").close()  # OpenSSL's own errors don't say which of the files it was
        except PermissionError:
            from dotlocal.host.privileges import name_of

            raise Refused(
                "set-unreadable",
                f"{path} may not be read by user {name_of(os.geteuid())}",
                hint="set `group` in device.toml to a group of the user that serves",
            ) from None
        except OSError as error:
            raise Refused("set-incomplete", f"{path}: {_lower(error.strerror)}") from None
    accepting = _context(directory, WITH_ADDRESSES, alpn, kind)
    by_name = _context(directory, NAMES_ONLY, alpn, kind)

    def choose(connection: tls.SSLObject, server_name: str | None, _: tls.SSLContext) -> None:
        if names_a_host(server_name):
            connection.context = by_name

    accepting.sni_callback = choose
    return accepting


class CurrentSet:
    """The contexts of `run/current`, replaced when the link moves; connections keep what they began with."""

    __slots__ = ("_alpn", "_context", "_current", "_failed", "_kind", "_loaded", "_mark", "_retry", "_say", "_told")

    def __init__(
        self, run: str | Path, *, say: Callable[[str], None], alpn: tuple[str, ...] = HTTP_1,
        kind: type[tls.SSLContext] = tls.SSLContext,
    ) -> None:  # fmt: skip
        """Loads the set; refuses `no-set` when there is none, otherwise as `contexts` does."""
        self._current = paths.join(run, "current")
        self._say = say
        self._alpn = alpn
        self._kind = kind
        self._failed: Mark | None = None
        self._retry = 0.0
        self._loaded = ""
        self._told: tuple[str, str] | None = None  # of what is loaded; read when it is asked for
        for _ in range(_TRIES):
            self._mark = self._look()
            try:
                self._context = self._load(self._mark)
            except Refused as refused:
                fault = refused
                if self._look() == self._mark:
                    break
            else:
                return
        raise fault

    def context(self, now: float) -> tls.SSLContext:
        """What the next connection is accepted with. Raises only what `say` does, once for a set: one that can't be
        loaded leaves the one before.
        """
        mark = self._look()
        crowded = self._context.session_stats()["number"] > _SESSIONS
        if (mark == self._mark and not crowded) or (mark == self._failed and now < self._retry):
            return self._context
        try:
            self._context = self._load(mark)
        except Refused as refused:
            known = mark == self._failed
            self._failed, self._retry = mark, now + _RETRY_SECONDS  # before it is said, which may fail
            # When the link has moved on, this set was just being cleared away, and the next connection looks again.
            if not known and self._look() == mark:
                self._say(f"warning: certificates that can't be used, so those before are kept: {refused}")
        else:
            moved = mark != self._mark
            self._mark, self._failed = mark, None
            if moved:
                self._say(f"serving the certificates of {self._folder(mark[0])}")
        return self._context

    def told(self) -> tuple[str, str]:
        """The serial number and the SHA-256, in hexadecimal, of the certificate (with addresses) that `context`
        presents; nothing when its files are gone meanwhile.
        """
        if self._told is None:
            from binascii import a2b_base64

            from dotlocal.device.handover import proof

            try:
                with open(paths.join(self._folder(self._loaded), WITH_ADDRESSES), encoding="ascii") as chain:
                    leaf = a2b_base64(chain.read().partition(_BEGIN)[2].partition(_END)[0])
                self._told = proof.serial_of(leaf), proof.fingerprint_of(leaf)
            except (OSError, ValueError):
                self._told = "", ""
        return self._told

    def _look(self) -> Mark:
        # The directory's identity besides the link's text: a name may be used again before anybody looks.
        try:
            target = os.readlink(self._current)
        except OSError:
            return "", 0, 0
        try:
            found = os.stat(self._folder(target))
        except OSError:
            return target, 0, 0
        return target, found.st_ino, found.st_ctime_ns

    def _load(self, mark: Mark) -> tls.SSLContext:
        if not mark[0]:
            raise self._nothing()
        # Not through the link, which might pair one set's key with the next one's chain.
        context = contexts(self._folder(mark[0]), self._alpn, self._kind)
        self._loaded, self._told = mark[0], None
        return context

    def _folder(self, target: str) -> str:
        return paths.join(paths.dirname(self._current), target)

    def _nothing(self) -> Refused:
        try:
            os.stat(self._current)
        except PermissionError:
            message = f"{self._current} may not be read by user {os.geteuid()}"
            return Refused("set-unreadable", message, hint="set `group` in device.toml to a group of the serving user")
        except OSError:
            message = f"{self._current} does not exist, so there is no certificate to serve"
            return Absent("no-set", message, hint="run `dotlocal device boot` first, or name its directory with --run")
        return Refused("set-incomplete", f"{self._current} is not a symlink to a set of certificates")


class SilentAboutBadNames:
    """A `with` in which Python prints no traceback for an SNI that isn't ASCII; the handshake fails all the same.

    The interpreter decodes the name before any callback of ours and reports through `sys.unraisablehook`, so that a
    stranger could fill the log. Only that one error, and only in the calling thread, is passed over.
    """

    __slots__ = ("_before", "_thread")

    def __enter__(self) -> None:
        self._before, self._thread = sys.unraisablehook, get_ident()
        sys.unraisablehook = self._hook

    def __exit__(self, *_: object) -> None:
        sys.unraisablehook = self._before

    def _hook(self, unraisable: sys.UnraisableHookArgs, /) -> None:
        if unraisable.exc_type is not UnicodeDecodeError or get_ident() != self._thread:
            self._before(unraisable)


def _context(directory: str | Path, chain: str, alpn: tuple[str, ...], kind: type[tls.SSLContext]) -> tls.SSLContext:
    context = kind(tls.PROTOCOL_TLS_SERVER)
    context.minimum_version = tls.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(alpn)
    context.options |= tls.OP_NO_COMPRESSION | tls.OP_NO_RENEGOTIATION
    context.options &= ~tls.OP_CIPHER_SERVER_PREFERENCE
    path = paths.join(directory, chain)
    try:
        # A password of our own, because OpenSSL would ask for the one of an encrypted key on the terminal, and wait.
        context.load_cert_chain(path, paths.join(directory, KEY), password="")
    except tls.SSLError as error:
        reason = _lower((error.reason or "not PEM").replace("_", " "))
        raise Refused(
            "set-broken",
            f"{path} and {KEY} don't go together: {reason}",
            hint="make a new set with `dotlocal device boot`",
        ) from None
    except OSError as error:
        raise Refused("set-unreadable", f"{path} or {KEY}: {_lower(error.strerror)}") from None
    return context


def _lower(text: str | None) -> str:
    return (text or "unreadable").lower()
