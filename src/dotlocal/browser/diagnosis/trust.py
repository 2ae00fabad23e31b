"""Where the chain leads: complete or not, to a root that is trusted here, to another one, to none. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from dotlocal.browser.diagnosis.cause import Cause
from dotlocal.browser.observation import Roots, TrustedRoot
from dotlocal.browser.path import Path
from dotlocal.core.chain import fingerprint, named

_GENERATION = re.compile(r"(.*?)[ _-]*[GRX]?(\d{1,4})", re.S)  # Acme Devices Root G2, ISRG Root X1, Root 2031
_FALLBACK = "no-name-left.invalid"  # what a dotlocal device serves when it has neither name nor address
_DEVICE_CA = re.compile(r"device CA \S+ [0-9A-F]{8}")
_FACTORY_CA = re.compile(r".* Factory CA \(.+\)", re.S)


def causes(path: Path, roots: Roots) -> Iterator[Cause]:
    """Why the chain ends where it does."""
    if path.anchors:
        yield from _stores(path.anchors, roots)
        return
    if path.root_sent == path.leaf:
        yield from _alone(path.leaf)
        return
    yield _unknown_end(path, roots)


def told(name: x509.Name) -> str:
    """A CA's name in short: its common name and organisation, or whatever it has."""
    common, organisation = _text(name, NameOID.COMMON_NAME), _text(name, NameOID.ORGANIZATION_NAME)
    if common and organisation and organisation not in common:
        return f"{common} ({organisation})"
    return common or organisation or name.rfc4514_string() or "a CA without a name"


def _stores(anchors: Iterable[TrustedRoot], roots: Roots) -> Iterator[Cause]:
    """A root that was added to the system's store alone does nothing for browsers with stores of their own."""
    root, having = next(iter(anchors)), dict.fromkeys(anchor.store for anchor in anchors)
    lacking = [store for store in roots.browsers if store not in having]
    if roots.given or root.shipped or not lacking:
        return
    name = told(root.certificate.subject)
    message = f"{name} is trusted by {', '.join(having)}, not by {', '.join(lacking)}"
    if len(lacking) == len(roots.browsers):
        yield Cause("root-not-in-browser", name, message)
    else:
        yield Cause("root-not-everywhere", name, message)


def _alone(leaf: x509.Certificate) -> Iterator[Cause]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        fallback = _FALLBACK in names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        fallback = False
    if fallback:
        yield Cause("fallback-certificate", named(leaf), "the certificate stands in for one: it names no host at all")
    else:
        yield Cause("self-signed", named(leaf), f"{named(leaf)} signed itself, and is not trusted here")


def _unknown_end(path: Path, roots: Roots) -> Cause:
    """The one cause that says most: what of the trusted roots comes closest to the one that is needed?"""
    if path.claimed is not None:
        told_by = told(path.claimed.subject)
        message = f"{named(path.top)} says that {told_by} made it, which is sent along and did not"
        return Cause("wrong-signature", named(path.top), message)
    end = path.root_sent.subject if path.root_sent else path.top.issuer
    wanted, known = _Lineage.of(end), roots.trusted
    source = "the given file" if roots.given else "this computer"
    for root in known:
        if root.certificate.subject == end:
            return _same_name(path, root, source)
    if not path.root_sent and (_DEVICE_CA.fullmatch(wanted.common_name) or _FACTORY_CA.fullmatch(wanted.common_name)):
        return _incomplete(path, end)
    for root in known:
        other = _Lineage.of(root.certificate.subject)
        if other.family == wanted.family and other.generation != wanted.generation:
            older = other.generation < wanted.generation
            return Cause(
                "older-root" if older else "newer-root", told(end),
                f"the device belongs to {told(end)}; {source} has {told(root.certificate.subject)}",
            )  # fmt: skip
    relatives = [
        r
        for r in known
        if wanted.organisation and _Lineage.of(r.certificate.subject).organisation == wanted.organisation
    ]
    if relatives and not path.root_sent:
        return _incomplete(path, end)
    return _foreign(path, roots, end)


def _same_name(path: Path, root: TrustedRoot, source: str) -> Cause:
    name = told(root.certificate.subject)
    if path.root_sent is None and _key_id(path.top, x509.AuthorityKeyIdentifier) == _key_id(root.certificate):
        return Cause(
            "wrong-signature", named(path.top), f"{named(path.top)} says that {name} made it; its signature says no"
        )
    return Cause(
        "other-root-key", name,
        f"{source} trusts a {name} with another key: SHA-256 {fingerprint(root.certificate)}"
        + (f", the device's is {fingerprint(path.root_sent)}" if path.root_sent else ""),
    )  # fmt: skip


def _incomplete(path: Path, end: x509.Name) -> Cause:
    return Cause("chain-incomplete", told(end), f"{named(path.top)} was made by {told(end)}, which is not sent")


def _foreign(path: Path, roots: Roots, end: x509.Name) -> Cause:
    """A CA that none of the trusted ones has to do with."""
    known_here = next((r for r in roots.here if r.certificate.subject == end), None)
    if roots.given:
        expected = ", ".join(dict.fromkeys(told(root.certificate.subject) for root in roots.given))
        kind = "a CA that this computer trusts anyway" if known_here else "a CA of its own"
        return Cause("not-our-device", told(end), f"the chain leads to {told(end)}, {kind}, and not to {expected}")
    if path.root_sent:
        shown = f"; its SHA-256 fingerprint is {fingerprint(path.root_sent)}"
        return Cause(
            "root-not-imported", told(end), f"the chain leads to {told(end)}, which nothing here trusts{shown}"
        )
    hint = "import that root; if it is no root, its certificate is missing from what the device sends"
    return Cause("root-not-imported", told(end), f"the chain leads to {told(end)}, which nothing here trusts", hint)


@dataclass(frozen=True, slots=True)
class _Lineage:
    organisation: str
    common_name: str
    family: tuple[str, str]
    generation: int

    @classmethod
    def of(cls, name: x509.Name) -> _Lineage:
        common, organisation = _text(name, NameOID.COMMON_NAME), _text(name, NameOID.ORGANIZATION_NAME)
        numbered = _GENERATION.fullmatch(common)
        stem, generation = (numbered[1], int(numbered[2])) if numbered else (common, 0)
        return cls(organisation, common, (organisation, stem), generation)


def _text(name: x509.Name, kind: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(kind)
    return str(found[0].value) if found else ""


def _key_id(
    certificate: x509.Certificate,
    kind: type[x509.AuthorityKeyIdentifier | x509.SubjectKeyIdentifier] = x509.SubjectKeyIdentifier,
) -> bytes | None:
    try:
        value = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    return value.key_identifier
