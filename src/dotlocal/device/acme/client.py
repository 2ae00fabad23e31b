"""A conversation with one ACME server: its directory, its nonces, signed requests, and patience (RFC 8555 6 and 7.1).

Exchange, sleep and now come in as arguments. A nonce that is refused is answered with a new one, and a server that
asks to be left alone for some seconds is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dotlocal.core.errors import Refused
from dotlocal.device.acme import jws, problems
from dotlocal.device.acme.answer import Answer, text_in, url_in
from dotlocal.device.acme.transport import Exchange

if TYPE_CHECKING:
    from dotlocal.host.keys import SigningKey

_NONCE_TRIES = 25  # a server that refuses half of all nonces is met with luck of 1 in 30 million
_POLITE_SECONDS = 120  # a longer Retry-After ends this attempt; the schedule heeds it
_PATIENCE_SECONDS = 300  # for one object; Pebble and others take half a minute at random
_FIRST_POLL, _SLOWEST_POLL = 0.5, 10.0
_KIND = "application/jose+json"


class Client:
    """Speaks for one account key. `account` is the account's URL, once it is known."""

    def __init__(
        self, exchange: Exchange, directory: str, key: SigningKey, *, sleep: Callable[[float], None],
        now: Callable[[], int],
    ) -> None:  # fmt: skip
        """Fetches the directory; refuses what the transport does, and `acme-answer`."""
        self._exchange = exchange
        self._sleep = sleep
        self.now = now
        self.key = key
        self.account = ""
        self._nonce = ""
        answer = exchange("GET", directory)
        if not answer.fine:
            raise problems.refusal(answer, now())
        self._directory = answer.json()
        for needed in ("newNonce", "newAccount", "newOrder"):
            url_in(self._directory, needed, answer)
        self._told = answer

    def url(self, name: str) -> str:
        """The URL of a resource of the directory; refuses `acme-answer` where the server has none."""
        return url_in(self._directory, name, self._told)

    def offers(self, name: str) -> bool:
        """Whether the directory has the resource."""
        return bool(self._directory.get(name))

    @property
    def meta(self) -> dict[str, Any]:
        """What the directory says of the server itself."""
        meta = self._directory.get("meta")
        return meta if isinstance(meta, dict) else {}

    def get(self, url: str) -> Answer:
        """An unsigned request, for what is public; a refusal is raised."""
        answer = self._exchange("GET", url)
        if not answer.fine:
            raise problems.refusal(answer, self.now())
        return answer

    def fetch(self, url: str) -> Answer:
        """POST-as-GET (RFC 8555 6.3)."""
        return self.post(url, None)

    def post(self, url: str, payload: dict[str, Any] | None, *, by_key: bool = False) -> Answer:
        """A signed request, by the account or, `by_key`, by the key itself; the server's refusals are raised."""
        answer = self.attempt(url, payload, by_key=by_key)
        if not answer.fine:
            raise problems.refusal(answer, self.now())
        return answer

    def attempt(self, url: str, payload: dict[str, Any] | None, *, by_key: bool = False) -> Answer:
        """The same, with whatever the answer is, once the server has taken the nonce and the moment for good."""
        account = None if by_key else self.account
        waited = False
        for _ in range(_NONCE_TRIES):
            body = jws.signed(self.key, payload, url=url, nonce=self._take_nonce(), account=account)
            answer = self._exchange("POST", url, body, _KIND)
            self._nonce = answer.fields.get("replay-nonce", "")
            if not answer.fine and problems.type_of(answer) == problems.BAD_NONCE:
                continue
            wait = answer.retry_after(self.now())
            if answer.status in (429, 503) and wait is not None and wait <= _POLITE_SECONDS and not waited:
                waited = True
                self._sleep(max(wait, 1))
                continue
            break
        return answer

    def poll(self, url: str, unfinished: tuple[str, ...]) -> tuple[dict[str, Any], Answer]:
        """Fetch until the object's status is another than these (RFC 8555 7.5.1); refuses `acme-slow`."""
        pause, waited = _FIRST_POLL, 0.0
        while waited < _PATIENCE_SECONDS:
            answer = self.fetch(url)
            table = answer.json()
            if text_in(table, "status", answer) not in unfinished:
                return table, answer
            now = min(max(pause, answer.retry_after(self.now()) or 0), _POLITE_SECONDS)
            self._sleep(now)
            waited += now
            pause = min(pause * 1.5, _SLOWEST_POLL)
        raise Refused(
            "acme-slow", f"the ACME server is not done after {_PATIENCE_SECONDS} seconds",
            hint="it is tried again by itself", facts={"temporary": True},
        )  # fmt: skip

    def _take_nonce(self) -> str:
        nonce, self._nonce = self._nonce, ""
        if nonce:
            return nonce
        answer = self._exchange("HEAD", self.url("newNonce"))
        if not answer.fine:
            raise problems.refusal(answer, self.now())
        return text_in({"Replay-Nonce": answer.fields.get("replay-nonce")}, "Replay-Nonce", answer)
