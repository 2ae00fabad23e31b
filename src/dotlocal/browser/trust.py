"""A root into the stores of a computer, out of them again, and what each of them says: one store after the other.

1. reach the store        2. look what it holds        3. write, through the store's own tool
4. look again             5. let the programs that use it connect to a device

Whatever goes wrong with one store is that store's outcome, and the next one is worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from dotlocal.browser import report
from dotlocal.browser.anchor import Anchor
from dotlocal.browser.consent import bare
from dotlocal.browser.report import Outcome
from dotlocal.browser.stores.found import Found
from dotlocal.browser.stores.store import Holding, Store
from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused

_ALL = "`dotlocal trust remove --all` takes that out as well"
Work = Callable[[Store], Outcome]


def witnesses(names: Sequence[str], anchor: Anchor) -> tuple[list[Witness], list[Refused]]:
    """The devices that can prove something about this root, and why others can't."""
    found, troubles = [], []
    for name in names:
        try:
            witness = Witness.find(name)
            witness.testify(anchor)
            found.append(witness)
        except Refused as refused:
            troubles.append(refused)
    return found, troubles


def install(
    found: Found, anchor: Anchor, file: str, *, devices: Sequence[Witness] = (), dry_run: bool = False
) -> tuple[Outcome, ...]:
    """Make every store in use trust the root. `file` is what instructions by hand name."""

    def work(store: Store) -> Outcome:
        if store.idle:
            return _idle(store, anchor)
        holding = store.holds(anchor)
        if holding.trusted:
            return _seen(store, report.PRESENT, holding, devices)
        if holding.others:
            raise Refused(
                "store-distrusts", f"it has the root as {_listed(holding.others)}, and does not trust it",
                hint="somebody has decided that; undo it there, or remove the entry with `trust remove --all`",
            )  # fmt: skip
        if dry_run:
            return Outcome(store.kind, store.place, report.PLANNED, by_hand=tuple(store.by_hand(anchor, file)))
        if store.needs_root:
            return _unreached(store, store.by_hand(anchor, file))
        store.install(anchor)
        return _installed(store, anchor, devices)

    return _each(found, work, lambda store: store.by_hand(anchor, file), wanted=True)


def remove(
    found: Found, anchor: Anchor, *, devices: Sequence[Witness] = (), others: bool = False, dry_run: bool = False
) -> tuple[Outcome, ...]:
    """Take our entries out of every store, in use or not; with `others` also those that somebody else has made."""

    def work(store: Store) -> Outcome:
        holding = store.holds(anchor)
        if not holding.held:
            return _seen(store, report.ABSENT, holding, () if store.idle else devices)
        if not holding.ours and not others:
            return _seen(store, report.PRESENT, holding, (), hint=_ALL)
        words = store.by_hand_removal(anchor, (*holding.ours, *(holding.others if others else ())))
        if dry_run:
            return Outcome(store.kind, store.place, report.PLANNED, by_hand=tuple(words))
        if store.needs_root:
            return _unreached(store, words)
        store.remove(anchor, others=others)
        after = store.holds(anchor)
        return _seen(store, report.REMOVED, after, () if store.idle else devices, hint=_ALL if after.held else "")

    return _each(found, work, lambda store: store.by_hand_removal(anchor), wanted=False)


def check(found: Found, anchor: Anchor, file: str, *, devices: Sequence[Witness] = ()) -> tuple[Outcome, ...]:
    """What every store says about the root; nothing is written."""

    def work(store: Store) -> Outcome:
        if store.idle:
            return _idle(store, anchor)
        holding = store.holds(anchor)
        what = report.PRESENT if holding.held else report.ABSENT
        return _seen(store, what, holding, devices)

    return _each(found, work, lambda store: store.by_hand(anchor, file), wanted=True)


def named(found: Found, fingerprint: str) -> Anchor | None:
    """The root with this fingerprint, from whichever store holds it; None when none does."""
    for store in found.stores:
        try:
            for der in store.certificates():
                anchor = _with_fingerprint(der, fingerprint)
                if anchor:
                    return anchor
        except Refused:
            continue  # a store that can't be read is told about when it is worked on
    return None


def unheld(found: Found) -> tuple[Outcome, ...]:
    """The outcome of removing what no store that can be read has."""

    def work(store: Store) -> Outcome:
        list(store.certificates())
        return Outcome(store.kind, store.place, report.ABSENT, trusted=False)

    return _each(found, work, lambda store: (), wanted=False)


def _with_fingerprint(der: bytes, fingerprint: str) -> Anchor | None:
    if sha256(der).hexdigest().upper() != bare(fingerprint):
        return None
    return Anchor.parse(der, force=True)


def _each(found: Found, work: Work, by_hand: Callable[[Store], Sequence[str]], *, wanted: bool) -> tuple[Outcome, ...]:
    outcomes = []
    # a browser without a profile has nothing to be removed from, and nowhere to install to
    troubles = found.troubles + (found.missing if wanted else ())
    for store in found.stores:
        try:
            outcomes.append(work(store))
        except Refused as refused:
            outcomes.append(report.of_refusal(store.kind, store.place, refused, by_hand(store)))
        except OSError as error:
            broken = Refused("store-unreadable", f"it can't be worked on: {error.strerror or error}")
            outcomes.append(report.of_refusal(store.kind, store.place, broken, by_hand(store)))
    outcomes += [report.of_refusal(kind, "none", refused) for kind, refused in troubles]
    return tuple(outcomes)


def _installed(store: Store, anchor: Anchor, devices: Sequence[Witness]) -> Outcome:
    holding = store.holds(anchor)
    if not holding.trusted:
        store.remove(anchor, others=False)
        raise Refused("store-not-kept", "its tool ended well, and yet it does not trust the root; undone")
    return _seen(store, report.INSTALLED, holding, devices, hint=store.afterwards)


def _seen(store: Store, what: str, holding: Holding, devices: Sequence[Witness], *, hint: str = "") -> Outcome:
    """What a store holds now, with the verdicts of the programs that use it."""
    verdicts: list[Verdict] = []
    for device in devices:
        verdicts += store.ask(device)
    detail = f"put there by somebody else, as {_listed(holding.others)}" if holding.others else ""
    return Outcome(
        store.kind, store.place, what, trusted=holding.trusted, detail=detail, hint=hint, verdicts=tuple(verdicts)
    )


def _idle(store: Store, anchor: Anchor) -> Outcome:
    held = store.holds(anchor).held
    return Outcome(store.kind, store.place, report.IDLE, trusted=held, detail=store.idle)


def _unreached(store: Store, by_hand: Sequence[str]) -> Outcome:
    need = Refused(
        "store-needs-root", "it is everybody's on this computer, and takes the administrator's rights",
        hint="run this as root as well, or have the administrator do it",
    )  # fmt: skip
    return Outcome(
        store.kind, store.place, report.UNREACHED, detail=need.message, code=need.code, hint=need.hint,
        by_hand=tuple(by_hand),
    )  # fmt: skip


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")
