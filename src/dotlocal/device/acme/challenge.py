"""Proving that a name or an address is this device's (RFC 8555 8): what is pending, and who answers for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.device.acme.answer import Answer, list_in, text_in, url_in, words

HTTP_01 = "http-01"  # RFC 8555 8.3
TLS_ALPN_01 = "tls-alpn-01"  # RFC 8737
KINDS = (HTTP_01, TLS_ALPN_01)
_MOST_CHALLENGES = 20
_SHORTEST_TOKEN, _LONGEST_TOKEN = 16, 256  # RFC 8555 8.3: 128 bits of entropy; it becomes a file's name
_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")

Identifier = HostName | Address


@dataclass(frozen=True, slots=True)
class Pending:
    """One challenge that waits for us: for whom, its URL, and what the device must answer."""

    identifier: Identifier
    kind: str
    url: str
    token: str
    key_authorization: str


class Responder(Protocol):
    """Answers challenges of one kind. While its context is open, the device answers."""

    @property
    def kind(self) -> str:
        """One of KINDS."""

    def answering(self, pending: Sequence[Pending]) -> AbstractContextManager[None]:
        """Refuses, on entering, what keeps this device from answering."""


def identifier_object(identifier: Identifier) -> dict[str, str]:
    """As orders name it: RFC 8555 7.1.3, RFC 8738 3."""
    return {"type": identifier.kind, "value": identifier.text}


def choose(table: Mapping[str, Any], kind: str, who: str, answer: Answer) -> tuple[str, str]:
    """URL and token of the authorization's challenge of this kind; refuses `acme-challenge-not-offered`.

    A token is checked to be one (RFC 8555 8.1), since it goes into a URL and becomes the name of a file.
    """
    offered = [each for each in list_in(table, "challenges", answer, _MOST_CHALLENGES) if isinstance(each, dict)]
    for each in offered:
        if each.get("type") == kind:
            token = text_in(each, "token", answer)
            if not _SHORTEST_TOKEN <= len(token) <= _LONGEST_TOKEN or not _TOKEN.issuperset(token):
                raise answer.odd(f"a token that is none: {words(token, 40)!r}")
            return url_in(each, "url", answer), token
    kinds = ", ".join(sorted({words(str(each.get("type")), 40) for each in offered})) or "nothing"
    raise Refused(
        "acme-challenge-not-offered", f"for {who} the ACME server offers {kinds}, and not {kind}",
        hint="choose another with --challenge, or ask the server's administrator for this one",
    )  # fmt: skip
