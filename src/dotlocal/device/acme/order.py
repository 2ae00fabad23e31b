"""One order, from names and addresses to a chain (RFC 8555 7.4, RFC 8738 for addresses).

1. order    2. choose a challenge for each authorization that isn't valid yet    3. answer them, tell the server, wait
4. finalize with the request    5. wait, download the chain, and the alternate ones where a root is preferred
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.device.acme import chain, jws, problems
from dotlocal.device.acme.answer import Answer, list_in, text_in, url_in
from dotlocal.device.acme.challenge import Identifier, Pending, Responder, choose, identifier_object
from dotlocal.device.acme.client import Client

_MOST_AUTHORIZATIONS = 100
_UNFINISHED = ("pending", "processing")


def obtain(
    client: Client, identifiers: Sequence[Identifier], request: bytes, responder: Responder, *,
    preferred_root: str = "", replaces: str = "",
) -> chain.Chain:  # fmt: skip
    """The chain for a PKCS#10 request (DER) that names just these identifiers.

    `replaces` tells a server with renewal information which certificate this one follows. Refuses what the server, the
    transport or the responder do; everything that failed at the identifiers is told at once.
    """
    order, answer = _new(client, identifiers, replaces)
    url = answer.location()
    pending = _pending(client, order, answer, responder.kind)
    if pending:
        with responder.answering(pending):
            for each in pending:
                client.post(each.url, {})
            _await_authorizations(client, order, answer)
    if pending or order.get("status") == "processing":  # an order of before, which servers may hand out again
        order, answer = client.poll(url, _UNFINISHED if not pending else ("pending",))
    status = text_in(order, "status", answer)
    if status in ("ready", "pending"):  # pending: all authorizations were valid before, and the server is slow to tell
        order, answer = _finalize(client, order, answer, url, request)
        status = text_in(order, "status", answer)
    if status != "valid":
        raise _failed(order, answer, f"the order is {status}")
    return _download(client, url_in(order, "certificate", answer), preferred_root)


def _new(client: Client, identifiers: Sequence[Identifier], replaces: str) -> tuple[dict[str, Any], Answer]:
    url = client.url("newOrder")
    wanted: dict[str, Any] = {"identifiers": [identifier_object(each) for each in identifiers]}
    answer = client.attempt(url, {**wanted, "replaces": replaces} if replaces else wanted)
    if replaces and not answer.fine and answer.status not in (429, 503):
        # somebody has replaced it already, or the CA has lost it: that must not keep a device from its certificate
        answer = client.attempt(url, wanted)
    if not answer.fine:
        raise problems.refusal(answer, client.now())
    return answer.json(), answer


def _authorizations(order: dict[str, Any], answer: Answer) -> list[str]:
    urls = list_in(order, "authorizations", answer, _MOST_AUTHORIZATIONS)
    return [url_in({"authorizations": url}, "authorizations", answer) for url in urls]


def _pending(client: Client, order: dict[str, Any], answer: Answer, kind: str) -> list[Pending]:
    found = []
    for url in _authorizations(order, answer):
        told = client.fetch(url)
        authorization = told.json()
        if text_in(authorization, "status", told) != "pending":
            continue  # valid from before; one that is invalid is told by the order
        identifier = _identifier(authorization, told)
        where, token = choose(authorization, kind, identifier.text, told)
        found.append(Pending(identifier, kind, where, token, jws.key_authorization(token, client.key)))
    return found


def _identifier(authorization: dict[str, Any], answer: Answer) -> Identifier:
    table = authorization.get("identifier")
    if not isinstance(table, dict):
        raise answer.odd("an authorization for nobody")
    value = text_in(table, "value", answer)
    return Address.parse(value) if table.get("type") == Address.kind else HostName.parse(value)


def _await_authorizations(client: Client, order: dict[str, Any], answer: Answer) -> None:
    failures = []
    for url in _authorizations(order, answer):
        authorization, told = client.poll(url, _UNFINISHED)
        if text_in(authorization, "status", told) != "valid":
            failures.append(_challenge_failure(authorization, told))
    if failures:
        first = failures[0]
        raise Refused(
            first.code, "; ".join(each.message for each in failures), hint=first.hint, facts={"temporary": True}
        )  # fmt: skip


def _challenge_failure(authorization: dict[str, Any], answer: Answer) -> Refused:
    who = _identifier(authorization, answer).text
    challenges = authorization.get("challenges")
    for each in challenges if isinstance(challenges, list) else ():
        if isinstance(each, dict) and isinstance(each.get("error"), dict):
            refused = problems.of(each["error"], answer)
            return Refused(refused.code, f"{who}: {refused.message}", hint=refused.hint)
    status = text_in(authorization, "status", answer)
    return Refused("acme-challenge", f"{who}: the authorization is {status}", hint="the server's log may say more")


def _finalize(
    client: Client, order: dict[str, Any], answer: Answer, url: str, request: bytes
) -> tuple[dict[str, Any], Answer]:
    told = client.attempt(url_in(order, "finalize", answer), {"csr": jws.base64url(request)})
    if not told.fine and problems.type_of(told) == "orderNotReady":
        client.poll(url, ("pending",))
        told = client.attempt(url_in(order, "finalize", answer), {"csr": jws.base64url(request)})
    if not told.fine:
        raise problems.refusal(told, client.now())
    return client.poll(url, ("ready", "processing"))


def _failed(order: dict[str, Any], answer: Answer, otherwise: str) -> Refused:
    error = order.get("error")
    if isinstance(error, dict):
        return problems.of(error, answer)
    return Refused("acme-refused", otherwise, hint="the server's log may say more", facts={"temporary": True})


def _download(client: Client, url: str, preferred_root: str) -> chain.Chain:
    answer = client.fetch(url)
    first = chain.parse(answer)
    if not preferred_root or first.comes_from(preferred_root):
        return first
    for other in list(answer.links("alternate"))[: chain.MOST_ALTERNATES]:
        found = chain.parse(client.fetch(other))
        if found.comes_from(preferred_root):
            return found
    return first
