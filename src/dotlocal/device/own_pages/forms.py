"""Forms as browsers send them: urlencoded, and multipart (RFC 7578) for files. Pure, bounded, and strict.

Written for the one kind of client that it is for: what a browser never sends is refused, not interpreted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

MOST_PARTS = 40
_MOST_HEAD = 1024
_LONGEST_TEXT = 20_000  # of a field that is no file
_TYPE = re.compile(r'multipart/form-data;\s*boundary=("?)([0-9A-Za-z\'()+_,./:=?-]{1,70})\1', re.I)
# browsers write %22 for a quote and %0D%0A for a line's end within a name (HTML, multipart/form-data encoding)
_DISPOSITION = re.compile(r'form-data; name="([^"\r\n]{1,64})"(?:; filename="([^"\r\n]{0,255})")?', re.I)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\U0010ffff]")


class BadForm(Exception):
    """What no browser sends."""


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file: its name, fit for a message, and its contents."""

    name: str
    contents: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """Texts and files by the name of their field. Line ends are \\n, and nothing else is changed."""

    texts: dict[str, str] = field(default_factory=dict, repr=False)
    files: dict[str, list[File]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text, or nothing."""
        return self.texts.get(name, "")

    def lines(self, name: str) -> list[str]:
        """The words of a text area: one a line, or with blanks or commas between."""
        return self.text(name).replace(",", " ").split()

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.texts.get(name) == "on"


def parse(content_type: str, body: bytes) -> Form:
    """Read a form, or raise BadForm."""
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        return _urlencoded(body)
    found = _TYPE.fullmatch(content_type.strip())
    if not found:
        raise BadForm("no form")
    return _multipart(body, found[2].encode("ascii"))


def _urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_PARTS,
            errors="strict",
        )  # fmt: skip
    except ValueError:
        raise BadForm("not urlencoded") from None
    form = Form()
    for name, value in pairs:
        _add_text(form, name, value)
    return form


def _multipart(body: bytes, boundary: bytes) -> Form:
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(delimiter, MOST_PARTS + 2)
    if len(pieces) > MOST_PARTS + 2 or len(pieces) < 2:
        raise BadForm("too many parts, or none")
    first, *parts, last = pieces
    if first or last not in (b"--", b"--\r\n"):
        raise BadForm("it does not begin or end as it should")
    form = Form()
    for part in parts:
        _add_part(form, part)
    return form


def _add_part(form: Form, part: bytes) -> None:
    head, blank, contents = part.partition(b"\r\n\r\n")
    if not part.startswith(b"\r\n") or not blank or len(head) > _MOST_HEAD:
        raise BadForm("a part without its head")
    try:
        lines = head[2:].decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise BadForm("a head that is no text") from None
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if len(fields) != len(lines) or not fields.keys() <= {"content-disposition", "content-type"}:
        raise BadForm("a head that no browser writes")
    found = _DISPOSITION.fullmatch(fields.get("content-disposition", ""))
    if not found:
        raise BadForm("a part without a name")
    name, filename = found[1], found[2]
    if filename is None:
        try:
            _add_text(form, name, contents.decode("utf-8"))
        except UnicodeDecodeError:
            raise BadForm("a text that is none") from None
    elif filename or contents:  # a browser sends an empty part where no file was chosen
        form.files.setdefault(name, []).append(File(_short(filename), contents))


def _add_text(form: Form, name: str, value: str) -> None:
    if name in form.texts or len(value) > _LONGEST_TEXT or "\0" in value:
        raise BadForm("a field twice, or too long")
    form.texts[name] = value.replace("\r\n", "\n")


def _short(filename: str) -> str:
    """A name for messages: no folders, nothing that can't be seen."""
    last = filename.replace("\\", "/").rpartition("/")[2].replace("%22", '"')
    return _UNPRINTABLE.sub("·", last)[:80] or "upload"
