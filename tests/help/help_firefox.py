"""Firefox as a visitor's browser: a fresh profile, every name of the device at 127.0.0.1, led by Marionette."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from help_visitor import Visitor

from peers.children import Child
from peers.firefox import CommandFailed, Marionette, preferences


class Firefox(Visitor):
    """A running browser with one tab. `home` outlives it, so that the next one has its exceptions and its roots."""

    between_documents = (CommandFailed,)
    database = Path("profile")  # where it keeps its roots, below its home

    def __init__(self, home: Path, names: Sequence[str]) -> None:
        with ExitStack() as started:
            profile = home / "profile"
            profile.mkdir(exist_ok=True)
            wanted = {name: value for name, value in preferences(0).items() if "proxy" not in name}
            wanted |= {
                "network.proxy.type": 0, "network.dns.disabled": False, "network.dns.localDomains": ",".join(names),
                "intl.accept_languages": "en", "dom.security.https_first": False,
            }  # fmt: skip
            lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items()]
            (profile / "user.js").write_text("".join(lines))
            (profile / "MarionetteActivePort").unlink(missing_ok=True)
            watched = '"$0" "$@" </dev/null & read -r _; kill -KILL 0'
            flags = [
                "--headless",
                "--no-remote",
                "--marionette",
                "--remote-allow-system-access",
                "--profile",
                str(profile),
            ]
            started.enter_context(closing(Child(["sh", "-c", watched, "firefox-esr", *flags], home=home)))
            self._marionette = started.enter_context(closing(Marionette(profile / "MarionetteActivePort")))
            self.call("WebDriver:NewSession", acceptInsecureCerts=False)
            self._started = started.pop_all()

    def call(self, command: str, **parameters: object) -> Any:
        return self._marionette.call(command, **parameters)

    def open(self, url: str) -> str:
        """Load a page, to its end; the browser's error where it doesn't show it."""
        try:
            self.call("WebDriver:Navigate", url=url)
        except CommandFailed as failure:
            return failure.error
        return ""

    def run(self, expression: str) -> Any:
        """What an expression is worth in the page."""
        return self.call("WebDriver:ExecuteScript", script=f"return {expression}", args=[])["value"]

    def click_through(self, url: str) -> None:
        """Open an address that the browser warns about, and go on all the same, as people do."""
        assert self.open(url) == "insecure certificate"
        card = "document.querySelector('net-error-card').shadowRoot.querySelector"
        self.wait(f"!!{card}('#advanced-button')")
        self.run(f"{card}('#advanced-button').click()")
        # The button is dead for some seconds, so that people read, and it is gone with the warning; a click while the
        # page is already being loaded would load it once more.
        click = f"(window.again = Date.now() + 3000, {card}('#exception-button').click())"
        clicked = f"(Date.now() > (window.again ?? 0) && {click}, false)"
        self.wait(f"!document.documentURI.startsWith('about:') || {clicked}")
        self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def picture(self, path: Path) -> None:
        taken = self.call("WebDriver:TakeScreenshot", full=True)
        path.write_bytes(base64.b64decode(taken["value"]))

    def close(self) -> None:
        self._started.close()
