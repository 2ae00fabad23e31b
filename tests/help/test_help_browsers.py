"""Real browsers on the help pages: red, red after exceptions, green after the import, red after the removal."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from help_chromium import Chromium
from help_device import HOST, Device, Ports
from help_firefox import Firefox
from help_roots import import_root, remove_root

from dotlocal.device.help import application
from dotlocal.device.help.app import Help
from dotlocal.guide import LANGUAGES, PLATFORMS
from installed import PROJECT
from peers.children import cache
from tools import file, program

Browser = type[Chromium] | type[Firefox]

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("help-browsers")]
AXE = cache() / "bin" / "axe.min.js"
PICTURES = os.environ.get("DOTLOCAL_PICTURES")  # a folder to write those of the docs to
MOST = 100_000


@contextmanager
def visiting(browser: Browser, home: Path) -> Iterator[Chromium | Firefox]:
    program("chromium" if browser is Chromium else "firefox-esr")
    program("certutil")
    with closing(browser(home, [HOST])) as started:
        yield started


@pytest.fixture(scope="module")
def served(device: Device, service: Ports) -> Ports:
    """The service, for all that only look."""
    device.settle()
    return service


def page(ports: Ports, query: str = "lang=en") -> str:
    return f"http://{HOST}:{ports.pages}/?{query}"


BROWSERS = [pytest.param(Chromium, id="chromium"), pytest.param(Firefox, id="firefox")]


@pytest.mark.parametrize("browser", BROWSERS)
def test_red_then_red_after_exceptions_then_green_then_red(
    browser: Browser, device: Device, served: Ports, tmp_path: Path
) -> None:
    """A fresh profile; warnings clicked away at the web interface and at the probe itself; the root in, and out."""
    with visiting(browser, tmp_path) as visitor:
        assert visitor.open(page(served)) == ""
        assert visitor.state() == "untrusted"
        for port, shown in ((served.https, "the device's own pages"), (served.probe, "Forbidden")):
            visitor.click_through(f"https://{HOST}:{port}/")
            assert shown in visitor.run("document.body.innerText")
            assert visitor.open(page(served)) == ""
            assert visitor.state() == "untrusted"
        assert visitor.run("document.querySelector('[data-state=trusted]').hidden")
    import_root(device.root, tmp_path / browser.database)
    with visiting(browser, tmp_path) as visitor:
        visitor.open(page(served))
        assert visitor.state() == "trusted"
        assert visitor.run("document.querySelector('[data-state=trusted] a').href") == f"https://{HOST}:{served.https}/"
    remove_root(tmp_path / browser.database)
    with visiting(browser, tmp_path) as visitor:
        visitor.open(page(served))
        assert visitor.state() == "untrusted"


@pytest.mark.parametrize("browser", [BROWSERS[0], pytest.param(Firefox, id="firefox", marks=pytest.mark.long)])
def test_only_a_browser_that_trusts_is_sent_on_and_insists(browser: Browser, device: Device, tmp_path: Path) -> None:
    """`redirect` and `hsts`, and a browser that has clicked the warning away: it stays, and may come back by http.

    Once it trusts, it is led to the secure address, and doesn't come back by http.
    """
    device.configure("redirect = true\nhsts = true\n")
    device.boot()
    with device.served() as ports:
        front = f"http://{HOST}:{ports.pages}/"
        with visiting(browser, tmp_path) as visitor:
            visitor.open(front)
            assert visitor.state() == "untrusted"
            visitor.click_through(f"https://{HOST}:{ports.probe}/")
            visitor.open(front)
            assert visitor.state() == "untrusted"
            assert visitor.run("location.href") == front
        import_root(device.root, tmp_path / browser.database)
        with visiting(browser, tmp_path) as visitor:
            visitor.open(front)
            visitor.wait(f"location.href === 'https://{HOST}:{ports.https}/'")
            assert visitor.open(front) != ""  # it asks for https there, where no TLS is spoken


@pytest.mark.parametrize("browser", [BROWSERS[0], pytest.param(Firefox, id="firefox", marks=pytest.mark.long)])
def test_a_page_that_came_by_https_is_not_deceived(browser: Browser, device: Device, tmp_path: Path) -> None:
    """Mounted in the device's own interface: green with the root, and never without it, past the warning."""
    app: list[Help] = []

    def trust(environ: Any, start_response: Any) -> Any:
        return app[0](environ, start_response)  # made once its ports are known

    with mounted(trust) as behind:
        device.configure()
        text = device.config.read_text()
        device.config.write_text(re.sub(r"folder = .*", f'to = "127.0.0.1:{behind}"', text))
        device.boot()
        with device.served() as ports:
            app.append(application(str(device.run), https_port=ports.https, probe_port=ports.probe))
            with visiting(browser, tmp_path) as visitor:
                visitor.click_through(f"https://{HOST}:{ports.https}/")
                assert visitor.state() == ("untrusted" if browser is Chromium else "unknown")
            import_root(device.root, tmp_path / browser.database)
            with visiting(browser, tmp_path) as visitor:
                visitor.open(f"https://{HOST}:{ports.https}/")
                assert visitor.state() == "trusted"


def test_a_closed_probe_is_not_taken_for_distrust(device: Device, tmp_path: Path) -> None:
    """Nobody is on the probe's port, as behind a firewall: the page can't tell, and says which port it is about."""
    device.settle()
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with mounted(application(str(device.run), probe_port=port)) as pages, visiting(Chromium, tmp_path) as visitor:
            held.close()
            visitor.open(f"http://{HOST}:{pages}/?lang=en")
            assert visitor.state() == "unknown"
            assert f"Port {port} " in visitor.run("document.getElementById('state').innerText")


