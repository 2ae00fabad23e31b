"""What a root can and can't ever vouch for, and whether it should be imported. Pure; a person reads the words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509

from dotlocal.browser import public_space
from dotlocal.browser.anchor import Anchor, printable
from dotlocal.browser.public_space import OWN, PUBLIC, SuffixList
from dotlocal.core.findings import ERROR, WARNING, Finding
from dotlocal.core.public_suffix import by_rule
from dotlocal.core.subtrees import cidr
from dotlocal.core.window import YEAR, rfc3339

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

_KEYS = ("P-256", "P-384", "P-521")
_LEAST_RSA, _MOST_RSA = 2048, 8192
_MOST_SHOWN = 12
_MOST_LETTERS = 80
_OPEN_WORDS = {"DNS": "any name", "IPv4": "any IPv4 address", "IPv6": "any IPv6 address"}


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What was found. `can` and `cannot` are sentences; `domains` are names that somebody owns, to be confirmed."""

    anchor: Anchor
    findings: tuple[Finding, ...]
    domains: tuple[str, ...]
    can: tuple[str, ...]
    cannot: tuple[str, ...]

    @property
    def refusals(self) -> list[Finding]:
        """Why it is not imported unless a person insists."""
        return [finding for finding in self.findings if finding.severity == ERROR]

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        anchor = self.anchor
        return {
            "name": anchor.name, "fingerprint_sha256": anchor.fingerprint, "key": anchor.key,
            "not_before": rfc3339(anchor.not_before), "not_after": rfc3339(anchor.not_after),
            "can": list(self.can), "cannot": list(self.cannot), "domains": list(self.domains),
            "findings": [
                {"code": each.code, "severity": each.severity, "message": each.message, "hint": each.hint}
                for each in self.findings
            ],
        }  # fmt: skip


def appraise(anchor: Anchor, *, now: int, suffixes: SuffixList = by_rule) -> Appraisal:
    """Judge a root at a moment (POSIX seconds). `suffixes` tells whether a name is a public suffix."""
    question = _Question(anchor, now, suffixes)
    findings = tuple(
        Finding(code, severity, anchor.name, f"{message} ({clause})", hint=hint)
        for code, severity, clause, hint, rule in RULES
        for message in rule(question)
    )
    return Appraisal(anchor, findings, tuple(question.names(OWN)), tuple(_can(question)), tuple(_cannot(question)))


@dataclass(frozen=True, slots=True)
class _Question:
    anchor: Anchor
    now: int
    suffixes: SuffixList

    def names(self, kind: str) -> list[str]:
        """The permitted DNS subtrees of one kind, each once."""
        dns = self.anchor.permitted.dns or ()
        return [base for base in dict.fromkeys(dns) if public_space.name_is(base, self.suffixes) == kind]


def _missing(question: _Question) -> Iterator[str]:
    if not question.anchor.limits.present:
        yield "it has no limits at all: it can vouch for every web site in the world"


def _not_critical(question: _Question) -> Iterator[str]:
    limits = question.anchor.limits
    if limits.present and not limits.critical:
        yield "its limits are not critical: programs that don't know them may pass over them"


def _open(question: _Question) -> Iterator[str]:
    limits = question.anchor.limits
    if limits.present and limits.open:
        yield f"its limits say nothing about {' and '.join(limits.open)}, so that kind is open"


def _public_suffix(question: _Question) -> Iterator[str]:
    for base in question.names(PUBLIC):
        yield f"it may vouch for everything below {_shown(base)}, where anybody can register a name"


def _public_range(question: _Question) -> Iterator[str]:
    for network, mask in question.anchor.permitted.ip or ():
        if not public_space.range_is_private(network, mask):
            yield f"it may vouch for {cidr(network, mask)}, which is on the public Internet"


def _not_a_ca(question: _Question) -> Iterator[str]:
    certificate = question.anchor.certificate
    basic = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if basic is None or not basic.ca:
        yield "it is no CA, and can vouch for nothing but itself"
    elif usage is not None and not usage.key_cert_sign:
        yield "its key usage does not let it sign certificates"


def _expired(question: _Question) -> Iterator[str]:
    if question.now > question.anchor.not_after:
        yield f"it ended on {rfc3339(question.anchor.not_after)}; it is {rfc3339(question.now)}"


def _not_yet(question: _Question) -> Iterator[str]:
    if question.now < question.anchor.not_before:
        yield f"it starts on {rfc3339(question.anchor.not_before)}; it is {rfc3339(question.now)}"


def _weak_key(question: _Question) -> Iterator[str]:
    key = question.anchor.key
    if key.startswith("RSA-"):
        size = int(key[4:])
        if not _LEAST_RSA <= size <= _MOST_RSA:
            yield f"its key is {key}; browsers take {_LEAST_RSA} to {_MOST_RSA} bits"
    elif key not in _KEYS:
        yield f"its key is {key}, which browsers do not take"


