"""What is shown for a GET: pages, and files to download."""

from __future__ import annotations

from collections.abc import Callable

from dotlocal.device.own_pages.asking import Asked, download, go, page
from dotlocal.device.own_pages.doing import Doing
from dotlocal.device.own_pages.pages import acme, frame, overview, probation, review, ways
from dotlocal.device.own_pages.sessions import Session
from dotlocal.device.own_pages.view import View
from dotlocal.device.owned import proposal
from dotlocal.device.owned.steps import Owned
from dotlocal.device.web.html import Html
from dotlocal.device.web.http import Answer, failure

_PEM = "application/x-pem-file"
_REQUEST = "application/pkcs10"
_PLAIN: dict[str, Callable[[View, Html], str]] = {
    "": overview.overview, "request": ways.request, "import": ways.upload, "alone": ways.alone, "issuer": ways.issuer,
    "acme": acme.acme, "revert": probation.revert,
}  # fmt: skip


def show(asked: Asked, session: Session, doing: Doing, owned: Owned) -> Answer:
    """The answer to a GET of somebody who is in."""
    name, view = asked.name, asked.view()
    if name == "login":
        return go("./")
    if name in _PLAIN:
        return page(_PLAIN[name](view, _told(view, session)))
    if name == "probation":
        return page(probation.probation(view, _told(view, session), doing.verdict(asked, session)))
    if name == "review":
        return page(review.review(view, session.staged) if session.staged else review.gone(view))
    if name == "busy":
        job = doing.jobs.last
        if job is None:
            return go("./")
        return doing.outcome(asked, session, job) if job.done else page(probation.busy(view, doing.title(job)))
    return _file(asked, owned) or failure(404)


def _told(view: View, session: Session) -> Html:
    told, session.told = session.told, None
    return frame.told(view, told)


def _file(asked: Asked, owned: Owned) -> Answer | None:
    name, snapshot = asked.name, asked.snapshot
    if name == "request.csr" and snapshot.request:
        return download(snapshot.request.pem, "device.csr", _REQUEST)
    if name == "issuer.csr" and snapshot.issuer_request:
        return download(snapshot.issuer_request.pem, "device-ca.csr", _REQUEST)
    if name == "device-ca.cnf" and snapshot.issuer_request:
        wanted = proposal.asked(snapshot.issuer_request.request)
        return download(proposal.openssl_section(wanted), "device-ca.cnf", "text/plain; charset=utf-8")
    if name == "root.pem" and snapshot.anchor:
        return download(owned.anchor(), "device-root.pem", _PEM)
    return None