class _Silent(WSGIRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def mounted(app: Any) -> Iterator[int]:
    """The pages in a web server that isn't ours."""
    server = make_server("127.0.0.1", 0, app, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


# What the pages are like


@pytest.fixture(scope="module")
def visitor(served: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with visiting(Chromium, tmp_path_factory.mktemp("visitor")) as started:
        assert isinstance(started, Chromium)
        yield started


SHOW = """
document.querySelectorAll('details').forEach(each => each.open = true);
document.querySelectorAll('[data-state]').forEach(each => each.hidden = each.dataset.state !== %s);
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_axe_violation(visitor: Chromium, served: Ports, language: str) -> None:
    """Each platform, light and dark, narrow and wide, whatever the box says; all of axe's rules, best practices too."""
    file(str(AXE))
    found = []
    for number, platform in enumerate(PLATFORMS):  # each of the four screens with more than one of them
        visitor.screen(320 if number % 2 else 1280, dark=bool(number % 4 > 1))
        visitor.open(page(served, f"platform={platform.key}&lang={language}"))
        visitor.state()
        visitor.run(AXE.read_text())
        for state in ("trusted", "untrusted", "unknown", "wait") if number in (0, 2) else ("untrusted",):
            visitor.run(SHOW % json.dumps(state))
            report = visitor.run("axe.run().then(found => found.violations)")
            found += [f"{platform.key} {state} {each['id']}: {each['nodes'][0]['html'][:120]}" for each in report]
    assert found == []


def test_nothing_is_wider_than_a_small_phone(visitor: Chromium, served: Ports) -> None:
    """320 px, in both languages, everything unfolded: no scrolling to the side."""
    visitor.screen(320)
    for platform in PLATFORMS:
        for language in LANGUAGES:
            visitor.open(page(served, f"platform={platform.key}&lang={language}"))
            visitor.run(SHOW % '"unknown"')
            assert visitor.run("document.scrollingElement.scrollWidth") <= 320, (platform.key, language)


def test_a_page_weighs_little_with_all_that_it_loads(visitor: Chromium, served: Ports) -> None:
    """As the browser counts it: the page, its style, its script, its icon."""
    visitor.screen(1280)
    for platform in PLATFORMS:
        visitor.open(page(served, f"platform={platform.key}&lang=de"))
        visitor.state()
        entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        weight = visitor.run(f"{entries}.reduce((sum, each) => sum + each.transferSize, 0)")
        assert 5_000 < weight < MOST


def test_the_policy_hinders_nothing_that_the_page_does(visitor: Chromium, served: Ports) -> None:
    """No violation is reported, whether by styles, the script or the probe."""
    listener = "addEventListener('securitypolicyviolation', each => hindered.push(each.blockedURI))"
    visitor.call("Page.addScriptToEvaluateOnNewDocument", source=f"window.hindered = []; {listener}")
    visitor.open(page(served))
    visitor.state()
    assert visitor.run("window.hindered") == []
    assert visitor.run("getComputedStyle(document.querySelector('.button')).borderRadius") == "10px"


def test_without_javascript_everything_but_the_probe_is_there(visitor: Chromium, served: Ports) -> None:
    """Steps, file, choice of the platform; and how to check by hand, in place of the probe."""
    visitor.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        visitor.open(page(served, "platform=ios&lang=en"))
        text = visitor.run("document.body.innerText")
        assert "To find out by itself, this page needs JavaScript. Check by hand: open https://press-07.local" in text
        assert "If a warning appears, go back" in text
        assert "Looking whether" not in text
        assert "Certificate Trust Settings" in text
        visitor.open(page(served, "platform=windows&lang=de"))
        assert "Vertrauenswürdige Stammzertifizierungsstellen" in visitor.run("document.body.innerText")
    finally:
        visitor.call("Emulation.setScriptExecutionDisabled", value=False)


def test_the_keyboard_reaches_everything_in_order(visitor: Chromium, served: Ports) -> None:
    """Language, box, platforms, file: by the tab key, each with a visible focus."""
    visitor.screen(1280)
    visitor.open(page(served))
    assert visitor.state() == "untrusted"
    reached = []
    for _ in range(4):
        for kind in ("keyDown", "keyUp"):
            visitor.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(visitor.run("document.activeElement.innerText.trim()"))
        assert visitor.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["Auf Deutsch", "Look again", "Another system or browser?", "Download the certificate"]


@pytest.mark.skipif(not PICTURES, reason="`make pictures` takes them")
def test_pictures_for_the_docs(device: Device, served: Ports, tmp_path: Path) -> None:
    """What docs/help-pages.md shows: before and after the import, and a phone in the dark."""
    folder = Path(PICTURES or "")
    shots: list[tuple[str, str, dict[str, object], str]] = [
        ("help-untrusted.png", "platform=windows&lang=en", {"width": 900}, "untrusted"),
        ("help-phone.png", "platform=ios&lang=de", {"width": 375, "dark": True}, "untrusted"),
        ("help-trusted.png", "platform=windows&lang=en", {"width": 900}, "trusted"),
    ]
    for name, query, screen, state in shots:
        if state == "trusted":
            import_root(device.root, tmp_path / Chromium.database)
        with visiting(Chromium, tmp_path) as visitor:
            assert isinstance(visitor, Chromium)
            visitor.screen(**screen)  # type: ignore[arg-type]
            visitor.open(page(served, query))
            assert visitor.state() == state
            visitor.picture(folder / name, most=1000)
        program("convert")
        squeezed = [
            "convert",
            folder / name,
            "+dither",
            "-colors",
            "128",
            "-define",
            "png:compression-level=9",
            folder / name,
        ]
        subprocess.run(squeezed, check=True, timeout=60)
    assert all((PROJECT / "docs" / "images" / name).exists() for name, *_ in shots)
