"""What the forms do, each by one call of `Owned` or `Acme`; nothing is decided here that those don't decide."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, WARNING
from dotlocal.device.acme.steps import Acme
from dotlocal.device.acme.transport import SYSTEM
from dotlocal.device.own_pages import evidence
from dotlocal.device.own_pages import snapshot as looking
from dotlocal.device.own_pages.asking import Asked, go, page
from dotlocal.device.own_pages.forms import Form
from dotlocal.device.own_pages.jobs import Job, Jobs
from dotlocal.device.own_pages.pages import probation
from dotlocal.device.own_pages.sessions import Session, Staged
from dotlocal.device.own_pages.switches import Switches
from dotlocal.device.owned.material import Upload
from dotlocal.device.owned.steps import Owned
from dotlocal.device.web.http import Answer

UPLOADS = ("import", "issuer-import")
# For a job, before the page says that it is under way. Long, since the answer to the form is the last page that comes
# by the certificate from before: it must say what is next, and carry the root along.
_PATIENCE_SECONDS = 25.0
_SWITCHING = ("take", "alone", "acme")
_AFTER = {"confirm": ("./", "told-confirmed"), "renew": ("acme", "told-renewed")}
_TITLES = {"alone": "take", "renew": "acme"}


class Doing:
    """The forms of one device."""

    def __init__(self, owned: Owned) -> None:
        self._owned = owned
        self._one = threading.Lock()  # an upload with its reader may take much memory: one at a time
        self.jobs = Jobs()
        self.switches = Switches()
        self.names: dict[str, Callable[[Asked, Session, Form], Answer]] = {
            "request": self._request, "import": self._import, "issuer-import": self._issuer_import, "take": self._take,
            "alone": self._alone, "issuer": self._issuer, "acme": self._acme, "acme-renew": self._renew,
            "confirm": self._confirm, "revert": self._revert,
        }  # fmt: skip

    def carry_out(self, asked: Asked, session: Session, form: Form) -> Answer:
        """Do what a form of this session's asks for; what is refused is said on the page that it came from."""
        back = {"issuer-import": "issuer", "take": "review", "acme-renew": "acme", "confirm": "probation"}
        try:
            return self.names[asked.name](asked, session, form)
        except Refused as refused:
            session.told = ("told-refused", refused)
            return go(back.get(asked.name, asked.name))

    def verdict(self, asked: Asked, session: Session) -> str:
        """What this connection proves; a proof is remembered for the session."""
        probation = asked.snapshot.probation
        if not probation:
            return evidence.UNTOLD
        found = evidence.judge(
            asked.link, self.switches.beside_earlier(asked.snapshot.awaited),
            switched=self.switches.certain(probation, asked.now), now=asked.now,
            before=session.proved == probation,
        )  # fmt: skip
        if found == evidence.PROVED:
            session.proved = probation
        return found

    def outcome(self, asked: Asked, session: Session, job: Job) -> Answer:
        """On from a job that has come to its end."""
        if job.refused:
            session.told = ("told-refused", job.refused)
            return go("acme" if job.what in ("acme", "renew") else job.what if job.what in self.names else "./")
        if job.what in _AFTER:
            where, said = _AFTER[job.what]
            session.told = (said, None)
            return go(where)
        asked.snapshot, asked.name = looking.take(self._owned), "probation"
        view = asked.view()
        if job.what in _SWITCHING and asked.snapshot.on_probation:
            anchor = self._owned.anchor() if asked.snapshot.anchor else ""
            return page(probation.switched(view, anchor))
        return page(probation.went_back(view) if job.what == "revert" else probation.probation(view))

    @staticmethod
    def title(job: Job) -> str:
        """Which words tell of it."""
        return _TITLES.get(job.what, job.what)

    def _start(self, asked: Asked, session: Session, what: str, work: Callable[[], Any]) -> Answer:
        def switch() -> None:
            work()
            self.switches.note(looking.take(self._owned).probation, monotonic())

        job = self.jobs.start(what, switch)
        return self.outcome(asked, session, job) if job.wait(_PATIENCE_SECONDS) else go("busy")

    def _request(self, asked: Asked, session: Session, form: Form) -> Answer:
        force = asked.snapshot.request is not None
        self._owned.request(form.lines("names"), form.lines("addresses"), force=force)
        return go("request")

    def _import(self, asked: Asked, session: Session, form: Form) -> Answer:
        passphrase = form.text("passphrase")
        return self._examine(
            asked, session, "import", form,
            lambda uploads: self._owned.examine(uploads, passphrase.encode() if passphrase else None),
        )  # fmt: skip

    def _issuer_import(self, asked: Asked, session: Session, form: Form) -> Answer:
        return self._examine(asked, session, "issuer", form, self._owned.examine_issuer)

    def _examine(
        self, asked: Asked, session: Session, kind: str, form: Form, examine: Callable[[list[Upload]], Any]
    ) -> Answer:
        uploads = [Upload(each.name, each.contents) for each in form.files.get("files", ())]
        if form.text("pasted").strip():
            uploads.append(Upload("the pasted text", form.text("pasted").encode()))
        if not uploads:
            raise Refused("pages-nothing", "no file was chosen and no text was pasted", hint="choose the file")
        if not self._one.acquire(blocking=False):
            raise Refused("pages-busy", "another upload is just being read", hint="try again in a moment")
        try:
            session.staged = Staged(kind, examine(uploads), asked.now)
        finally:
            self._one.release()
        return go("review")

    def _take(self, asked: Asked, session: Session, form: Form) -> Answer:
        staged = session.staged
        severities = {each.severity for each in staged.judged.findings} if staged else {ERROR}
        if staged is None or ERROR in severities or (WARNING in severities and not form.ticked("accept")):
            return go("review")
        session.staged = None
        take = self._owned.take_issuer if staged.kind == "issuer" else self._owned.take
        minutes = _minutes(form)
        return self._start(asked, session, "take", lambda: take(staged.judged, accept=True, minutes=minutes))

    def _alone(self, asked: Asked, session: Session, form: Form) -> Answer:
        within, years, minutes = form.lines("within"), _number(form, "years"), _minutes(form)
        force = form.ticked("alone-force")
        return self._start(
            asked, session, "alone",
            lambda: self._owned.self_signed(within, years=years, force=force, minutes=minutes),
        )  # fmt: skip

    def _issuer(self, asked: Asked, session: Session, form: Form) -> Answer:
        self._owned.issuer_request(form.lines("within"), force=asked.snapshot.issuer_request is not None)
        return go("issuer")

    def _acme(self, asked: Asked, session: Session, form: Form) -> Answer:
        wanted = {
            "directory": form.text("acme-directory").strip(), "names": form.lines("names"),
            "addresses": form.lines("addresses"),
            "roots": SYSTEM if form.ticked("acme-system") else form.text("acme-roots").strip(),
            "contact": form.lines("acme-contact"), "kid": form.text("acme-kid").strip(),
            "terms_agreed": form.ticked("acme-terms"),
        }  # fmt: skip
        if form.text("acme-challenge"):  # otherwise it is the product's to say, in [own.acme]
            wanted["challenge"] = form.text("acme-challenge")
        mac, minutes = form.text("acme-mac").strip(), int(_minutes(form))
        acme = Acme(self._owned.options, read_clock=self._owned.read_clock)
        return self._start(asked, session, "acme", lambda: acme.set_up(wanted, mac_key=mac, minutes=minutes))

    def _renew(self, asked: Asked, session: Session, form: Form) -> Answer:
        acme = Acme(self._owned.options, read_clock=self._owned.read_clock)
        return self._start(asked, session, "renew", lambda: acme.attempt(force=True))

    def _confirm(self, asked: Asked, session: Session, form: Form) -> Answer:
        if self.verdict(asked, session) != evidence.PROVED:
            return go("probation")
        judged = asked.link.fingerprint or min(asked.snapshot.awaited.fingerprints, default="")
        return self._start(asked, session, "confirm", lambda: self._owned.confirm(fingerprint=judged))

    def _revert(self, asked: Asked, session: Session, form: Form) -> Answer:
        to = form.text("to")
        if to not in ("", "previous", "issuer", "vendor"):
            raise Refused("pages-nothing", "nothing was chosen to go back to", hint="choose one")
        return self._start(asked, session, "revert", lambda: self._owned.revert(to))


def _minutes(form: Form) -> float:
    return float(_number(form, "minutes"))


def _number(form: Form, name: str) -> int:
    text = form.text(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
