"""From what was served and what is trusted to one path: who signed whom, what is missing, what is too much. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.browser.observation import TrustedRoot
from dotlocal.core import chain, pem
from dotlocal.core.errors import Refused

MOST_CERTIFICATES = 32  # every search below is at most quadratic in it


@dataclass(frozen=True, slots=True)
class Served:
    """The certificates of a chain, in the order in which they came; `broken`: why one can't be read, by its place."""

    certificates: tuple[x509.Certificate, ...]
    broken: tuple[tuple[int, str], ...] = ()
    too_many: int = 0

    @classmethod
    def parse(cls, octets: Sequence[bytes]) -> Served:
        """Read what can be read; the rest is named."""
        certificates, broken = [], []
        for place, contents in enumerate(octets[:MOST_CERTIFICATES]):
            try:
                certificates.append(pem.certificate(contents, f"place {place}"))
            except Refused as refused:
                broken.append((place, refused.message))
        return cls(tuple(certificates), tuple(broken), max(0, len(octets) - MOST_CERTIFICATES))


@dataclass(frozen=True, slots=True)
class Path:
    """Server certificate and CAs that were sent, each below its issuer; and where that leads.

    `anchors` are the trusted roots that made the last one, or are it. `claimed` was sent and is called as the missing
    issuer is, and yet did not make the last certificate.
    """

    certificates: tuple[x509.Certificate, ...]
    anchors: tuple[TrustedRoot, ...]
    root_sent: x509.Certificate | None
    extra: tuple[x509.Certificate, ...]
    ordered: bool
    claimed: x509.Certificate | None

    @property
    def leaf(self) -> x509.Certificate:
        """The server certificate."""
        return self.certificates[0]

    @property
    def top(self) -> x509.Certificate:
        """The last one below the root."""
        return self.certificates[-1]

    @property
    def root(self) -> x509.Certificate | None:
        """The root, trusted or at least sent."""
        return self.anchors[0].certificate if self.anchors else self.root_sent

    @property
    def whole(self) -> tuple[x509.Certificate, ...]:
        """All of them, with the root where it is known."""
        above = self.root
        if above is None or above == self.top:
            return self.certificates
        return (*self.certificates, above)


def find(certificates: Sequence[x509.Certificate], roots: Sequence[TrustedRoot]) -> Path:
    """The path that a browser would find: to a trusted root if there is one, else as far as it goes."""
    path = [certificates[place] for place in _search(certificates, roots, (0,), set())]
    anchors = _anchors(path[-1], roots)
    root_sent = next((each for each in certificates if each in path and _self_signed(each)), None)
    if root_sent is not None and root_sent != path[0] and len(path) > 1:
        path.remove(root_sent)  # always the last: nothing is above it
        anchors = anchors or _anchors(root_sent, roots)
    elif root_sent is None:  # one that is trusted anyway, and sent beside the path
        anchor_certificates = [anchor.certificate for anchor in anchors]
        root_sent = next((each for each in certificates[1:] if each in anchor_certificates), None)
    used = [*path, *([root_sent] if root_sent and root_sent not in path else [])]
    places = [certificates.index(each) for each in used]
    claimed = next((each for each in certificates if each not in used and each.subject == path[-1].issuer), None)
    return Path(tuple(path), anchors, root_sent, _extra(certificates, used), places == sorted(places), claimed)


def signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether names and signature say that the issuer made it; an algorithm that we can't check is believed."""
    try:
        return chain.signed_by(certificate, issuer)
    except UnsupportedAlgorithm:
        return certificate.issuer == issuer.subject


def der(certificate: x509.Certificate) -> bytes:
    """The certificate as it is sent."""
    return certificate.public_bytes(Encoding.DER)


def _search(
    certificates: Sequence[x509.Certificate], roots: Sequence[TrustedRoot], path: tuple[int, ...], seen: set[int]
) -> tuple[int, ...]:
    """Depth first, each certificate once: the first way to a trusted root, or else the longest of all."""
    current = certificates[path[-1]]
    seen.add(path[-1])
    if _self_signed(current) or _anchors(current, roots):
        return path
    best = path
    for place, issuer in enumerate(certificates):
        if place not in seen and issuer != current and signed(current, issuer):
            found = _search(certificates, roots, (*path, place), seen)
            if _anchors(certificates[found[-1]], roots):
                return found
            best = max(best, found, key=len)
    return best


def _extra(certificates: Sequence[x509.Certificate], used: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Those that made none of the others, and those that come twice. A cross-certificate above a trusted root is none:
    it is for clients that know an older root alone.
    """
    issuers = {each.issuer for each in certificates if each.issuer != each.subject}
    return tuple(
        each
        for place, each in enumerate(certificates)
        if (each not in used and each.subject not in issuers) or each in certificates[:place]
    )


def _anchors(certificate: x509.Certificate, roots: Sequence[TrustedRoot]) -> tuple[TrustedRoot, ...]:
    found = [root for root in roots if root.certificate == certificate]
    found += [
        root for root in roots
        if root.certificate != certificate and root.certificate.subject == certificate.issuer
        and signed(certificate, root.certificate)
    ]  # fmt: skip
    return tuple(found)


def _self_signed(certificate: x509.Certificate) -> bool:
    return certificate.subject == certificate.issuer and signed(certificate, certificate)
