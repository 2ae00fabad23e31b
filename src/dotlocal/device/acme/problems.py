"""What an ACME server says when it refuses (RFC 8555 6.7, RFC 7807), as a refusal of ours with its own words. Pure.

Each row: the error type of the registry, our code, whether trying again can help, and what the reader can do.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.device.acme.answer import Answer, words

NAMESPACE = "urn:ietf:params:acme:error:"
BAD_NONCE = "badNonce"
NO_ACCOUNT = "accountDoesNotExist"
_MOST_SUBPROBLEMS = 20
_UNREACHED = "can the ACME server reach this device, by this name or address, on the port of the challenge?"

_Row = tuple[str, bool, str]
# RFC 8555 6.7, RFC 8738 6, RFC 9773 7.2: type → code, temporary, hint
_ROWS: dict[str, _Row] = {
    "accountDoesNotExist": ("acme-account", False, "the account is made anew at the next attempt"),
    "alreadyReplaced": ("acme-refused", True, ""),
    "badCSR": ("acme-request", False, "the CA's own rules refuse the request; its administrator knows them"),
    "badNonce": ("acme-nonce", True, "the server, or what stands in front of it, forgets its nonces"),
    "badPublicKey": ("acme-request", False, "the CA accepts no P-256 keys; ask its administrator"),
    "badSignatureAlgorithm": ("acme-request", False, "the CA accepts no ES256; ask its administrator"),
    "caa": ("acme-name-refused", False, "a CAA record forbids this CA; the administrator of the zone can add it"),
    "connection": ("acme-challenge", True, _UNREACHED),
    "dns": ("acme-challenge", True, "does the ACME server's name server know this name?"),
    "externalAccountRequired": ("acme-eab-required", False, "get --eab-kid and --eab-key-file from the CA"),
    "incorrectResponse": ("acme-challenge", True, "somebody else answers at this name or address"),
    "invalidContact": ("acme-contact", False, "give another --contact, as in admin@example.com"),
    "malformed": ("acme-refused", False, "the server doesn't like the request; its log may say more"),
    "orderNotReady": ("acme-refused", True, ""),
    "rateLimited": ("acme-rate-limited", True, "the server limits how often it is asked; it is tried again later"),
    "rejectedIdentifier": ("acme-name-refused", False, "this CA does not certify this name or address"),
    "serverInternal": ("acme-server", True, "the server has a problem of its own; its log may say more"),
    "tls": ("acme-challenge", True, "the ACME server reaches a TLS server that is not this device's, or a proxy"),
    "unauthorized": ("acme-unauthorized", True, "is the name or address this device's, as the ACME server sees it?"),
    "unsupportedContact": ("acme-contact", False, "give another --contact, as in admin@example.com"),
    "unsupportedIdentifier": ("acme-name-refused", False, "this CA does not certify this kind of name or address"),
    "userActionRequired": ("acme-user-action", False, "somebody must visit the page that it names"),
}  # fmt: skip


def type_of(answer: Answer) -> str:
    """The error's type without its namespace, or nothing where it is none of ACME's."""
    try:
        return _type(answer.json())
    except Refused:
        return ""


def refusal(answer: Answer, now: int) -> Refused:
    """The refusal that an unsuccessful answer stands for; `facts` has `temporary`, and `retry_after` if it was said."""
    try:
        table = answer.json()
    except Refused as odd:
        table = {"detail": f"status {answer.status}; {odd.message}" if answer.body else ""}
    if not any(isinstance(table.get(key), str) and table[key] for key in ("detail", "title", "type")):
        table = {**table, "detail": f"status {answer.status} without a reason"}
    made = of(table, answer) if answer.status != HTTPStatus.NOT_IMPLEMENTED else _not_implemented(table)
    if (wait := answer.retry_after(now)) is not None:
        made.facts["retry_after"] = wait
    made.facts["temporary"] = made.facts["temporary"] or answer.status in (429, 503)
    return made


def of(table: Mapping[str, Any], answer: Answer) -> Refused:
    """The refusal for a problem document, from an answer's body or from inside an order or a challenge."""
    code, temporary, hint = _ROWS.get(_type(table), ("acme-refused", True, "the server's log may say more"))
    said = [_said(table)]
    subproblems = table.get("subproblems")
    if isinstance(subproblems, list):
        said += [_said(each) for each in subproblems[:_MOST_SUBPROBLEMS] if isinstance(each, dict)]
    if code == "acme-user-action" and (page := next(answer.links("terms-of-service"), table.get("instance"))):
        said.append(words(str(page)))
    return Refused(code, f"the ACME server says: {words('; '.join(said))}", hint=hint, facts={"temporary": temporary})


def _not_implemented(table: Mapping[str, Any]) -> Refused:
    # Caddy's types such an answer as `unsupportedIdentifier`, which is another matter
    return Refused(
        "acme-not-implemented", f"the ACME server says: {_said(table)}", hint="go on without; it has no such thing",
        facts={"temporary": False},
    )  # fmt: skip


def _said(table: Mapping[str, Any]) -> str:
    detail = words(str(table.get("detail") or table.get("title") or _type(table) or "nothing"))
    identifier = table.get("identifier")
    value = words(str(identifier.get("value")), 80) if isinstance(identifier, dict) else ""
    return f"{value}: {detail}" if value else detail


def _type(table: Mapping[str, Any]) -> str:
    kind = table.get("type")
    return kind.removeprefix(NAMESPACE) if isinstance(kind, str) and kind.startswith(NAMESPACE) else ""
