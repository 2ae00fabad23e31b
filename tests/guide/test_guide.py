"""What people are told: the same in each language, complete on each platform, and never to click a warning away."""

from __future__ import annotations

import re
from dataclasses import fields
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotlocal import guide
from dotlocal.guide import FACTS, LANGUAGES, PLATFORMS, Told, detect, english, german, markup

ALL = [(platform.key, language) for platform in PLATFORMS for language in LANGUAGES]
LISTS = ("install", "check", "remove", "notes", "warnings")


def texts(told: Told) -> list[str]:
    single = [getattr(told, field.name) for field in fields(told) if field.name not in LISTS]
    return [*single, *(text for name in LISTS for text in getattr(told, name))]


def marked(told: Told, name: str) -> list[str]:
    """What is typed in each text of a list: the same in every language."""
    return [code for text in getattr(told, name) for code in re.findall(r"`([^`]+)`", text)]


def test_languages_have_the_same_keys():
    """English ↔ German ↔ the table of platforms."""
    keys = [platform.key for platform in PLATFORMS]
    assert list(english.TOLD) == list(german.TOLD) == keys


@pytest.mark.parametrize("key", english.TOLD)
def test_languages_tell_the_same_steps(key):
    """As many steps, notes and warnings, and the same commands and facts in them."""
    ours, theirs = english.TOLD[key], german.TOLD[key]
    for name in LISTS:
        assert len(getattr(ours, name)) == len(getattr(theirs, name)), name
        typed = [each for each in marked(ours, name) if each != "no"]
        assert typed == [each for each in marked(theirs, name) if each != "nein"], name
    assert ours != theirs


@pytest.mark.parametrize(("key", "language"), ALL)
def test_every_text_is_whole(key, language):
    """Known facts only, markup that closes, no blank ends."""
    for text in texts(guide.told(key, language)):
        facts = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        assert facts <= set(FACTS), text
        assert text == text.strip(), text
        assert "*" not in markup.plain(text), text
        assert "`" not in markup.plain(text), text


@pytest.mark.parametrize(("key", "language"), ALL)
def test_nobody_imports_without_comparing_the_fingerprint(key, language):
    """The file came without any trust: one step of the import compares it with the label."""
    word, label = {"en": ("ompare the fingerprint", "label"), "de": ("ergleichen Sie den Fingerabdruck", "Etikett")}[
        language
    ]
    steps = [step for step in guide.told(key, language).install if word in step]
    assert len(steps) == 1
    assert label in steps[0]


@pytest.mark.parametrize(("key", "language"), ALL)
def test_nobody_is_told_to_click_a_warning_away(key, language):
    """None of the buttons with which browsers let people pass a certificate error."""
    buttons = "proceed|unsafe|accept the risk|add exception|visit this website|risiko akzeptieren|ausnahme|unsicher"
    for text in texts(guide.told(key, language)):
        assert not re.search(buttons, text, re.I), text


def test_the_steps_that_people_miss_are_there():
    """Half of an iPhone's import, Windows' store, Android's apps, Firefox's own store."""
    ios, windows = english.TOLD["ios"], english.TOLD["windows"]
    assert any("**Certificate Trust Settings**" in step for step in ios.install)
    assert any("**Trusted Root Certification Authorities**" in step for step in windows.install)
    assert any("Apps mostly do not trust" in warning for warning in english.TOLD["android"].warnings)
    assert any("Trust this CA to identify websites" in step for step in english.TOLD["firefox"].install)


AGENTS = {
    "windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 "
    "Safari/537.36 Edg/146.0.0.0",
    "macos": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 "
    "Safari/605.1.15",
    "ios": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "FxiOS/149.0 Mobile/15E148 Safari/605.1.15",
    "android": "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Mobile "
    "Safari/537.36",
    "firefox-android": "Mozilla/5.0 (Android 15; Mobile; rv:149.0) Gecko/149.0 Firefox/149.0",
    "linux": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36",
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0",
    "chromeos": "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 "
    "Safari/537.36",
    "terminal": "curl/8.5.0",
    "java": "Java/21.0.8",
    "": "Lynx/2.9.0",
}


@pytest.mark.parametrize("key", AGENTS)
def test_a_browser_is_taken_for_what_it_is(key):
    """One User-Agent of each platform, and one of nobody's."""
    assert detect.platform_of(AGENTS[key]) == key


def test_every_platform_can_be_detected():
    """A platform that no browser leads to would be found by hand only."""
    assert set(AGENTS) - {""} == {platform.key for platform in PLATFORMS}


def test_firefox_on_windows_and_mac_follows_the_system():
    """From version 120 on it takes the roots of Windows and macOS."""
    agent = "Mozilla/5.0 ({}; rv:149.0) Gecko/20100101 Firefox/149.0"
    assert detect.platform_of(agent.format("Windows NT 10.0; Win64; x64")) == "windows"
    assert detect.platform_of(agent.format("Macintosh; Intel Mac OS X 10.15")) == "macos"


def test_a_client_hint_counts_more_than_the_vague_old_header():
    """Sec-CH-UA-Platform: "Chrome OS" from a browser that poses as another."""
    assert detect.platform_of(AGENTS["linux"], {"sec-ch-ua-platform": '"Chrome OS"'}) == "chromeos"
    assert detect.platform_of(AGENTS["linux"], {"sec-ch-ua-platform": '"Fuchsia"'}) == "linux"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"), ("en-GB,de;q=0.9", "en"), ("fr,de;q=0.4,en;q=0.2", "de"), ("", "en"),
        ("fr", "en"), ("de;q=0", "en"), ("en;q=0.2, DE;q=0.3", "de"), ("de;q=nan", "en"), ("*", "en"), ("de;q=", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_liked_best(header, language):
    """Accept-Language by its weights; English where nothing fits."""
    assert detect.language_of(header) == language


@given(st.text(max_size=3000))
def test_no_header_is_too_odd(text):
    """Whatever a stranger sends, it is a known platform or none, and a known language."""
    assert detect.platform_of(text, {"sec-ch-ua-platform": text}) in {"", *english.TOLD}
    assert detect.language_of(text) in LANGUAGES


def test_markup_becomes_html_and_plain_text():
    """Labels bold, commands as code, everything else escaped."""
    text = "Press **A & B**, type `x < y`, not <z>"
    assert markup.html(text) == "Press <b>A &amp; B</b>, type <code>x &lt; y</code>, not &lt;z&gt;"
    assert markup.plain(text) == 'Press "A & B", type x < y, not <z>'


def test_files_are_sent_as_each_platform_needs_them():
    """Apple's profile inline, or iOS would only save it; certificates as attachments."""
    by = {platform.key: platform.file for platform in PLATFORMS}
    assert by["ios"].media_type == "application/x-apple-aspen-config"
    assert by["ios"].disposition("a.mobileconfig") == 'inline; filename="a.mobileconfig"'
    assert by["windows"].media_type == "application/x-x509-ca-cert"
    assert by["windows"].disposition("a.cer") == 'attachment; filename="a.cer"'
