"""The diagnosis as data: what `--json` prints, and what the other forms are made from. Pure.

Everything that a peer has sent is cleaned here: no control character, nothing that turns a line around.
"""

from __future__ import annotations

from typing import Any

from cryptography import x509

from dotlocal.browser import path
from dotlocal.browser.anchor import printable
from dotlocal.browser.diagnosis import Cause, Diagnosis, View, names
from dotlocal.browser.observation import Look, Observation, Visit
from dotlocal.core import pem
from dotlocal.core.chain import fingerprint, named, window_of
from dotlocal.core.window import rfc3339

SCHEMA = 1


def of(diagnosis: Diagnosis) -> dict[str, Any]:
    """The whole report as plain values."""
    seen = diagnosis.seen
    left = diagnosis.days_left
    return {
        "schema": SCHEMA,
        "target": str(seen.target),
        "accepted": diagnosis.accepted,
        "worst": diagnosis.worst if diagnosis.causes else "",
        "findings": [_finding(cause) for cause in diagnosis.causes],
        "days_left": None if left is None else round(left, 1),
        "clock": {"here": rfc3339(seen.instant), "synchronised": seen.synchronised},
        "resolution": _resolution(seen),
        "addresses": [_address(view, seen) for view in diagnosis.views],
        "looks": [_look(look) for visit in seen.visits for look in _looks(visit)],
        "trusted": _trusted(seen),
    }


def _finding(cause: Cause) -> dict[str, str]:
    return {
        "code": cause.code, "severity": cause.severity, "who": cause.who, "subject": printable(cause.subject),
        "message": printable(cause.told), "hint": printable(cause.advice),
    }  # fmt: skip


def _resolution(seen: Observation) -> dict[str, Any]:
    found = seen.resolution
    return {
        "system": [str(each) for each in found.system],
        "mdns": [str(each) for each in found.mdns],
        "asked_mdns": found.asked_mdns,
        "renamed": [printable(name) for name in found.renamed],
        "given": [str(each) for each in found.given],
    }


def _address(view: View, seen: Observation) -> dict[str, Any]:
    leaf, head = view.path.leaf, view.look.head
    visit = view.visit
    root = view.path.root
    return {
        "address": str(visit.endpoint),
        "names": [printable(text) for text in names.shown(names.alternative_names(leaf))],
        "version": view.look.version,
        "tls_1_2": bool(visit.older and visit.older.succeeded),
        "tls_1_3": bool(visit.newer and visit.newer.succeeded),
        "alpn": (visit.newer or view.look).alpn or (visit.older or view.look).alpn or view.look.alpn,
        "resumes": bool(visit.resumed and visit.resumed.resumed),
        "same_without_name": None if visit.by_address is None else visit.by_address.chain[:1] == view.look.chain[:1],
        "device_clock": rfc3339(head.date) if head and head.date is not None else None,
        "http_status": head.status if head else None,
        "root": printable(named(root)) if root else None,
        "root_sha256": fingerprint(root) if root else None,
        "trusted_by": list(dict.fromkeys(printable(anchor.store) for anchor in view.path.anchors)),
        "chain": [_certificate(each) for each in view.served.certificates],
    }


def _certificate(certificate: x509.Certificate) -> dict[str, str]:
    window = window_of(certificate)
    return {
        "subject": printable(named(certificate)), "issuer": printable(certificate.issuer.rfc4514_string()),
        "serial": f"{certificate.serial_number:x}", "not_before": rfc3339(window.not_before),
        "not_after": rfc3339(window.not_after), "sha256": fingerprint(certificate),
        "pem": pem.encode(pem.CERTIFICATE, path.der(certificate)),
    }  # fmt: skip


def _looks(visit: Visit) -> list[Look]:
    every = (
        visit.main,
        visit.outdated,
        visit.older,
        visit.newer,
        visit.by_address,
        visit.resumed,
        visit.fresh,
        visit.after,
    )
    return [look for look in every if look is not None]


def _look(look: Look) -> dict[str, Any]:
    return {
        "address": str(look.endpoint), "sni": look.sni, "offered": look.versions, "outcome": look.outcome,
        "words": printable(look.words), "version": look.version, "alpn": printable(look.alpn), "resumed": look.resumed,
        "certificates": len(look.chain),
    }  # fmt: skip


def _trusted(seen: Observation) -> dict[str, Any]:
    return {
        "given": [
            {
                "store": printable(root.store),
                "subject": printable(named(root.certificate)),
                "sha256": fingerprint(root.certificate),
            }
            for root in seen.roots.given
        ],
        "browsers": [printable(store) for store in seen.roots.browsers],
    }
