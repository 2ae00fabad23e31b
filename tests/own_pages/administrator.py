"""Somebody in front of a real browser, on the device's own pages."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from help_chromium import Chromium
from help_roots import import_root
from help_visitor import PATIENCE
from pages_device import ADDRESS, NAME, PASSWORD

from tools import program


class Administrator:
    """A browser at a port of the device's."""

    def __init__(self, browser: Chromium, port: int, home: Path) -> None:
        self.browser = browser
        self._home = home
        self._port = port

    def address(self, page: str = "", host: str = NAME) -> str:
        return f"https://{host}:{self._port}/{page}"

    def opens(self, page: str = "", host: str = NAME) -> str:
        """Load a page; the browser's error where it shows none."""
        return self.browser.open(self.address(page, host))

    def signs_in(self, password: str = PASSWORD) -> None:
        self.fills(password=password)
        self.sends("login")

    def fills(self, **fields: str) -> None:
        """Write into fields, by their names with hyphens written as underscores."""
        for name, value in fields.items():
            chosen = f"document.getElementsByName({json.dumps(name.replace('_', '-'))})[0]"
            self.browser.run(f"{chosen}.value = {json.dumps(value)}")

    def ticks(self, *ids: str) -> None:
        for each in ids:
            self.browser.run(f"document.getElementById({json.dumps(each)}).checked = true")

    def chooses(self, *paths: Path) -> None:
        """Files, in the one field for them."""
        root = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        found = self.browser.call("DOM.querySelector", nodeId=root, selector="input[type=file]")["nodeId"]
        self.browser.call("DOM.setFileInputFiles", nodeId=found, files=[str(path) for path in paths])

    def sends(self, action: str) -> None:
        """Press the button of a form, and wait for the page that comes."""
        button = f'form[action="{action}"] button'
        self._presses(f"document.querySelector({json.dumps(button)})")

    def follows(self, words: str) -> None:
        """Press a link, and wait for the page that comes."""
        self._presses(f"[...document.links].find(each => each.textContent.includes({json.dumps(words)}))")

    def _presses(self, what: str) -> None:
        self.browser.run("window.before = true")
        self.browser.run(f"{what}.click()")  # at once: a page that may run no script has no timers
        self.browser.wait("!window.before && document.readyState === 'complete'")

    def downloads(self, name: str) -> str:
        """Follow a link to a file, and read what the browser has kept."""
        folder = self._home / "downloads"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.browser.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.browser.run(
            f"document.querySelector('a[href={json.dumps(name)}], a[download={json.dumps(name)}]').click()"
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            done = [path for path in folder.iterdir() if not path.name.endswith(".crdownload") and path.stat().st_size]
            if done:
                return done[0].read_text()
            time.sleep(0.05)
        raise AssertionError(f"{name} never came")

    def waits(self) -> None:
        """Until nothing is under way any more."""
        self.browser.wait("document.readyState === 'complete' && !location.pathname.endsWith('/busy')")

    @property
    def page(self) -> str:
        return str(self.browser.run("location.pathname.slice(1)"))

    @property
    def text(self) -> str:
        return str(self.browser.run("document.body.innerText"))


@contextmanager
def administrator(home: Path, port: int, root: Path | None, *, scripts: bool = True) -> Iterator[Administrator]:
    """Somebody whose browser has one root of ours, or none, and runs the scripts of pages or doesn't."""
    program("chromium")
    program("certutil")
    home.mkdir(exist_ok=True)
    if root:
        import_root(root, home / Chromium.database)
    with closing(Chromium(home, [NAME, ADDRESS])) as browser:
        browser.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        yield Administrator(browser, port, home)
