"""The names of a customer's server certificate, and what browsers make of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

from dotlocal.core.chain import named
from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, WARNING, Finding
from dotlocal.core.names import Address, HostName
from dotlocal.device.owned.path import extension

MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class LeafNames:
    """Host names in lower case (wildcards among them) and addresses that browsers can ask for; what is wrong with the
    rest.
    """

    names: tuple[str, ...]
    addresses: tuple[Address, ...]
    findings: tuple[Finding, ...]


def read(leaf: x509.Certificate) -> LeafNames:
    """The names of a certificate."""
    alternative = extension(leaf, x509.SubjectAlternativeName)
    subject = named(leaf)
    if alternative is None:
        common = [str(each.value) for each in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        told = f", only the common name {common[0][:80]!r}" if common else ""
        return LeafNames(
            (), (), (_nameless(subject, f"it has no subjectAltName{told}, and browsers read nothing else"),)
        )
    names: list[str] = []
    addresses: list[Address] = []
    findings: list[Finding] = []
    if len(alternative) > MOST_NAMES:
        findings.append(_malformed(subject, f"it has {len(alternative)} names; at most {MOST_NAMES} are taken"))
    for entry in list(alternative)[:MOST_NAMES]:
        if isinstance(entry, x509.DNSName):
            name, finding = _host(subject, entry.value)
            names += [name] if name and name not in names else []
            findings += [finding] if finding else []
        elif isinstance(entry, x509.IPAddress) and hasattr(entry.value, "packed"):
            addresses.append(Address(entry.value.packed))
    if not names and not addresses and not findings:
        findings.append(_nameless(subject, "its subjectAltName holds no host name and no address"))
    return LeafNames(tuple(names), tuple(addresses), tuple(findings))


def _host(subject: str, text: str) -> tuple[str, Finding | None]:
    if text.startswith("*."):
        try:
            base = HostName.parse(text[2:]).text
        except Refused as refused:
            return "", _malformed(subject, f"{text[:80]!r} is no name that a browser takes: {refused.message}")
        if "." not in base:
            return f"*.{base}", Finding(
                "own-wildcard", WARNING, subject, f"most browsers ignore a wildcard this wide: {text}",
                hint="have the device's own name in it",
            )  # fmt: skip
        return f"*.{base}", None
    try:
        return HostName.parse(text).text, None
    except Refused as refused:
        return "", _malformed(subject, f"{text[:80]!r} is no name that a browser takes: {refused.message}")


def _malformed(subject: str, message: str) -> Finding:
    return Finding(
        "own-name-malformed", ERROR, subject, message,
        hint="have it made without; strict clients refuse the whole certificate for one such name (RFC 5280 4.2.1.6)",
    )  # fmt: skip


def _nameless(subject: str, message: str) -> Finding:
    return Finding("own-no-name", ERROR, subject, message, hint="have it made with the names in subjectAltName")


def texts(names: LeafNames) -> Iterator[str]:
    """All of them as texts."""
    yield from names.names
    yield from (each.text for each in names.addresses)
