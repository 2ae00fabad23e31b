"""A folder of files as the back end: the standard library's file server, at the far end of a socket pair.

No address is ever listened on for it, so the files can be had through TLS only.
"""

from __future__ import annotations

import http.server
import os
import socket
import socketserver
import stat
import threading
import urllib.parse
from contextlib import suppress
from errno import EAGAIN
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from dotlocal.core.errors import Refused

_KEEP_ALIVE_SECONDS = 30.0
_LINGER_SECONDS = 5.0
_LINGER_READS = 256  # of 64 KiB: what is swallowed of a request that was answered without being read
# The default, 8 MiB, times some hundred connections is more address space than a 32-bit device has.
_STACK = 512 * 1024

# What browsers are strict about and some systems' tables lack, or map as they did long ago.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".pem": "application/x-pem-file",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_NEVER = frozenset("\\\0")


class Folder(socketserver.ThreadingMixIn, socketserver.BaseServer):
    """Serves the files of a folder to relays, a thread for each connection."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, folder: str | Path, *, stall: float) -> None:
        """Files are read when asked for; `stall` is how many seconds a reader may stand still. Refuses `no-folder`."""
        try:
            os.scandir(folder).close()
        except OSError as error:
            raise Refused("no-folder", f"the folder {folder} can't be read: {(error.strerror or '').lower()}") from None
        super().__init__("", partial(FileRequest, root=os.path.realpath(folder), stall=stall))

    def dial(self, attempt: int) -> socket.socket | None:
        """See BackEnd: there is one way, and it is connected at once."""
        if attempt:
            return None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        before = threading.stack_size(_STACK)
        try:
            self.process_request(theirs, ("", 0))
        except RuntimeError as error:  # can't start a thread
            ours.close()
            theirs.close()
            raise OSError(EAGAIN, str(error)) from None
        finally:
            threading.stack_size(before)
        return ours

    def lost(self, failure: OSError) -> None:
        """See BackEnd. Out of threads or descriptors, which the terminator reports for itself."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: these are clients that went away in the middle of a file."""

    def shutdown_request(self, request: Any) -> None:
        """End the answer, and swallow what is left of the request: closing on it would break the answer off."""
        with suppress(OSError):
            request.shutdown(socket.SHUT_WR)
            request.settimeout(_LINGER_SECONDS)
            for _ in range(_LINGER_READS):
                if not request.recv(65536):
                    break
        request.close()


class FileRequest(http.server.SimpleHTTPRequestHandler):
    """GET and HEAD for the regular files below a root; everything else is refused without saying whether it exists."""

    protocol_version = "HTTP/1.1"
    timeout = _KEEP_ALIVE_SECONDS
    index_pages = ("index.html",)
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | _TYPES

    def __init__(self, *arguments: Any, root: str, stall: float) -> None:
        """`root` is a real path, without symlinks in it."""
        self._root = root
        self._stall = stall
        self._length = 0
        super().__init__(*arguments, directory=root)

    def send_head(self) -> Any:
        """The head of the answer, and the open file if there is one; see SimpleHTTPRequestHandler."""
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # nobody reads a body here, so it would be taken for the next request
        if not self._servable():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send as much as was announced, also of a file that grew meanwhile."""
        self.connection.settimeout(self._stall)
        if self.connection.sendfile(source, 0, self._length) < self._length:
            self.close_connection = True
        self.connection.settimeout(_KEEP_ALIVE_SECONDS)

    def send_header(self, keyword: str, value: str) -> None:
        """See BaseHTTPRequestHandler."""
        if keyword == "Content-Length":
            self._length = int(value)
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        """See BaseHTTPRequestHandler."""
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        """No listings: what is not linked from a page is not meant to be found."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def version_string(self) -> str:
        """The Server header, which is nobody's business."""
        return "dotlocal"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name for it
        """Nothing: a device's log is small, and each line of it a stranger's to write."""

    def _servable(self) -> bool:
        """Whether the request's path, taken literally, leads to a regular file or a folder below the root.

        Only plain segments: no dots to climb with, no hidden files but `.well-known` (RFC 8615), no backslash nor empty
        segment, which would make `//host` of a redirect. Symlinks are followed and must end below the root.
        """
        path = self.path.partition("?")[0].partition("#")[0]
        if not path.startswith("/"):
            return False
        segments = urllib.parse.unquote(path).split("/")[1:]
        if segments[-1] == "":
            segments.pop()
        for segment in segments:
            hidden = segment.startswith(".") and segment != ".well-known"
            if not segment or hidden or not _NEVER.isdisjoint(segment):
                return False
        try:
            found = os.path.realpath(self.translate_path(self.path), strict=True)
            mode = os.stat(found).st_mode
            if stat.S_ISDIR(mode) and path.endswith("/"):
                found = os.path.realpath(os.path.join(found, "index.html"), strict=True)
                return self._inside(found) and stat.S_ISREG(os.stat(found).st_mode)
        except (OSError, ValueError):  # ValueError: an octet sequence that no file name can hold
            return False
        return self._inside(found) and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))

    def _inside(self, found: str) -> bool:
        return os.path.commonpath((found, self._root)) == self._root
