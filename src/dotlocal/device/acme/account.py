"""The account at an ACME server (RFC 8555 7.3): made, found again, moved to a new key, told of contacts, ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dotlocal.core.errors import Refused
from dotlocal.device.acme import jws, problems
from dotlocal.device.acme.answer import words
from dotlocal.device.acme.client import Client

if TYPE_CHECKING:
    from dotlocal.host.keys import SigningKey

_ABSENT = (404, 405, 501)


@dataclass(frozen=True, slots=True)
class Application:
    """What a new account is asked for with. `contact` are mailto: URLs; `mac_key` is the external account's."""

    contact: tuple[str, ...] = ()
    terms_agreed: bool = False
    kid: str = ""
    mac_key: bytes = b""


def open_account(client: Client, wanted: Application) -> str:
    """The URL of the key's account, which is made where there is none yet, and told of other contacts if need be.

    Refuses `acme-terms` and `acme-eab-required` before the server has to, and what the server refuses.
    """
    url = client.url("newAccount")
    found = find(client)
    if found:
        return found
    _check_terms(client, wanted)
    payload: dict[str, Any] = {"contact": list(wanted.contact)} if wanted.contact else {}
    if wanted.terms_agreed:
        payload["termsOfServiceAgreed"] = True
    if wanted.kid:
        payload["externalAccountBinding"] = jws.external_binding(
            client.key, kid=wanted.kid, mac_key=wanted.mac_key, url=url
        )
    elif client.meta.get("externalAccountRequired") is True:
        raise Refused(
            "acme-eab-required", "the ACME server wants new accounts to be bound to one that it knows",
            hint="get a key identifier and a key from the CA: --eab-kid, --eab-key-file",
        )  # fmt: skip
    client.account = client.post(url, payload, by_key=True).location()
    return client.account


def find(client: Client) -> str:
    """The URL of the key's account (RFC 8555 7.3.1), or nothing; refuses `acme-account-ended`."""
    url = client.url("newAccount")
    answer = client.attempt(url, {"onlyReturnExisting": True}, by_key=True)
    if answer.fine:
        if answer.body and answer.json().get("status") in ("deactivated", "revoked"):
            raise _ended()
        client.account = answer.location()
        return client.account
    refused = problems.refusal(answer, client.now())
    if problems.type_of(answer) == problems.NO_ACCOUNT or answer.status == 404:
        return ""
    if problems.type_of(answer) == "unauthorized":
        raise _ended()
    raise refused


def tell_contact(client: Client, contact: tuple[str, ...]) -> None:
    """Replace the account's contacts (RFC 8555 7.3.2)."""
    client.post(client.account, {"contact": list(contact)})


def roll_over(client: Client, new: SigningKey) -> None:
    """Move the account to a new key (RFC 8555 7.3.5), which the client then signs with. Refuses
    `acme-not-implemented`, and what the server refuses.
    """
    url = client.url("keyChange")
    answer = client.attempt(url, jws.key_change(client.key, new, account=client.account, url=url))
    if answer.status in _ABSENT:  # OpenBao lists it, and has nothing there
        raise Refused(
            "acme-not-implemented", "the ACME server has no way to change an account's key",
            hint="go on with the key that it has; its administrator can end the account",
        )  # fmt: skip
    if not answer.fine:
        raise problems.refusal(answer, client.now())
    client.key = new


def end(client: Client) -> None:
    """Deactivate the account (RFC 8555 7.3.6); there is no way back."""
    client.post(client.account, {"status": "deactivated"})


def _check_terms(client: Client, wanted: Application) -> None:
    terms = client.meta.get("termsOfService")
    if isinstance(terms, str) and terms and not wanted.terms_agreed:
        raise Refused(
            "acme-terms", f"the ACME server has terms of service: {words(terms)}",
            hint="read them, and give --agree-terms if you agree",
        )  # fmt: skip


def _ended() -> Refused:
    return Refused(
        "acme-account-ended", "the account at the ACME server was ended",
        hint="`dotlocal device own acme --deactivate` forgets it here as well; then set it up again",
    )  # fmt: skip
