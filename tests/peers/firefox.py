"""Firefox, headless, one per root, led by Marionette, the protocol that it was born with."""

from __future__ import annotations

import json
import re
import socket
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


def preferences(proxy_port: int) -> dict[str, object]:
    """Everything through the tunnel, loopback addresses too, and no network of its own."""
    return {
        "marionette.port": 0,
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": proxy_port,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": proxy_port,
        "network.proxy.no_proxies_on": "",
        "network.proxy.allow_hijacking_localhost": True,
        # Without these it asks for updates of its own settings directly, when the tunnel refuses them.
        "network.proxy.allow_bypass": False,
        "network.proxy.failover_direct": False,
        "network.dns.disabled": True,
        "network.trr.mode": 5,
        "network.dns.disablePrefetch": True,
        "network.captive-portal-service.enabled": False,
        "network.connectivity-service.enabled": False,
        "security.OCSP.enabled": 0,
        "services.settings.server": "data:,",
        "app.update.enabled": False,
        "browser.shell.checkDefaultBrowser": False,
        "datareporting.policy.dataSubmissionEnabled": False,
        "toolkit.telemetry.enabled": False,
        "browser.safebrowsing.malware.enabled": False,
        "browser.safebrowsing.phishing.enabled": False,
    }


class Firefox(BrowserPerRoot):
    id = "firefox"

    def missing(self) -> str | None:
        return lacking("firefox-esr", package="firefox-esr") or lacking("certutil", package="libnss3-tools")

    def start(self, root: Path) -> Browser:
        with ExitStack() as made:
            scratch = made.enter_context(closing(Scratch()))
            trust(root, scratch.path / "profile")
            return RunningFirefox(scratch.path, scratch.path / "profile", after=made.pop_all())


class RunningFirefox:
    """A running Firefox with this profile, and the tunnel as its proxy; `after` is closed with it, and `inside` are
    words in front of its command.
    """

    def __init__(
        self, home: Path, profile: Path, *, after: ExitStack | None = None, inside: Sequence[str] = ()
    ) -> None:
        with after or ExitStack() as started:
            self._tunnel = started.enter_context(closing(Tunnel()))
            settings = preferences(self._tunnel.port).items()
            lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings]
            (profile / "user.js").write_text("".join(lines))
            # Unlike Chromium, it does not notice when whoever started it is gone. The shell does: its input ends.
            watched = '"$0" "$@" </dev/null & read -r _; kill -KILL 0'
            flags = ["--headless", "--no-remote", "--marionette", "--profile", str(profile)]
            started.enter_context(closing(Child(["sh", "-c", watched, *inside, "firefox-esr", *flags], home=home)))
            self._marionette = started.enter_context(closing(Marionette(profile / "MarionetteActivePort")))
            self._marionette.call("WebDriver:NewSession", acceptInsecureCerts=False)
            self._started = started.pop_all()

    def visit(self, host: str, port: int) -> Verdict:
        """Open the page in the browser's one tab."""
        self._tunnel.lead(host, port)
        try:
            self._marionette.call("WebDriver:Navigate", url=origin(host, port))
        except CommandFailed as failure:
            return self._refusal(failure)
        shown = self._evaluate("[document.documentURI, window.isSecureContext, document.body.innerText]")
        if not shown[0].startswith("https:") or not shown[1]:
            raise Trouble(f"shown: {shown}")
        text = " ".join(shown[2].split())
        return Verdict(True, f"secure: {text[:80]}")

    def close(self) -> None:
        self._started.close()

    def _refusal(self, failure: CommandFailed) -> Verdict:
        if failure.error == "insecure certificate":
            # A function that only the browser's own error page has.
            return Verdict(False, self._evaluate("document.getFailedCertSecurityInfo().errorCodeString"))
        # What no user may override is another kind of error page, with the code in its address.
        if code := re.search(r"(SEC|SSL|MOZILLA_PKIX)_ERROR_\w+", failure.message):
            return Verdict(False, code[0])
        raise Trouble(str(failure))

    def _evaluate(self, expression: str) -> Any:
        return self._marionette.call("WebDriver:ExecuteScript", script=f"return {expression}", args=[])["value"]


class CommandFailed(Exception):
    """Marionette's answer to a command that it could not carry out."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error = error
        self.message = message


class Marionette:
    """A connection to Marionette: JSON messages, each with its length and a colon in front."""

    def __init__(self, port_file: Path) -> None:
        port = _written(port_file)
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS + START_SECONDS)
        self._stream = self._socket.makefile("rb")
        self._last_id = 0
        self._receive()

    def call(self, command: str, **parameters: object) -> dict[str, Any]:
        self._last_id += 1
        message = json.dumps([0, self._last_id, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._receive()
        if error:
            raise CommandFailed(error["error"], error["message"])
        return result or {}

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            more = self._stream.read(1)
            if not more:
                raise Trouble("the browser ended")
            length += more
        return json.loads(self._stream.read(int(length[:-1])))


def _written(port_file: Path) -> int:
    """The port that the browser writes down once it listens."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if port_file.exists() and (text := port_file.read_text().strip()):
            return int(text)
        time.sleep(0.05)
    raise Trouble("the browser does not start")
