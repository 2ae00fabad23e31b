"""The customer's CA as issuer: whether a certificate for this device's CA key is one to issue below. Pure.

What a birth record must be, less what only the vendor's own profiles say: a CA of path length 0 that signs, for
servers, with name constraints of all three kinds, and a path above that permits what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509

from dotlocal.core import constraints as name_constraints
from dotlocal.core import keys
from dotlocal.core.chain import named, window_of
from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, NOTE, WARNING, Finding
from dotlocal.core.issue import Issuer
from dotlocal.core.names import HostName
from dotlocal.core.subject import is_host_name
from dotlocal.core.subtrees import Subtrees, cidr
from dotlocal.core.window import Window, rfc3339
from dotlocal.device.owned import algorithms, fit
from dotlocal.device.owned.choice import SLACK
from dotlocal.device.owned.fit import Answers
from dotlocal.device.owned.material import Circumstances, Material
from dotlocal.device.owned.pairing import spki
from dotlocal.device.owned.path import Path, climb, examine, extension, outside, purposes
from dotlocal.device.owned.unique import repeated

SHORTEST = 2 * 86400  # what is made below it is dated a day back


@dataclass(frozen=True, slots=True)
class JudgedIssuer:
    """What may be installed, when no finding is an error: the CA, the CAs above it, the root last if it is known."""

    certificates: tuple[x509.Certificate, ...]
    rooted: bool
    issuer: Issuer | None
    findings: tuple[Finding, ...]


def judge(material: Material, around: Circumstances) -> JudgedIssuer:
    """Everything that speaks against it; `around.waiting` is the key that the CA's certificate must be for."""
    findings = list(material.findings)
    wanted = around.waiting.spki if around.waiting else b""
    ours = next((each for each in material.certificates if spki(each) == wanted), None)
    if ours is None:
        return JudgedIssuer((), False, None, (*findings, *_foreign(material, around)))
    path = climb(ours, [each for each in (*material.certificates, *around.pool) if each != ours])
    certificates = (*path.below, *((path.root,) if path.root else ()))
    permitted, constraint_findings = _constraints(ours)
    findings += _authority(ours)
    findings += constraint_findings
    findings += _subject(ours)
    findings += _above(path, permitted)
    findings += repeated(path.below, (*material.certificates, *around.pool, *around.here))
    window = _common(certificates)
    findings += _dates(certificates, window, around)
    findings += _useful(ours, permitted, around.answers)
    issuer = None
    if window and not any(each.severity == ERROR for each in findings):
        issuer = _issuer(ours, window, permitted)
    return JudgedIssuer(certificates, path.root is not None, issuer, tuple(findings))


def _issuer(ours: x509.Certificate, window: Window, permitted: Subtrees) -> Issuer:
    key = ours.public_key()
    keys.kind_of(key)
    identifier = extension(ours, x509.SubjectKeyIdentifier)
    return Issuer(
        ours.subject.public_bytes(), ours.serial_number, key, window, permitted,  # type: ignore[arg-type]  # kind_of
        named_id=identifier.digest if identifier else b"",
    )  # fmt: skip


def _foreign(material: Material, around: Circumstances) -> Iterator[Finding]:
    if any(each.severity == ERROR for each in material.findings):
        return
    if around.waiting is None:
        yield Finding(
            "own-issuer-unasked", ERROR, "upload", "this device has not asked for a CA certificate",
            hint="`dotlocal device own issuer request` makes the key and the request",
        )  # fmt: skip
    elif not material.certificates:
        yield Finding(
            "own-no-certificate", ERROR, "upload", "there is no certificate in it",
            hint="import the CA certificate that your CA made for this device's request",
        )  # fmt: skip
    else:
        told = ", ".join(named(each) for each in material.certificates)
        yield Finding(
            "own-issuer-key", ERROR, "upload", f"none of these is for this device's CA key: {told}",
            hint="have the request of this device signed, as `device own issuer request` prints it",
        )  # fmt: skip


def _authority(ours: x509.Certificate) -> Iterator[Finding]:
    name = named(ours)
    basic, usage = extension(ours, x509.BasicConstraints), extension(ours, x509.KeyUsage)
    if basic is None or not basic.ca:
        yield Finding(
            "own-issuer-no-ca", ERROR, name, "it is no CA: it could sign nothing that a browser accepts",
            hint="have it made with basicConstraints CA, path length 0 (RFC 5280 4.2.1.9)",
        )  # fmt: skip
    elif basic.path_length != 0:
        told = "no path length" if basic.path_length is None else f"a path length of {basic.path_length}"
        yield Finding(
            "own-issuer-path-length", ERROR, name, f"it has {told}, so that whoever has its key could make more CAs",
            hint="have it made with a path length of 0 (RFC 5280 4.2.1.9)",
        )  # fmt: skip
    if usage is None or not usage.key_cert_sign:
        yield Finding(
            "own-issuer-may-not-sign", ERROR, name, "it may not sign certificates: its key usage lacks keyCertSign",
            hint="have it made with keyUsage keyCertSign (RFC 5280 4.2.1.3)",
        )  # fmt: skip
    yield from purposes(ours)
    yield from algorithms.signature(ours)
    yield from algorithms.critical(ours)


