"""The pages on plain HTTP, and the probe beside them: what `device serve` opens when it is told to."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic
from urllib.parse import unquote_to_bytes

from dotlocal.core.errors import Refused
from dotlocal.device.help import facts
from dotlocal.device.help.answering import Probe
from dotlocal.device.help.app import PROBE_PORT, Help, application
from dotlocal.device.help.front import Door, Front
from dotlocal.device.help.probe_set import ProbeSet, Shown
from dotlocal.device.help.tokens import Tokens
from dotlocal.device.serve import acme_http
from dotlocal.device.serve.listener import Listener, bind
from dotlocal.device.serve.notices import Notices
from dotlocal.device.web.http import Answer, Request
from dotlocal.host import clock

_STACK = 512 * 1024
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Offer:
    """What to offer where; `pages` or `probe` may be missing, and are then somebody else's. Refuses `no-such-port`."""

    run: str
    pages: tuple[str, int] | None
    probe: tuple[str, int] | None
    redirect: bool = False
    hsts: bool = False

    def __post_init__(self) -> None:
        for listen in (self.pages, self.probe):
            if listen and not 0 <= listen[1] <= 65535:
                raise Refused("no-such-port", f"{listen[1]} is no port: 0 to 65535")


class Opened:
    """Bound and not yet served, so that root can be given up in between."""

    __slots__ = ("_offer", "_pages", "_probe")

    def __init__(self, offer: Offer, pages: Listener | None, probe: Listener | None) -> None:
        self._offer = offer
        self._pages = pages
        self._probe = probe

    def front(self, notices: Notices, https_port: int = 443) -> Front:
        """Listen, as whoever this process is by now, and say where; to be run. `https_port` is where the pages lead."""
        offer, doors = self._offer, []
        if self._pages:
            port = self._probe.getsockname()[1] if self._probe else (offer.probe or ("", PROBE_PORT))[1]
            app = application(
                offer.run, https_port=https_port, probe_port=port, redirect=offer.redirect, hsts=offer.hsts
            )
            doors.append(Door(self._pages, lambda request, *_: _challenge(offer.run, request) or _page(app, request)))
        if self._probe:
            certificates = ProbeSet(
                offer.run, say=lambda line: notices.rarely("probe", line), clock=monotonic, started=clock.uptime()
            )
            tokens = Tokens(lambda: os.urandom(16), monotonic)
            probe = Probe(lambda: facts.look(offer.run), tokens, hsts=offer.hsts)

            def answer(request: Request, shown: Shown | None, client: str) -> Answer:
                return probe.answer(request, shown, alive=certificates.certificate(client) is not None)

            doors.append(Door(self._probe, answer, certificates.certificate))
        front = Front(doors, notices=notices, clock=monotonic)
        self._tell(notices, https_port)
        return front

    def _tell(self, notices: Notices, https_port: int) -> None:
        for name, each in (("help pages", self._pages), ("the probe", self._probe)):
            if each:
                host, port = each.getsockname()[:2]
                notices.say(f"{name} on {host} port {port}")
        if self._offer.hsts and https_port != 443:
            notices.say("warning: browsers that insist on HTTPS will look for it on port 443, and not find it")
        found = facts.look(self._offer.run)
        if found and not found.probed and found.report.get("served", "vendor") == "vendor":
            notices.say(
                "warning: boot made nothing for the help pages: device.toml wants [serve] http_listen, and a boot"
            )

    @contextmanager
    def served(self, notices: Notices, https_port: int) -> Iterator[None]:
        """Serve in a thread beside this one, for as long as the context lasts."""
        front = self.front(notices, https_port)
        before = threading.stack_size(_STACK)
        thread = threading.Thread(target=front.run, name="help", daemon=True)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
        try:
            yield
        finally:
            front.end()
            thread.join(_PATIENCE_SECONDS)
            front.close()


@contextmanager
def opened(offer: Offer) -> Iterator[Opened]:
    """Bind what is offered; refuses as `listener.bind` does."""
    with ExitStack() as stack:
        pages, probe = (stack.enter_context(bind(listen)) if listen else None for listen in (offer.pages, offer.probe))
        yield Opened(offer, pages, probe)


def _challenge(run: str, request: Request) -> Answer | None:
    """A customer's CA that asks whether a name is this device's, by whatever name it asks."""
    found = acme_http.answer(run, request.path)
    return Answer(200, (("Content-Type", "application/octet-stream"),), found) if found else None


def _page(app: Help, request: Request) -> Answer:
    fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in request.fields.items()}
    return app.answer({
        **fields, "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "QUERY_STRING": request.query,
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"), "wsgi.url_scheme": "http",
    })  # fmt: skip
