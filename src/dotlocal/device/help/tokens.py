"""Proofs of trust: each is handed out over a connection that the browser trusted, and is good once, for a minute."""

from __future__ import annotations

from collections.abc import Callable

_SECONDS = 60.0
_MOST = 256  # at once: strangers can ask for as many as they like


class Tokens:
    """Those that are out. `random` gives 16 octets, `clock` monotonic seconds."""

    __slots__ = ("_clock", "_out", "_random")

    def __init__(self, random: Callable[[], bytes], clock: Callable[[], float]) -> None:
        self._random = random
        self._clock = clock
        self._out: dict[str, float] = {}

    def new(self) -> str:
        """One more: 32 hexadecimal digits. The oldest makes room for it."""
        while len(self._out) >= _MOST:
            del self._out[next(iter(self._out))]
        token = self._random().hex()
        self._out[token] = self._clock() + _SECONDS
        return token

    def spend(self, token: str) -> bool:
        """Whether it is one of ours, in time and for the first time."""
        return self._out.pop(token, 0.0) > self._clock()
