"""What every kind of trust store is to the rest: it holds roots, takes one, gives it back, and can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.witness import Verdict, Witness


@dataclass(frozen=True, slots=True)
class Holding:
    """How a store holds a root: entries under our name, the same root entered by somebody else, and whether it counts.

    `trusted` is what the store's programs go by; a root can be held and not be trusted.
    """

    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    trusted: bool = False

    @property
    def held(self) -> bool:
        """Whether it is there at all."""
        return bool(self.ours or self.others)


class Store(Protocol):
    """One store at one place. All but `by_hand` may refuse, and then have changed nothing."""

    @property
    def kind(self) -> str:
        """Its kind, as `--store` names it."""

    @property
    def place(self) -> str:
        """Where it is, for a person."""

    @property
    def everybody(self) -> bool:
        """Whether it is the store of everybody on this computer, and not of one person."""

    @property
    def needs_root(self) -> bool:
        """Whether it takes rights that this person does not have."""

    @property
    def idle(self) -> str:
        """Why no program looks at this one at present; empty when one does."""

    @property
    def afterwards(self) -> str:
        """What a person still has to do once the root is in it; usually nothing."""

    def holds(self, anchor: Anchor) -> Holding:
        """Look whether the root is in it."""

    def install(self, anchor: Anchor) -> None:
        """Put it in, under our name; afterwards it is trusted, or nothing has changed."""

    def remove(self, anchor: Anchor, *, others: bool) -> None:
        """Take our entries out, and with `others` everybody's."""

    def certificates(self) -> Iterator[bytes]:
        """All certificates in it, as DER."""

    def by_hand(self, anchor: Anchor, file: str) -> Sequence[str]:
        """The commands or steps that put in the root from a file."""

    def by_hand_removal(self, anchor: Anchor, names: Sequence[str] = ()) -> Sequence[str]:
        """The commands or steps that take out these entries, or the one that `install` makes."""

    def ask(self, witness: Witness) -> Sequence[Verdict]:
        """Let the programs that use this store connect to a device; none when there is none to be asked."""
