# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Patience with a token that is away: a few more tries, each after a longer pause, and then a refusal that says what
to do. A caller that stays, such as `device watch`, tries the whole thing again later.
"""

from time import sleep

from dotlocal.core.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSES = (0.1, 0.2, 0.4, 0.8, 1.6)  # a driver that loads late, a token just plugged in, a daemon that restarts


class Away(Exception):
    """The token did not answer, or not in a way that means anything for good; `str` says how, for people."""


def patiently(attempt: "Callable[[], bytes]", token: str, hint: str) -> bytes:
    """What `attempt` returns, tried again whenever it raises `Away`; in the end refused as `token-away`.

    `attempt` must connect anew each time. `token` names the token in the refusal. A `Refused` passes at once: what a
    token really refuses, such as a wrong PIN, must not be said to it twice.
    """
    for pause in _PAUSES:
        try:
            return attempt()
        except Away:
            sleep(pause)
    try:
        return attempt()
    except Away as away:
        raise Refused("token-away", f"{token} does not answer: {away}", hint=hint) from None
