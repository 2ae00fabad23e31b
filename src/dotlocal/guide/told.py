"""The form that instructions have in every language."""

from __future__ import annotations

from dataclasses import dataclass

# What the texts leave open, for `str.format`: the file's name, the root's common name, a name of the device, and what
# stands for the root where a program wants a short word for it.
FACTS = ("file", "root", "host", "alias")


@dataclass(frozen=True, slots=True)
class Told:
    """One platform's instructions in one language. Texts have the markup of `markup` and the FACTS in braces.

    A person does `fetch` (on a page with a button for the file) or `given` (the file came another way), then `install`,
    in which the fingerprint is compared, and then `check`. `remove` undoes it.
    """

    name: str  # of the platform
    covers: str  # the programs that are served by it
    fetch: str
    given: str
    install: tuple[str, ...]
    check: tuple[str, ...]
    remove: tuple[str, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()  # what does not work, whatever one does
