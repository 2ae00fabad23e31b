"""What the customer wants of an ACME server: checked where it comes in, kept in the state as JSON."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName, unusable
from dotlocal.device.acme import jws
from dotlocal.device.acme.answer import is_https, words
from dotlocal.device.acme.challenge import HTTP_01, KINDS, TLS_ALPN_01, Identifier
from dotlocal.device.acme.transport import context
from dotlocal.device.owned.switching import MOST_MINUTES

_MOST_IDENTIFIERS = 100
_MOST_TEXT = 400
_DEFAULT_PORTS = {HTTP_01: 80, TLS_ALPN_01: 443}


@dataclass(frozen=True, slots=True)
class AcmeSettings:
    """A value that exists is valid. `roots` is PEM text, or `transport.SYSTEM`; `listen` is where the challenge is
    answered, host and port. `contact` are mailto: URLs; `preferred_root` chooses among alternate chains. A first
    certificate is on probation for `minutes`, or confirmed in advance.
    """

    directory: str
    names: tuple[HostName, ...]
    addresses: tuple[Address, ...]
    roots: str
    challenge: str = HTTP_01
    webroot: str = ""
    hook: tuple[str, ...] = ()
    listen: tuple[str, int] = ("", 80)
    contact: tuple[str, ...] = ()
    kid: str = ""
    terms_agreed: bool = False
    preferred_root: str = ""
    confirm: bool = False
    minutes: int = 10

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Names first, then addresses."""
        return (*self.names, *self.addresses)

    def dump(self) -> str:
        """As JSON; `load` reads it."""
        table = asdict(self)
        table |= {"names": [each.text for each in self.names], "addresses": [each.text for each in self.addresses]}
        table["hook"] = shlex.join(self.hook)
        table["listen"] = f"[{self.listen[0]}]:{self.listen[1]}" if self.listen[0] else f":{self.listen[1]}"
        return json.dumps(table, indent=1) + "\n"


def load(text: str) -> AcmeSettings:
    """What `dump` wrote; refuses `acme-settings-damaged`."""
    try:
        table = json.loads(text)
        if not isinstance(table, dict):
            raise ValueError("no JSON object")
        return parse(table)
    except (Refused, ValueError, TypeError, RecursionError) as error:
        raise Refused(
            "acme-settings-damaged", f"the ACME settings in the state can't be read: {words(str(error))}",
            hint="set it up again: `dotlocal device own acme --directory URL …`",
        ) from None  # fmt: skip


def parse(table: Mapping[str, Any]) -> AcmeSettings:
    """Settings from plain values, as a person or a page gives them: texts, lists of texts, flags.

    Refuses `acme-url`, `acme-no-root`, `acme-root`, `acme-no-name`, `acme-challenge-choice`, `acme-listen`,
    `acme-contact`, `acme-text`, and what names and addresses are refused for.
    """
    directory = _directory(_text(table, "directory"))
    challenge = _text(table, "challenge") or HTTP_01
    if challenge not in KINDS:
        raise Refused("acme-challenge-choice", f"there is no challenge {challenge!r} here", hint=f"choose {_or(KINDS)}")
    webroot, hook = _text(table, "webroot"), tuple(_split(_text(table, "hook")))
    if (webroot or hook) and (challenge != HTTP_01 or (webroot and hook)):
        raise Refused(
            "acme-challenge-choice", "a webroot and a hook are two ways to answer http-01",
            hint="give one of --webroot and --hook, and no other challenge",
        )  # fmt: skip
    if webroot and not os.path.isabs(webroot):
        raise Refused("acme-challenge-choice", f"the webroot {webroot!r} is no absolute path", hint="it starts with /")
    names = tuple(dict.fromkeys(HostName.parse(each) for each in _texts(table, "names")))
    addresses = tuple(dict.fromkeys(_address(each) for each in _texts(table, "addresses")))
    if not 0 < len(names) + len(addresses) <= _MOST_IDENTIFIERS:
        raise Refused(
            "acme-no-name", f"{len(names) + len(addresses)} names and addresses; it can be 1 to {_MOST_IDENTIFIERS}",
            hint="--name NAME and --address ADDRESS say what browsers call this device",
        )  # fmt: skip
    return AcmeSettings(
        directory=directory, names=names, addresses=addresses, roots=_roots(table),
        challenge=challenge, webroot=webroot, hook=hook, listen=_listen(_text(table, "listen"), challenge),
        contact=tuple(_contact(each) for each in _texts(table, "contact")), kid=_text(table, "kid"),
        terms_agreed=table.get("terms_agreed") is True, preferred_root=_text(table, "preferred_root"),
        confirm=table.get("confirm") is True, minutes=_minutes(table.get("minutes", 10)),
    )  # fmt: skip


