"""What the pages are like in a real browser: axe, a small phone, the policy; and pictures of them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from administrator import Administrator, administrator
from authorities import OpenSSL
from pages_device import NAME, PagesDevice

from dotlocal.guide import LANGUAGES
from peers.children import cache
from told import Told
from tools import file, program

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("own-pages-looks")]
AXE = cache() / "bin" / "axe.min.js"
PICTURES = os.environ.get("DOTLOCAL_PICTURES")  # a folder to write those of the docs to
NAMES = ("", "request", "import", "alone", "issuer", "acme", "revert", "probation", "review")


@pytest.fixture(scope="module")
def device(told: Told, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PagesDevice]:
    """With a request that waits, and the customer's certificate on probation for an hour."""
    made = PagesDevice.copy(told, tmp_path_factory.mktemp("looks") / "press")
    yield made
    made.end_timers()


@pytest.fixture(scope="module")
def somebody(
    device: PagesDevice, openssl: OpenSSL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Administrator]:
    """Signed in, with something on probation, an upload that waits for a yes, and every request out."""
    folder = tmp_path_factory.mktemp("somebody")
    device.owned.request()
    device.owned.issuer_request()
    bundle = folder / "press.pfx"
    bundle.write_bytes(openssl.pfx(f"DNS:{NAME}", "correct horse"))
    with device.served() as port:
        with administrator(folder / "first", port, device.root) as first:
            first.opens()
            first.signs_in()
            _upload(first, bundle)
            first.browser.run("document.getElementById('minutes').value = '60'")
            if "I have read this" in first.text:
                first.ticks("accept")
            first.sends("take")
        with administrator(folder / "second", port, openssl.root) as second:
            assert second.opens() == ""
            second.signs_in()
            _upload(second, bundle)
            yield second


def _upload(who: Administrator, bundle: Path) -> None:
    who.opens("import")
    who.chooses(bundle)
    who.fills(passphrase="correct horse")
    who.sends("import")


def everything_open(who: Administrator) -> None:
    who.browser.run("document.querySelectorAll('details').forEach(each => each.open = true)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_axe_violation(somebody: Administrator, language: str) -> None:
    """Each page, light and dark, narrow and wide; all of axe's rules, best practices too. Run past the policy."""
    file(str(AXE))
    browser, found = somebody.browser, []
    for number, name in enumerate(NAMES):
        browser.screen(320 if number % 2 else 1280, dark=bool(number % 4 > 1))
        somebody.opens(f"{name}?lang={language}")
        everything_open(somebody)
        browser.run(AXE.read_text())
        report = browser.run("axe.run().then(found => found.violations)")
        found += [f"{name} {each['id']}: {each['nodes'][0]['html'][:160]}" for each in report]
    assert found == []


def test_nothing_is_wider_than_a_small_phone(somebody: Administrator) -> None:
    """320 px, in both languages, everything unfolded."""
    somebody.browser.screen(320)
    for name in NAMES:
        for language in LANGUAGES:
            somebody.opens(f"{name}?lang={language}")
            everything_open(somebody)
            assert somebody.browser.run("document.scrollingElement.scrollWidth") <= 320, (name, language)


def test_the_policy_hinders_nothing(somebody: Administrator) -> None:
    """No violation is reported, styles are there, and the countdown runs."""
    browser = somebody.browser
    browser.screen(1280)
    listener = "addEventListener('securitypolicyviolation', each => hindered.push(each.blockedURI))"
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=f"window.hindered = []; {listener}")
    for name in NAMES:
        somebody.opens(f"{name}?lang=en")
        assert browser.run("window.hindered") == [], name
    somebody.opens("probation")
    assert browser.run("getComputedStyle(document.querySelector('.state')).borderRadius") == "14px"
    before = browser.run("document.querySelector('[data-left]').textContent")
    browser.wait(f"document.querySelector('[data-left]').textContent !== '{before}'")


@pytest.mark.skipif(not PICTURES, reason="`make pictures` takes them")
def test_pictures_for_the_docs(told: Told, openssl: OpenSSL, somebody: Administrator, tmp_path: Path) -> None:
    """What docs/own-pages.md shows."""
    folder, browser = Path(PICTURES or ""), somebody.browser
    shots = [("own-review", "review", 900, "en", False), ("own-probation", "probation", 375, "en", True)]
    for name, page, width, language, dark in shots:
        browser.screen(width, dark=dark)
        somebody.opens(f"{page}?lang={language}")
        browser.picture(folder / f"{name}.png", most=1000)
    fresh = PagesDevice.copy(told, tmp_path / "press")
    with fresh.served() as port, administrator(tmp_path / "home", port, fresh.root) as visitor:
        visitor.opens()
        visitor.signs_in()
        visitor.browser.screen(900)
        visitor.opens("?lang=en")
        visitor.browser.picture(folder / "own-overview.png", most=1000)
    for name in ("own-review", "own-probation", "own-overview"):
        squeezed = ["+dither", "-colors", "128", "-define", "png:compression-level=9"]
        words = [program("convert"), str(folder / f"{name}.png"), *squeezed, str(folder / f"{name}.png")]
        subprocess.run(words, check=True, timeout=60)
