"""Whether a customer's certificate can be served, decided before anything is touched. Pure.

Everything is listed at once: an error means that browsers would refuse it or that it can't be served, a warning that
some would or that the customer should know, a note what was done about it. Errors refuse; warnings want a yes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509

from dotlocal.core.chain import named, window_of
from dotlocal.core.findings import ERROR, NOTE, WARNING, Finding
from dotlocal.core.window import DAY, Window, rfc3339
from dotlocal.device.owned import algorithms, fit, leaf_names
from dotlocal.device.owned.choice import SLACK
from dotlocal.device.owned.leaf_names import LeafNames
from dotlocal.device.owned.material import Circumstances, Judged, Material
from dotlocal.device.owned.pairing import pair, pick, without_certificate
from dotlocal.device.owned.path import Path, climb, examine, self_signed
from dotlocal.device.owned.second import opinion
from dotlocal.device.owned.unique import repeated

_APPLE_DAYS = 825  # support.apple.com/103769, for certificates below imported roots too
_SOON_DAYS = 14


@dataclass(frozen=True, slots=True)
class _Case:
    """One leaf with its path and names, as the rules see it."""

    leaf: x509.Certificate
    path: Path
    found: LeafNames
    given: tuple[x509.Certificate, ...]
    around: Circumstances


def judge(material: Material, around: Circumstances) -> Judged:
    """Everything that speaks against it, and what could be installed nonetheless."""
    findings = list(material.findings)
    if not material.certificates:
        return _nothing([*findings, *without_certificate(material)])
    leaf, picking = pick(material, around)
    findings += picking
    if leaf is None:
        return _nothing(findings)
    given = (*material.certificates, *around.pool)
    path = climb(leaf, [each for each in given if each != leaf])
    case = _Case(leaf, path, leaf_names.read(leaf), material.certificates, around)
    key, pairing = pair(material, leaf, around)
    findings += pairing
    for rule in _RULES:
        findings += rule(case)
    if not any(each.severity == ERROR for each in findings):
        findings += opinion(path, case.found.names, case.found.addresses, around.now)
    claimed = _claimed(case)
    chain = path.below
    return Judged(
        key=key, chain=chain, anchor=None if path.root is leaf else path.root, window=_common(chain),
        names=case.found.names, addresses=case.found.addresses, claimed=claimed, findings=tuple(findings),
    )  # fmt: skip


def _nothing(findings: Sequence[Finding]) -> Judged:
    return Judged(None, (), None, None, (), (), (), tuple(findings))


# ── the rules ──


def _leaf(case: _Case) -> Iterator[Finding]:
    yield from algorithms.version(case.leaf)
    yield from algorithms.usage(case.leaf)


def _each(case: _Case) -> Iterator[Finding]:
    # not the root: nobody checks its signature, and its key was imported as it is
    for certificate in case.path.below:
        yield from algorithms.key(certificate)
        yield from algorithms.signature(certificate)
        yield from algorithms.critical(certificate)


def _dates(case: _Case) -> Iterator[Finding]:
    around = case.around
    for certificate in case.path.below + ((case.path.root,) if case.path.root else ()):
        window, name = window_of(certificate), named(certificate)
        if around.now > window.not_after:
            yield Finding(
                "own-ended", ERROR, name, f"{name} ended {rfc3339(window.not_after)}; it is {rfc3339(around.now)}",
                hint="have a new one made",
            )  # fmt: skip
        elif around.known and around.now < window.not_before - SLACK:
            yield Finding(
                "own-starts-later", ERROR, name,
                f"{name} starts {rfc3339(window.not_before)}; it is {rfc3339(around.now)}",
                hint="look at the device's clock; or wait for the day",
            )  # fmt: skip
    if _common(case.path.below) is None:
        yield Finding(
            "own-chain-dates", ERROR, named(case.leaf), "its chain is at no time valid as a whole",
            hint="have a new one made, by a CA that has not ended",
        )  # fmt: skip
    window = window_of(case.leaf)
    if window.not_after - window.not_before > _APPLE_DAYS * DAY:
        days = (window.not_after - window.not_before) // DAY
        yield Finding(
            "own-long", WARNING, named(case.leaf), f"it is valid for {days} days; Apple's devices take 825",
            hint="have it made for two years, unless nobody uses an iPhone, an iPad or a Mac",
        )  # fmt: skip
    if 0 <= window.not_after - around.now < _SOON_DAYS * DAY:
        yield Finding(
            "own-short", NOTE, named(case.leaf), f"it ends soon: {rfc3339(window.not_after)}",
            hint="afterwards the device serves its own chain again",
        )  # fmt: skip


def _chain(case: _Case) -> Iterator[Finding]:
    path, name = case.path, named(case.leaf)
    strangers = [each for each in case.given if each != case.leaf and each not in (*path.below, path.root)]
    top = path.below[-1]
    impostors = [each for each in path.impostors if each in case.given]
    if impostors:
        yield Finding(
            "own-chain-signature", ERROR, name,
            f"{named(impostors[0])} has the name of the CA that made {named(top)}, and another key",
            hint="import the CA certificate that belongs to it, of the right generation",
        )  # fmt: skip
    elif path.root is None and not self_signed(top):
        issuer = top.issuer.rfc4514_string() or "a CA without a name"
        if strangers and len(path.below) == 1:
            yield Finding(
                "own-chain-other", ERROR, name, f"it was made by {issuer}; the chain that came with it is another CA's",
                hint="import the CA certificates above it; your CA hands them out with it",
            )  # fmt: skip
        elif len(path.below) == 1:
            yield Finding(
                "own-no-chain", WARNING, name, f"it came alone, made by {issuer}",
                hint="if browsers have that as their root, all is well; if not, import the CA certificates with it",
            )  # fmt: skip
        else:
            yield Finding(
                "own-chain-open", NOTE, name, f"above {named(top)} there is {issuer}, taken to be your root",
                hint="if it isn't, import its certificate as well: browsers need all that is below the root",
            )  # fmt: skip
    if strangers and len(path.below) > 1:
        told = ", ".join(named(each) for each in strangers)
        yield Finding("own-chain-spare", NOTE, name, f"not part of the chain, and not served: {told}")


def _path(case: _Case) -> Iterator[Finding]:
    yield from examine(case.path, case.found.names, case.found.addresses)


def _numbers(case: _Case) -> Iterator[Finding]:
    yield from repeated(case.path.below, (*case.given, *case.around.here))


def _names(case: _Case) -> Iterator[Finding]:
    yield from case.found.findings
    found, around = case.found, case.around
    if not found.names and not found.addresses:
        return
    fits = fit.fitting(list(found.names), list(found.addresses), list(around.claimed), around.answers)
    named_here = ", ".join([*found.names, *(each.text for each in found.addresses)])
    if not fits:
        yield Finding(
            "own-names-other", WARNING, named(case.leaf),
            f"it is for {named_here}; the device answers to {', '.join(around.answers.texts()) or 'nothing yet'}",
            hint="if your DNS leads one of these names here, all is well; else have it made for the device's names",
        )  # fmt: skip
        return
    lacking = fit.missing(list(found.names), list(found.addresses), around.answers)
    if lacking:
        yield Finding(
            "own-names-missing", NOTE, named(case.leaf),
            f"browsers that open {', '.join(each.text for each in lacking)} will refuse: the certificate is for"
            f" {named_here}",
            hint="have those in it as well, if somebody uses them",
        )  # fmt: skip


_RULES: tuple[Callable[[_Case], Iterator[Finding]], ...] = (
    _leaf, _each, _numbers, _names, _dates, _chain, _path,
)  # fmt: skip


def _claimed(case: _Case) -> tuple[str, ...]:
    """Names that the device can't know to be its own, and which the customer says are."""
    found, around = case.found, case.around
    asked = tuple(each for each in around.claimed if each in found.names and not fit.known(each, [], around.answers))
    fits = fit.fitting(list(found.names), list(found.addresses), [], around.answers)
    return asked if fits or asked else found.names


def _common(chain: Sequence[x509.Certificate]) -> Window | None:
    windows = [window_of(each) for each in chain]
    start, end = max(each.not_before for each in windows), min(each.not_after for each in windows)
    return Window(start, end) if start <= end else None
