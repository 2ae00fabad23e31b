"""One answer of an ACME server, as a value that is read with care: the server may be anything. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from dotlocal.core.errors import Refused

MOST_WORDS = 300  # of what a server says, in what we say
_MOST_URL = 2048
_LINK = re.compile(r'<([^<>"]{1,2048})>\s*((?:;\s*[a-zA-Z0-9*-]+\s*=\s*(?:"[^"]*"|[^",;\s]+)\s*)*)')
_RELATION = re.compile(r';\s*rel\s*=\s*"?([^",;]+)"?', re.I)
_URL = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header fields by their lower-case names, and the whole body, of the request to `url`."""

    url: str
    status: int
    fields: Mapping[str, str]
    body: bytes

    @property
    def fine(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def kind(self) -> str:
        """The media type, without parameters."""
        return self.fields.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; refuses `acme-answer`."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise self.odd(f"no JSON but {words(self.body.decode('latin-1')) or 'nothing'}") from None
        if not isinstance(value, dict):
            raise self.odd(f"a JSON {type(value).__name__}, where an object is expected")
        return value

    def retry_after(self, now: int) -> int | None:
        """Seconds that the server wants to be left alone (RFC 9110 10.2.3), never negative; None when it says none."""
        text = self.fields.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return int(text[:9])
        try:
            return max(int(parsedate_to_datetime(text).timestamp()) - now, 0)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None

    def links(self, relation: str) -> Iterator[str]:
        """The URLs of the header field Link with this relation (RFC 8288), absolute."""
        for target, parameters in _LINK.findall(self.fields.get("link", "")):
            if any(relation in each.split() for each in _RELATION.findall(parameters)):
                yield urljoin(self.url, target)

    def location(self) -> str:
        """The URL of what was made; refuses `acme-answer`."""
        return url_in({"Location": urljoin(self.url, self.fields.get("location", "?"))}, "Location", self)

    def odd(self, what: str) -> Refused:
        """That this answer isn't what RFC 8555 says."""
        return Refused(
            "acme-answer", f"{words(self.url)} answers with {what}",
            hint="is this the directory URL of an ACME server?", facts={"temporary": True},
        )  # fmt: skip


def text_in(table: Mapping[str, Any], key: str, answer: Answer) -> str:
    """A member that must be a short string; refuses `acme-answer`."""
    value = table.get(key)
    if not isinstance(value, str) or not value or len(value) > _MOST_URL:
        raise answer.odd(f"no usable {key!r}")
    return value


def url_in(table: Mapping[str, Any], key: str, answer: Answer) -> str:
    """A member that must be an HTTPS URL; refuses `acme-answer`."""
    value = text_in(table, key, answer)
    if not is_https(value):
        raise answer.odd(f"{key!r} {words(value)!r}, which is no https URL")
    return value


def list_in(table: Mapping[str, Any], key: str, answer: Answer, most: int) -> list[Any]:
    """A member that must be a list of so many at most; refuses `acme-answer`."""
    value = table.get(key)
    if not isinstance(value, list) or len(value) > most:
        raise answer.odd(f"no usable list of {key!r}")
    return value


def is_https(url: str) -> bool:
    """Whether this is an absolute HTTPS URL with nothing odd in it."""
    try:
        parts = urlsplit(url)
        return bool(
            parts.scheme == "https" and parts.hostname and parts.port != 0 and not parts.username
            and len(url) <= _MOST_URL and _URL.fullmatch(url)
        )  # fmt: skip
    except ValueError:
        return False


def words(text: str, most: int = MOST_WORDS) -> str:
    """What a server says, fit to be shown: one line, printable, not too long."""
    clean = " ".join("".join(each if each.isprintable() else " " for each in text[: most * 4]).split())
    return clean if len(clean) <= most else clean[: most - 1] + "…"
