"""Chromium as a visitor's browser: a fresh profile, every name of the device at 127.0.0.1, led by DevTools."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from help_visitor import Visitor

from peers.chromium import FLAGS, DevTools
from peers.peer import Trouble

_OWN = [flag for flag in FLAGS if not flag.startswith(("--host-resolver-rules", "--proxy-bypass-list"))]


class Chromium(Visitor):
    """A running browser with one tab. `home` outlives it, so that the next one has its exceptions and its roots."""

    between_documents = (Trouble, AssertionError)
    database = Path(".pki/nssdb")  # where it keeps its roots, below its home

    def __init__(self, home: Path, names: Sequence[str]) -> None:
        rules = ", ".join(f"MAP {name} 127.0.0.1" for name in names)
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        flags = [*_OWN, f"--user-data-dir={home / 'profile'}", f"--host-resolver-rules={rules}", *sandbox]
        self._tools = DevTools("chromium", flags, home=home)
        target = self._tools.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._tools.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        return self._tools.call(method, self._session, **parameters)

    def open(self, url: str) -> str:
        """Load a page, to its end; the browser's error where it doesn't show it."""
        opened = self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")
        error: str = opened.get("errorText", "")
        return error

    def run(self, expression: str) -> Any:
        """What an expression (or a promise) is worth in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click_through(self, url: str) -> None:
        """Open an address that the browser warns about, and go on all the same, as people do."""
        assert self.open(url).startswith("net::ERR_CERT_")
        self.wait("!!document.querySelector('#details-button')")
        self.run("document.querySelector('#details-button').click()")
        self.run("document.querySelector('#proceed-link').click()")
        self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def screen(self, width: int, height: int = 800, *, dark: bool = False, scale: int = 1) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )
        self.call("Emulation.setScrollbarsHidden", hidden=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, path: Path, *, most: int = 10_000) -> None:
        """A picture of the page, from its top, at most so high."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], most), "scale": 1}
        taken = self.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def close(self) -> None:
        """End it in good order, so that the profile is written."""
        try:
            self._tools.call("Browser.close")
            time.sleep(0.3)
        finally:
            self._tools.close()