def _old_signature(question: _Question) -> Iterator[str]:
    try:
        digest = question.anchor.certificate.signature_hash_algorithm
    except Exception:  # an algorithm that the library does not know
        yield "it is signed in a way that is not known here"
        return
    if digest is not None and digest.name in ("md5", "sha1"):
        yield f"it is signed with {digest.name.upper()}: whoever made it may sign other certificates so as well"


def _own_domain(question: _Question) -> Iterator[str]:
    for base in question.names(OWN):
        yield f"it may vouch for {_shown(base)} and every name below it, which is not a local name"


def _other_kinds(question: _Question) -> Iterator[str]:
    if question.anchor.limits.other:
        kinds = " and ".join(question.anchor.limits.other)
        yield f"its limits also speak of {kinds}, for which some programs refuse all its certificates"


_ASK = "ask the maker why; import it only if you would trust the maker with every web site"
_ASK_DOMAIN = "is this the maker's own domain, or yours? If you don't know it, don't import the root"
RULES: tuple[tuple[str, str, str, str, Callable[[_Question], Iterator[str]]], ...] = (
    ("root-not-a-ca", ERROR, "RFC 5280 4.2.1.9", "the root is another file", _not_a_ca),
    ("root-unlimited", ERROR, "RFC 5280 4.2.1.10", _ASK, _missing),
    ("root-kind-open", ERROR, "RFC 5280 4.2.1.10", _ASK, _open),
    ("root-public-suffix", ERROR, "publicsuffix.org", _ASK, _public_suffix),
    ("root-public-range", ERROR, "RFC 6890", _ASK, _public_range),
    ("root-limits-not-critical", ERROR, "RFC 5280 4.2.1.10", _ASK, _not_critical),
    ("root-expired", ERROR, "RFC 5280 4.1.2.5", "look at this computer's clock; else ask for the new root", _expired),
    ("root-not-yet-valid", ERROR, "RFC 5280 4.1.2.5", "look at this computer's clock", _not_yet),
    ("root-weak-key", ERROR, "CA/Browser Forum BR 6.1.5", "ask the maker for a root of today", _weak_key),
    ("root-own-domain", WARNING, "RFC 5280 4.2.1.10", _ASK_DOMAIN, _own_domain),
    ("root-old-signature", WARNING, "RFC 6194", "ask the maker for a root of today", _old_signature),
    ("root-other-kinds", WARNING, "RFC 5280 4.2.1.10", "ask the maker for one without", _other_kinds),
)


def _can(question: _Question) -> Iterator[str]:
    anchor = question.anchor
    for kind in anchor.limits.open:
        yield _OPEN_WORDS[kind]
    for base in anchor.permitted.dns or ():
        yield f"{_shown(base)} and every name below it" if base else "any name"
    for octets, family in ((4, "IPv4"), (16, "IPv6")):
        ranges = [cidr(*each) for each in anchor.limits.ranges(octets) if not _none(*each)]
        if ranges:
            shown = ", ".join(ranges[:_MOST_SHOWN]) + (" and more" if len(ranges) > _MOST_SHOWN else "")
            yield f"{family} addresses in {shown}"
    excluded = [_shown(base) for base in anchor.limits.excluded.dns or ()]
    excluded += [cidr(*each) for each in anchor.limits.excluded.ip or ()]
    if excluded and len(anchor.limits.open) < len(_OPEN_WORDS):
        yield f"all of this without {', '.join(excluded[:_MOST_SHOWN])}"


def _cannot(question: _Question) -> Iterator[str]:
    anchor = question.anchor
    closed = [kind for kind in _OPEN_WORDS if kind not in anchor.limits.open]
    if not closed:
        return
    public = question.names(PUBLIC) or any(
        not public_space.range_is_private(*each) for each in anchor.permitted.ip or ()
    )
    if len(closed) == len(_OPEN_WORDS) and not public and not question.names(OWN):
        yield "any web site, mail server or other machine outside local networks"
    else:
        yield " and ".join(_OPEN_WORDS[kind].replace("any ", "any other ") for kind in closed)
    years = (anchor.not_after - question.now) // YEAR
    when = "which is over" if years < 0 else f"in {years} years" if years > 1 else "in less than two years"
    yield f"anything after {rfc3339(anchor.not_after)[:10]}, {when}"


def _none(network: bytes, mask: bytes) -> bool:
    return mask == b"\xff" * len(mask) and network in (bytes(4), bytes(16), b"\0" * 15 + b"\1")


def _shown(base: str) -> str:
    return printable(base)[:_MOST_LETTERS] if base else "every name"


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
