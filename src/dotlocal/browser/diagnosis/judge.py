"""The diagnosis as a whole: every address that answered becomes a view, every view its causes, all of them one ranking.

1 the way to the device   2 what it serves, address by address   3 what differs between looks and addresses   4 the rank
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography import x509

from dotlocal.browser.diagnosis import clocks, names, network, profile, trust
from dotlocal.browser.diagnosis.cause import Cause, ranked
from dotlocal.browser.observation import Look, Observation, Visit
from dotlocal.browser.path import Path, Served, find
from dotlocal.core.chain import named
from dotlocal.core.findings import ERROR, WARNING
from dotlocal.core.names import Address, HostName


@dataclass(frozen=True, slots=True)
class View:
    """What one address serves to a browser of today: the look, and the path that its chain makes."""

    visit: Visit
    look: Look
    served: Served
    path: Path


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a browser refuses, or that it doesn't."""

    seen: Observation
    views: tuple[View, ...]
    causes: tuple[Cause, ...]

    @property
    def worst(self) -> str:
        """The gravest severity: error, warning or note; note too when nothing was found."""
        severities = {cause.severity for cause in self.causes}
        return ERROR if ERROR in severities else WARNING if WARNING in severities else "note"

    @property
    def accepted(self) -> bool:
        """Whether nothing here would make a browser refuse."""
        return self.worst != ERROR

    @property
    def days_left(self) -> float | None:
        """Until the first certificate of a path runs out; None when none was seen."""
        left = [clocks.days_left(view.path.whole, self.seen.instant) for view in self.views]
        return min(left) if left else None


def diagnose(seen: Observation) -> Diagnosis:
    """Every cause that the observation shows, the most useful first."""
    views = [view for visit in seen.visits if (view := _view(visit, seen)) is not None]
    causes = [*network.causes(seen), *_unreadable(seen)]
    for view in views:
        found = list(_of(view, seen))
        refused = any(cause.severity == ERROR for cause in found)
        causes += [*found, *_besides(view, seen, refused=refused)]
    return Diagnosis(seen, tuple(views), ranked([*causes, *_differences(views)]))


def _view(visit: Visit, seen: Observation) -> View | None:
    look = visit.fresh if visit.fresh is not None and visit.fresh.succeeded else visit.main
    served = Served.parse(look.chain)
    if not look.succeeded or not served.certificates or (served.broken and served.broken[0][0] == 0):
        return None
    return View(visit, look, served, find(served.certificates, seen.roots.trusted))


def _unreadable(seen: Observation) -> Iterator[Cause]:
    for visit in seen.visits:
        for place, told in Served.parse(visit.main.chain).broken:
            yield Cause("certificate-malformed", f"certificate {place}", told)


def _of(view: View, seen: Observation) -> Iterator[Cause]:
    """What makes a browser refuse what this address serves, and what is odd about it."""
    yield from _order(view)
    if view.look.whole or view.path.anchors:
        yield from trust.causes(view.path, seen.roots)
    else:
        yield Cause("chain-unseen", named(view.path.leaf), "this Python shows no more than the server certificate")
    yield from clocks.causes(seen, view.path, view.look.head)
    yield from names.causes(view.path, seen.target.host)
    yield from profile.causes(view.path)
    if view.look.wants_certificate:
        told = "the web server demands a certificate of the browser, and ends the connection without one"
        yield Cause("client-certificate", str(view.visit.endpoint), told)
    after = view.visit.after
    if after and after.resumed and view.look.chain[:1] != view.visit.main.chain[:1]:
        told = "the certificate has changed, and a session from before the change is still resumed"
        yield Cause("old-session", str(view.visit.endpoint), told)


def _order(view: View) -> Iterator[Cause]:
    path = view.path
    if view.served.too_many:
        most = len(view.served.certificates)
        told = f"{most + view.served.too_many} certificates are sent, of which the first {most} were looked at"
        yield Cause("chain-extra", str(view.visit.endpoint), told)
        return
    if not path.ordered:
        yield Cause("chain-order", str(view.visit.endpoint), "not every certificate is followed by its issuer")
    for certificate in path.extra:
        yield Cause(
            "chain-extra", named(certificate), f"{named(certificate)} has no place in this chain, or has it twice"
        )
    if path.root_sent and path.root_sent != path.leaf:
        yield Cause("root-sent", named(path.root_sent), f"{named(path.root_sent)} is sent along")


def _besides(view: View, seen: Observation, *, refused: bool) -> Iterator[Cause]:
    """What depends on the verdict so far."""
    look = view.look
    if view.visit.verifier and not refused:
        yield Cause("refused-by-verifier", named(view.path.leaf), f"OpenSSL refuses: {view.visit.verifier}")
    if look.head is None and not look.wants_certificate:
        yield Cause("no-http", str(view.visit.endpoint), "TLS works, and no HTTP answer comes")
    if look.head and look.head.hsts and refused:
        told = "Strict-Transport-Security is sent, so that a browser that refuses offers no way past"
        yield Cause("hsts-untrusted", str(view.visit.endpoint), told)
    if isinstance(seen.target.host, HostName):
        if not refused:
            yield from _by_address(view, seen)
        if _addresses_below_constraints(view.path):
            told = "the certificate for clients that send a name has addresses as well"
            yield Cause("addresses-for-names", named(view.path.leaf), told)


def _by_address(view: View, seen: Observation) -> Iterator[Cause]:
    look, address = view.visit.by_address, view.visit.endpoint.address
    if look is None or _is_loopback(address):
        return
    if not look.succeeded:
        yield Cause("not-by-address", address.text, f"clients that send no name get no certificate ({look.words})")
        return
    served = Served.parse(look.chain)
    if served.broken or not served.certificates:
        return
    path = find(served.certificates, seen.roots.trusted)
    found = ranked([*trust.causes(path, seen.roots), *names.causes(path, address)])
    if found and found[0].severity == ERROR:
        yield Cause("not-by-address", address.text, f"https://{address} is refused: {found[0].told}")


def _differences(views: Sequence[View]) -> Iterator[Cause]:
    issuers = {view.path.leaf.issuer: view for view in views}
    if len(issuers) > 1:
        told = "; ".join(f"{view.visit.endpoint} by {trust.told(issuer)}" for issuer, view in issuers.items())
        yield Cause(
            "addresses-differ", str(views[0].visit.endpoint), f"the addresses show different certificates: {told}"
        )


def _addresses_below_constraints(path: Path) -> bool:
    if not any(isinstance(entry, x509.IPAddress) for entry in names.alternative_names(path.leaf)):
        return False
    for authority in path.certificates[1:]:
        try:
            constraints = authority.extensions.get_extension_for_class(x509.NameConstraints).value
        except x509.ExtensionNotFound:
            continue
        if any(isinstance(base, x509.IPAddress) for base in constraints.permitted_subtrees or ()):
            return True
    return False


def _is_loopback(address: Address) -> bool:
    return address.packed[:1] == b"\x7f" or address.packed == b"\0" * 15 + b"\x01"
