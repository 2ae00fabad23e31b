"""All stores of a computer, in the order in which they are worked through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import chromium, firefox, java, macos, system, windows
from dotlocal.browser.stores.store import Store
from dotlocal.core.errors import Refused

# `--store` takes these; `system` is whichever of the operating systems' it is
KINDS = ("system", "chromium", "firefox", "java")
USER_KINDS = ("chromium", "firefox")


@dataclass(frozen=True, slots=True)
class Found:
    """The stores, what kept others from being found, and browsers that have or heed none: (kind, reason)."""

    stores: tuple[Store, ...]
    troubles: tuple[tuple[str, Refused], ...] = ()
    missing: tuple[tuple[str, Refused], ...] = ()


def find(
    machine: Machine, kinds: Sequence[str] = (), *, user_only: bool = False, java_password: str = java.PASSWORD
) -> Found:
    """The stores of these kinds, or of all. The system's comes first, since hooks of Java follow it."""
    wanted = kinds or KINDS
    stores: list[Store] = []
    troubles: list[tuple[str, Refused]] = []
    if "system" in wanted:
        stores += [*system.find(machine), *macos.find(machine), *windows.find(machine)]
    if machine.system.startswith("linux"):
        _browsers(machine, wanted, stores, troubles, asked_for="chromium" in kinds)
    if "java" in wanted:
        stores += java.find(machine, java_password)
        troubles += [(java.KIND, refused) for refused in java.left_alone(machine)]
    if user_only:
        stores = [store for store in stores if not store.everybody]
    return Found(tuple(stores), tuple(troubles), tuple(_missing(machine, stores, troubles, wanted)))


def _missing(
    machine: Machine, stores: Sequence[Store], troubles: Sequence[tuple[str, Refused]], wanted: Sequence[str]
) -> Iterator[tuple[str, Refused]]:
    if "firefox" in wanted and not _has(stores, troubles, firefox.KIND) and (none := firefox.missing(machine)):
        yield firefox.KIND, none
    if _has(stores, (), chromium.KIND) and (off := chromium.switched_off(machine)):
        yield chromium.KIND, off


def _has(stores: Sequence[Store], troubles: Sequence[tuple[str, Refused]], kind: str) -> bool:
    return any(store.kind == kind for store in stores) or any(each == kind for each, _ in troubles)


def _browsers(
    machine: Machine,
    wanted: Sequence[str],
    stores: list[Store],
    troubles: list[tuple[str, Refused]],
    *,
    asked_for: bool,
) -> None:
    if machine.home_is_another_persons:
        kinds = [kind for kind in USER_KINDS if kind in wanted]
        troubles += [(kind, _another_persons(machine)) for kind in kinds]
        return
    if "chromium" in wanted:
        stores += chromium.find(machine, wanted=asked_for)
    if "firefox" in wanted:
        profiles, broken = firefox.find(machine)
        stores += profiles
        troubles += [(firefox.KIND, refused) for refused in broken]


def _another_persons(machine: Machine) -> Refused:
    return Refused(
        "store-anothers-home", f"{machine.home} is not root's home: files made there would be root's",
        hint="run this as that person as well, without sudo: browsers have a store per person",
    )  # fmt: skip