def mac_key(kid: str, text: str) -> bytes:
    """The external account's key, or nothing where there is no such account; refuses `acme-eab-key`."""
    if bool(kid) != bool(text):
        raise Refused(
            "acme-eab-key", "an external account has a key identifier and a key; only one of them was given",
            hint="give both: --eab-kid, --eab-key-file",
        )  # fmt: skip
    return jws.parse_mac_key(text) if text else b""


def _minutes(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MOST_MINUTES:
        raise Refused("own-minutes", f"a probation of {value} minutes; it can be 1 to {MOST_MINUTES}")
    return value


def _directory(url: str) -> str:
    if not is_https(url):
        raise Refused(
            "acme-url", f"{words(url) or 'nothing'!r} is no https URL of an ACME server's directory",
            hint="as in https://ca.example.com/acme/directory (RFC 8555 6.1 wants HTTPS)",
        )  # fmt: skip
    return url


def _roots(table: Mapping[str, Any]) -> str:
    roots = table.get("roots")
    if not isinstance(roots, str) or not roots:
        raise Refused(
            "acme-no-root", "nothing says which root the ACME server's own certificate must come from",
            hint="--ca-file ROOT.pem pins it; --system-roots trusts those of this device's operating system",
        )  # fmt: skip
    context(roots)
    return roots


def _address(text: str) -> Address:
    address = Address.parse(text)
    if reason := unusable(address):
        raise Refused(reason[0], f"{address} {reason[1]}")
    return address


def _listen(text: str, challenge: str) -> tuple[str, int]:
    host, _, port = (text or f":{_DEFAULT_PORTS[challenge]}").rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) <= 65535:
        raise Refused("acme-listen", f"{text!r} is not HOST:PORT", hint="as in :80, 10.0.0.7:8080 or [fd00::7]:80")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _contact(text: str) -> str:
    address = text.removeprefix("mailto:")
    if address.count("@") != 1 or not address.isascii() or not address.isprintable() or set(address) & set(" ,?"):
        raise Refused("acme-contact", f"{words(text)!r} is no e-mail address", hint="as in admin@example.com")
    return f"mailto:{address}"


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Refused("acme-text", f"the hook {text!r} can't be read: {error}", hint="quote its words") from None


def _texts(table: Mapping[str, Any], key: str) -> Sequence[str]:
    values = table.get(key) or ()
    if isinstance(values, str) or not all(isinstance(each, str) for each in values):
        raise Refused("acme-text", f"{key} must be a list of texts", hint="look at the value")
    return [_short(key, each) for each in values]


def _text(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key) or ""
    if not isinstance(value, str):
        raise Refused("acme-text", f"{key} must be a text", hint="look at the value")
    return _short(key, value)


def _short(key: str, value: str) -> str:
    if len(value) > _MOST_TEXT or not value.isprintable():
        raise Refused("acme-text", f"{key} is too long, or has characters that can't be printed")
    return value


def _or(words_: Sequence[str]) -> str:
    return " or ".join(words_)