def _constraints(ours: x509.Certificate) -> tuple[Subtrees, list[Finding]]:
    nothing, name = Subtrees((), ()), named(ours)
    found = _extension(ours)
    if found is None:
        return nothing, [
            Finding(
                "own-issuer-unconstrained", ERROR, name, "it has no name constraints: it could vouch for any host",
                hint="have it made with the constraints of the request (RFC 5280 4.2.1.10)",
            )
        ]  # fmt: skip
    try:
        permitted = name_constraints.subtrees_of(ours)
        name_constraints.complete(permitted)
        for base in permitted.dns or ():
            HostName.parse(base)
    except Refused as refused:
        return nothing, [
            Finding(
                "own-issuer-constraints", ERROR, name, f"its name constraints are not such as every client reads:"
                f" {refused.message}",
                hint="have it made with permitted DNS names without a leading dot, and IPv4 and IPv6 ranges, only",
            )
        ]  # fmt: skip
    if not found.critical:
        return permitted, [
            Finding(
                "own-issuer-not-critical", WARNING, name, "its name constraints are not critical",
                hint="clients that know no constraints would trust a stolen key for every host",
            )
        ]  # fmt: skip
    return Subtrees(tuple(base.lower() for base in permitted.dns or ()), permitted.ip), []


def _extension(ours: x509.Certificate) -> x509.Extension[x509.NameConstraints] | None:
    try:
        return ours.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return None


def _subject(ours: x509.Certificate) -> Iterator[Finding]:
    common = [str(each.value) for each in ours.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    if not list(ours.subject):
        yield Finding(
            "own-issuer-nameless", ERROR, named(ours), "its subject is empty, and a CA needs a name",
            hint="have it made with the subject of the request (RFC 5280 4.1.2.6)",
        )  # fmt: skip
    elif any(is_host_name(each) for each in common):
        yield Finding(
            "own-issuer-host", WARNING, named(ours), "its common name looks like a host name",
            hint="wolfSSL holds it to the constraints; have it made with the subject of the request",
        )  # fmt: skip


def _above(path: Path, permitted: Subtrees) -> Iterator[Finding]:
    for certificate in path.below[1:]:
        yield from algorithms.key(certificate)
        yield from algorithms.signature(certificate)
        yield from algorithms.critical(certificate)
    yield from examine(path, (), (), extra=1)
    for authority in path.authorities:
        wider = outside(authority, permitted)
        if wider:
            yield Finding(
                "own-issuer-wider", ERROR, named(path.below[0]),
                f"it permits {', '.join(wider)}, which {named(authority)} above it does not",
                hint="constraints within those: `device own issuer request --within …` proposes others",
            )  # fmt: skip
    if path.impostors:
        yield Finding(
            "own-chain-signature", ERROR, named(path.below[-1]),
            f"{named(path.impostors[0])} has the name of the CA that made {named(path.below[-1])}, and another key",
            hint="import the CA certificate that belongs to it, of the right generation",
        )  # fmt: skip
    elif path.root is None and len(path.below) == 1:
        yield Finding(
            "own-no-chain", WARNING, named(path.below[0]),
            f"it came alone, made by {path.below[0].issuer.rfc4514_string()}",
            hint="if browsers have that as their root, all is well; if not, import the CA certificates with it",
        )  # fmt: skip
    elif path.root is None:
        yield Finding(
            "own-chain-open", NOTE, named(path.below[-1]), "the CA above the chain is taken to be your root",
            hint="if it isn't, import its certificate as well: browsers need all that is below the root",
        )  # fmt: skip


def _dates(certificates: Sequence[x509.Certificate], window: Window | None, around: Circumstances) -> Iterator[Finding]:
    for each in certificates:
        life = window_of(each)
        if around.now > life.not_after - SHORTEST:
            yield Finding(
                "own-ended", ERROR, named(each),
                f"{named(each)} ends {rfc3339(life.not_after)}; it is {rfc3339(around.now)}",
                hint="have a new one made",
            )  # fmt: skip
        elif around.known and around.now < life.not_before - SLACK:
            yield Finding(
                "own-starts-later", ERROR, named(each),
                f"{named(each)} starts {rfc3339(life.not_before)}; it is {rfc3339(around.now)}",
                hint="look at the device's clock; or wait for the day",
            )  # fmt: skip
    if window is None:
        yield Finding(
            "own-chain-dates", ERROR, named(certificates[0]), "its chain is at no time valid as a whole",
            hint="have a new one made, by a CA that has not ended",
        )  # fmt: skip


def _useful(ours: x509.Certificate, permitted: Subtrees, answers: Answers) -> Iterator[Finding]:
    if not answers.texts() or not permitted.dns:
        return
    if fit.within(permitted, answers):
        return
    bounds = [*permitted.dns, *(cidr(*each) for each in permitted.ip or ())]
    yield Finding(
        "own-issuer-useless", ERROR, named(ours),
        f"it permits {', '.join(bounds)}, and the device answers to {', '.join(answers.texts())}",
        hint="give the device a name within it, or propose others: `device own issuer request --within …`",
    )  # fmt: skip


def _common(certificates: Sequence[x509.Certificate]) -> Window | None:
    windows = [window_of(each) for each in certificates]
    start, end = max(each.not_before for each in windows), min(each.not_after for each in windows)
    return Window(start, end) if start <= end else None
