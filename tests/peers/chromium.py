"""Chromium, headless, one per root, led by its DevTools protocol."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from .browser import Browser, BrowserPerRoot
from .children import ANSWER_SECONDS, START_SECONDS, Child, Scratch, lacking
from .nss import trust
from .peer import Trouble, Verdict, origin
from .tunnel import Tunnel

FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--password-store=basic",
    # Nothing is looked up, and the tunnel is the only way out, for loopback addresses as well.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",
)


class Chromium(BrowserPerRoot):
    id = "chromium"

    def missing(self) -> str | None:
        return lacking("chromium", package="chromium") or lacking("certutil", package="libnss3-tools")

    def start(self, root: Path) -> Browser:
        with ExitStack() as made:
            scratch = made.enter_context(closing(Scratch()))
            trust(root, scratch.path / ".pki" / "nssdb")
            return RunningChromium(scratch.path, scratch.path / "profile", after=made.pop_all())


class RunningChromium:
    """A running Chromium of the person whose home this is, with the tunnel as its proxy; `after` is closed with it, and
    `inside` are words in front of its command.
    """

    def __init__(
        self,
        home: Path,
        folder: Path,
        *,
        after: ExitStack | None = None,
        inside: Sequence[str] = (),
        **environment: str,
    ) -> None:
        with after or ExitStack() as started:
            self._tunnel = started.enter_context(closing(Tunnel()))
            profile, proxy = f"--user-data-dir={folder}", f"--proxy-server=http://127.0.0.1:{self._tunnel.port}"
            sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
            program, *words = *inside, "chromium", *FLAGS, profile, proxy, *sandbox
            tools = DevTools(program, words, home=home, **environment)
            self._tools = started.enter_context(closing(tools))
            self._started = started.pop_all()

    def visit(self, host: str, port: int) -> Verdict:
        """Open the page in a browser context of its own, which shares no connection and no cache with the others."""
        self._tunnel.lead(host, port)
        call = self._tools.call
        context = call("Target.createBrowserContext")["browserContextId"]
        target = call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network"):
            call(f"{domain}.enable", session)
        opened = call("Page.navigate", session, url=origin(host, port))
        verdict = _refusal(opened["errorText"]) if "errorText" in opened else self._seen(session)
        call("Target.disposeBrowserContext", browserContextId=context)
        return verdict

    def close(self) -> None:
        self._started.close()

    def _seen(self, session: str) -> Verdict:
        """What the page's own response says of its security, once the page has loaded."""
        self._tools.event(session, "Page.loadEventFired")
        response = self._tools.event(session, "Network.responseReceived")["response"]
        shown = self._tools.call("Runtime.evaluate", session, expression="document.body.innerText", returnByValue=True)
        if response["securityState"] != "secure":
            return Verdict(False, f"shown as {response['securityState']}")
        text = " ".join(shown["result"]["value"].split())
        return Verdict(True, f"{response['status']}, {response['securityState']}: {text[:80]}")


def _refusal(error: str) -> Verdict:
    if error.startswith(("net::ERR_CERT_", "net::ERR_SSL_SERVER_CERT_")):
        return Verdict(False, error)
    raise Trouble(error)


class DevTools:
    """A browser started with `--remote-debugging-pipe`: JSON messages, each ended by a zero byte."""

    def __init__(self, program: str, flags: list[str], *, home: Path, **environment: str) -> None:
        # The browser reads from descriptor 3 and writes to 4: they become our pipes to its standard input and output.
        moved = 'exec "$0" "$@" --remote-debugging-pipe 3<&0 4>&1 </dev/null >&2'
        self._child = Child(["sh", "-c", moved, program, *flags], home=home, **environment)
        self._received = b""
        self._last_id = 0
        self._patience = START_SECONDS
        self._events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Send a command and wait for its result; the events that come meanwhile are kept."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._child.send(json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self._patience
        while True:
            answer = self._next(deadline)
            if answer.get("id") != self._last_id:
                self._events.append(answer)
                continue
            self._patience = ANSWER_SECONDS
            if "error" in answer:
                raise Trouble(f"{method}: {answer['error']}")
            result: dict[str, Any] = answer["result"]
            return result

    def event(self, session: str, method: str) -> dict[str, Any]:
        """The first event of this kind in a session, waited for if it has not come yet."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            for event in self._events:
                if event.get("method") == method and event.get("sessionId") == session:
                    parameters: dict[str, Any] = event["params"]
                    return parameters
            self._events.append(self._next(deadline))

    def close(self) -> None:
        self._child.close()

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._received:
            self._received += self._child.receive(deadline)
        message, _, self._received = self._received.partition(b"\0")
        parsed: dict[str, Any] = json.loads(message)
        return parsed
