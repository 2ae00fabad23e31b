"""As much of HTTP/1.1 (RFC 9110, RFC 9112) as strangers get: the head of a request, and one answer. Pure.

Whatever two programs could read differently is refused: a second Host, a folded line, a blank before a colon, a bare
line feed. A body has a length that is told in advance, and only where forms are taken; and a connection is closed after
its answer, so nothing can be smuggled behind one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_OCTETS = 8192  # of a head
_MOST_FIELDS = 64
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_TARGET = re.compile(r"/[!-~]{0,2047}")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_LENGTH = re.compile(r"[0-9]{1,12}")
METHODS = ("GET", "HEAD")
FORM_METHODS = (*METHODS, "POST")
REASONS = {
    200: "OK", 303: "See Other", 308: "Permanent Redirect", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 410: "Gone", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 421: "Misdirected Request", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}  # fmt: skip


class Bad(Exception):
    """A request that is answered with nothing but a status."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """A request that was read: `path` and `query` as sent, header fields by lower-case name."""

    method: str
    path: str
    query: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


def whole(head: bytes | bytearray) -> bool:
    """Whether the head has come to its end; Bad as soon as it is too long."""
    end = head.find(b"\r\n\r\n", 0, MOST_OCTETS)
    if end < 0 and len(head) >= MOST_OCTETS:
        raise Bad(431)
    return end >= 0


def parse(head: bytes, methods: tuple[str, ...] = METHODS) -> Request:
    """Read a whole head, or refuse it; with FORM_METHODS a POST may announce a body."""
    lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    method, target = _request_line(lines[0])
    if len(lines) - 1 > _MOST_FIELDS:
        raise Bad(431)
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name, value = name.lower(), value.strip("\t ")
        if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Bad(400)
        if name in fields and name in ("host", "content-length", "transfer-encoding"):
            raise Bad(400)
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    if "host" not in fields:
        raise Bad(400)
    if method not in methods:
        raise Bad(405)
    _check_body(fields, posted=method == "POST")
    path, _, query = target.partition("?")
    return Request(method, path, query, fields)


def _check_body(fields: dict[str, str], *, posted: bool) -> None:
    length = fields.get("content-length", "" if posted else "0")
    if "transfer-encoding" in fields or (posted and not length):
        raise Bad(411 if posted else 413)
    if not posted and length != "0":
        raise Bad(413)
    if not _LENGTH.fullmatch(length):
        raise Bad(400)


def _request_line(line: str) -> tuple[str, str]:
    parts = line.split(" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):
        raise Bad(400)
    if parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise Bad(505 if parts[2].startswith("HTTP/") else 400)
    return parts[0], parts[1]


def encode(answer: Answer, *, head_only: bool = False) -> bytes:
    """The answer's octets; what a field holds is checked once more, since a line feed in it would make another one."""
    reason = REASONS.get(answer.status, "Unknown")
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    for name, value in (*answer.fields, ("Content-Length", str(len(answer.body))), ("Connection", "close")):
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            return encode(Answer(500))
        lines.append(f"{name}: {value}")
    head = "\r\n".join((*lines, "", "")).encode("latin-1")
    return head if head_only else head + answer.body


def failure(status: int, said: str = "", *, methods: tuple[str, ...] = METHODS) -> Answer:
    """The answer to what is refused: its status in words, more if a person can act, and nothing of the request."""
    allow = (("Allow", ", ".join(methods)),) if status == 405 else ()
    plain = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"))
    return Answer(status, (*plain, ("Cache-Control", "no-store"), *allow), f"{REASONS[status]}\n{said}".encode())
