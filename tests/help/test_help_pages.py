"""The pages as an application: what is shown to whom, which files are handed out, and how little it takes."""

from __future__ import annotations

import json
import plistlib
import re
import shutil
import ssl
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from help_device import HOST, Device
from wsgi_answer import Answer

from dotlocal.device.help import application, english, german
from dotlocal.device.help.app import Help
from dotlocal.guide import LANGUAGES, PLATFORMS

MOST = 100_000
ALL = [(platform.key, language) for platform in PLATFORMS for language in LANGUAGES]
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "rect", "circle"}


class Reader(HTMLParser):
    """Whether elements end as they began, and what is in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.open.pop() == tag


@pytest.fixture(autouse=True)
def _settled(device: Device) -> None:
    device.settle()


@pytest.fixture
def app(device: Device) -> Help:
    return application(str(device.run), probe_port=7443)


@pytest.fixture
def status(device: Device, tmp_path: Path) -> Any:
    """A copy of the set whose status.json a test may change; a function that makes the application with it."""

    def changed(**values: Any) -> Help:
        shutil.copytree((device.run / "current").resolve(), tmp_path / "set-1")
        path = tmp_path / "set-1" / "status.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))
        (tmp_path / "current").symlink_to("set-1")
        return application(str(tmp_path))

    return changed


def test_languages_have_the_same_words() -> None:
    """Every text and every reason, with the same facts in it."""
    for ours, theirs in ((english.WORDS, german.WORDS), (english.REASONS, german.REASONS)):
        assert list(ours) == list(theirs)
        for key, text in ours.items():
            facts = re.compile(r"\{\w+\}")
            assert sorted(facts.findall(text)) == sorted(facts.findall(theirs[key])), key


@pytest.mark.parametrize(("platform", "language"), ALL)
def test_every_page_is_whole_and_light(app: Help, platform: str, language: str) -> None:
    """Well-formed, in its language, no fact left open, nothing from elsewhere, and under 100 kB with all it loads."""
    answer = Answer(app, query=f"platform={platform}&lang={language}")
    assert answer.status == 200
    read = Reader(answer.text)
    elements = dict(read.found)
    assert elements["html"]["lang"] == language
    assert not re.search(r"\{\w+\}|\*\*", answer.text)
    loaded = [values.get("src") or values.get("href") for tag, values in read.found if tag in ("script", "link", "img")]
    weight = len(answer.body)
    for each in loaded:
        asset = Answer(app, f"/{each}")
        assert asset.status == 200, each
        weight += len(asset.body)
    assert weight < MOST
    assert weight < 25_000  # what it is today, with room: who makes it heavier should notice
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_links_are_relative_so_that_it_can_be_mounted_anywhere(app: Help) -> None:
    """Below /trust of another application: nothing leads out of it but to the device's secure address."""
    answer = Answer(app, "/", SCRIPT_NAME="/trust")
    links = [values.get("href") or values.get("src") or "" for tag, values in Reader(answer.text).found if tag != "svg"]
    led = [link for link in links if link and not link.startswith(("?", "style", "icon", "script", "root-", "#"))]
    assert {re.sub(r"^(https://press-07\.local)/$", r"\1", link) for link in led} == {f"https://{HOST}"}


@pytest.mark.parametrize(
    ("agent", "title"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X)", "Import it: iPhone and iPad"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/149.0", "Import it: Windows"),
        ("who knows", "Import it: Windows"),
    ],
)
def test_the_platform_is_detected(app: Help, agent: str, title: str) -> None:
    """By User-Agent; most people have Windows."""
    assert title in Answer(app, HTTP_USER_AGENT=agent).text


def test_the_platform_and_the_language_can_be_chosen_by_hand(app: Help) -> None:
    """What stands in the address counts more than what the browser says of itself."""
    answer = Answer(app, query="platform=android&lang=de", HTTP_USER_AGENT="iPhone", HTTP_ACCEPT_LANGUAGE="en")
    assert "Importieren: Android" in answer.text


def test_the_language_follows_the_browser(app: Help) -> None:
    """Accept-Language: de."""
    assert '<html lang="de">' in Answer(app, HTTP_ACCEPT_LANGUAGE="de-CH,de;q=0.9,en;q=0.5").text


def test_nonsense_in_the_address_is_ignored(app: Help) -> None:
    """Unknown platform, unknown language, a hundred parameters: the page as if they weren't there."""
    for query in (
        "platform=%3Cscript%3E&lang=xx",
        "&".join(["platform=ios"] * 100),
        "platform=" + "a" * 5000,
        "%ff=%00",
    ):
        answer = Answer(app, query=query)
        assert answer.status == 200
        assert "<script>" not in answer.text


FILES = {
    "root-der.cer": ("application/x-x509-ca-cert", "attachment"),
    "root-crt.crt": ("application/x-x509-ca-cert", "attachment"),
    "root-pem.pem": ("application/x-pem-file", "attachment"),
    "root-profile.mobileconfig": ("application/x-apple-aspen-config", "inline"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_hold_the_root_and_are_sent_as_each_platform_wants_them(app: Help, device: Device, name: str) -> None:
    """Type, disposition, name, and the root in it."""
    answer = Answer(app, f"/{name}")
    der = ssl.PEM_cert_to_DER_cert(device.root.read_text())
    assert (answer.status, answer.fields["content-type"]) == (200, FILES[name][0])
    suffix = name.partition(".")[2]
    assert answer.fields["content-disposition"] == f'{FILES[name][1]}; filename="acme-devices-root-g1.{suffix}"'
    if suffix == "mobileconfig":
        profile = plistlib.loads(answer.body)
        assert profile["PayloadContent"][0]["PayloadContent"] == der
        assert profile["PayloadType"] == "Configuration"
    elif suffix == "pem":
        assert ssl.PEM_cert_to_DER_cert(answer.text) == der
    else:
        assert answer.body == der


def test_every_platform_links_its_own_file(app: Help) -> None:
    """The button leads to a file that is there."""
    for platform, language in ALL:
        text = Answer(app, query=f"platform={platform}&lang={language}").text
        (link,) = re.findall(r'href="(root-[^"?]+)', text)
        assert link in FILES


def test_the_same_root_makes_the_same_profile(app: Help) -> None:
    """So that a second import replaces the first."""
    assert Answer(app, "/root-profile.mobileconfig").body == Answer(app, "/root-profile.mobileconfig").body


def test_the_fingerprint_is_that_of_the_file(app: Help) -> None:
    """In groups for the eye, in one line for a comparison by machine."""
    text = Answer(app).text
    digits = sha256(Answer(app, "/root-der.cer").body).hexdigest().upper()
    assert f">{digits}<" in text
    assert "".join(re.findall(r"<span>([0-9A-F]{4})</span>", text)) == digits


def test_what_the_device_answers_to_and_what_was_left_out(app: Help, device: Device) -> None:
    """Every name and address of status.json, and a reason for each that isn't there."""
    text = Answer(app, query="lang=de").text
    for each in (*device.status["names"], *device.status["addresses"]):
        assert f"<li>{each}</li>" in text
    assert "<td>press_7.local</td><td>kein Hostname hat einen Unterstrich</td>" in text
    assert "<td>press.example.com</td>" in text


def test_hostile_facts_are_shown_and_not_obeyed(status: Any) -> None:
    """A host name with markup in it, from device.toml or DHCP: text, wherever it stands."""
    nasty = '"><script>alert(1)</script>'
    left_out = [{"value": nasty, "kind": "dns", "code": "not-a-host-name", "reason": nasty}]
    findings = [{"code": "ca-expired", "severity": "error", "subject": nasty, "message": nasty, "hint": nasty}]
    text = Answer(status(left_out=left_out, findings=findings)).text
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;alert(1)") >= 3


# Whose name is it?


@pytest.mark.parametrize(
    "host", ["evil.example", "press-07.local.evil.example", "other.local", "press-08.local", "xn--press-07-1.local"]
)
def test_a_name_that_is_not_the_devices_gets_nothing(app: Help, host: str) -> None:
    """DNS rebinding: a web site's own name that leads here must not read what is here."""
    for path in ("/", "/root-der.cer"):
        answer = Answer(app, path, HTTP_HOST=host)
        assert answer.status == 421
        assert host not in answer.text
        assert "192.168" not in answer.text


@pytest.mark.parametrize(
    "host", ["", "a b", "press-07.local:port", "press-07.local:123456", "[::1", "[press]", "user@press-07.local",
             "press-07.local/..", "x" * 400, "press-07.local\r\nX: y", "prëss.local", "[fe80::1%25eth0]", "1.2.3.4.5"],
)  # fmt: skip
def test_what_no_browser_sends_as_host_is_refused(app: Help, host: str) -> None:
    """400, or 421 where it is at least a name."""
    answer = app.answer({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": host})
    assert answer.status in (400, 421)


@pytest.mark.parametrize("host", ["PRESS-07.LOCAL", "press-07.local:8080", "192.168.77.7", "192.168.77.7:80"])
def test_every_name_and_address_of_the_device_gets_the_page(app: Help, host: str) -> None:
    """In any case, with any port."""
    answer = Answer(app, HTTP_HOST=host)
    assert answer.status == 200
    assert 'id="state"' in answer.text


def test_a_host_outside_the_certificate_is_told_so(app: Help) -> None:
    """Opened by an address that was left out: no probe, which could only fail, and links to hosts that work."""
    answer = Answer(app, HTTP_HOST="203.0.113.9:8080", SCRIPT_NAME="/trust")
    assert "You have opened this page as 203.0.113.9." in answer.text
    assert f'<a href="http://{HOST}:8080/trust/">{HOST}</a>' in answer.text
    assert "script.js" not in answer.text
    assert "connect-src" not in answer.fields["content-security-policy"]


def test_a_host_that_was_left_out_still_gets_the_page(app: Help) -> None:
    """press.example.com may lead here by the customer's own DNS; its certificate can't."""
    assert Answer(app, HTTP_HOST="press.example.com").status == 200


def test_further_names_can_be_permitted(device: Device) -> None:
    """A name that only the mounting application knows."""
    app = application(str(device.run), also=["Kiosk.Factory.Example"])
    assert Answer(app, HTTP_HOST="kiosk.factory.example").status == 200


# Headers


def test_the_policy_allows_what_the_page_needs_and_no_more(app: Help) -> None:
    """Own styles, own script, the probe of this very host; no frame, no form, nothing inline."""
    policy = Answer(app, HTTP_HOST="192.168.77.7:8080").fields["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; connect-src https://192.168.77.7:7443 "
        "http://192.168.77.7:7443; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_every_answer_is_what_it_says(app: Help) -> None:
    """nosniff and no referrer everywhere; pages are neither kept nor framed."""
    for path in ("/", "/style.css", "/root-der.cer"):
        fields = Answer(app, path).fields
        assert fields["x-content-type-options"] == "nosniff"
        assert fields["referrer-policy"] == "no-referrer"
    page = Answer(app).fields
    assert (page["cache-control"], page["x-frame-options"]) == ("no-store", "DENY")
    assert "strict-transport-security" not in page


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "//", "/root.pem", "/privkey.pem", "/style.css/", "/assets/style.css"]
)
def test_there_is_nothing_else_to_be_had(app: Help, path: str) -> None:
    """Names are looked up in a table, not on a disk."""
    assert Answer(app, path).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH"])
def test_other_methods_are_refused(app: Help, method: str) -> None:
    """GET and HEAD."""
    answer = app.answer({"REQUEST_METHOD": method, "HTTP_HOST": HOST, "PATH_INFO": "/"})
    assert (answer.status, dict(answer.fields)["Allow"]) == (405, "GET, HEAD")


def test_head_has_no_body(app: Help) -> None:
    """The same head as GET."""
    answer = Answer(app, REQUEST_METHOD="HEAD")
    assert answer.body == b""
    assert int(answer.fields["content-length"]) > 1000


# What may be missing


def test_a_device_that_has_not_booted_says_so(tmp_path: Path) -> None:
    """503, and what to do."""
    answer = Answer(application(str(tmp_path)))
    assert answer.status == 503
    assert "The device is not ready yet" in answer.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"names": 1}', "null", "[" * 100_000])
def test_a_damaged_status_is_none(device: Device, tmp_path: Path, text: str) -> None:
    """A page is no place for a traceback."""
    shutil.copytree((device.run / "current").resolve(), tmp_path / "set-1")
    (tmp_path / "set-1" / "status.json").write_text(text)
    (tmp_path / "current").symlink_to("set-1")
    assert Answer(application(str(tmp_path))).status == 503


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_without_the_vendors_root_there_is_nothing_to_import(status: Any, tmp_path: Path, text: str) -> None:
    """The owner's own certificate, or a device that was not told of help pages: no file, no steps, no probe."""
    app = status()
    (tmp_path / "set-1" / "root.pem").write_text(text)
    answer = Answer(app)
    assert answer.status == 200
    assert "a certificate that its owner has chosen" in answer.text
    assert "root-" not in answer.text
    assert Answer(app, "/root-der.cer").status == 404
    Reader(answer.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_owners_root_is_not_compared_with_the_makers_label(status: Any, language: str) -> None:
    """`device own issuer`: the owner's root is handed out, and the page says whom to ask for its fingerprint."""
    answer = Answer(status(served="issuer"), query=f"lang={language}")
    words = {"en": "not the maker&#x27;s but that of", "de": "nicht vom Hersteller, sondern vom Besitzer"}[language]
    assert words.replace("&#x27;", "'") in answer.text.replace("&#x27;", "'")
    assert "Acme Devices opens" not in answer.text
    Reader(answer.text)


def test_without_a_probe_the_check_is_by_hand(status: Any, tmp_path: Path) -> None:
    """No script, and a link instead."""
    app = status()
    (tmp_path / "set-1" / "probe-0").unlink()
    answer = Answer(app)
    assert "This device does not offer a test." in answer.text
    assert "script.js" not in answer.text


def test_apples_platforms_are_warned_of_a_device_without_a_clock(status: Any) -> None:
    """A certificate of 25 years: everybody takes it but Apple."""
    app = status(clock={"quality": "unknown", "now": "2026-11-23T12:00:00Z", "floor": "2026-11-23T12:00:00Z"},
                 not_before="2026-11-22T12:00:00Z", not_after="2051-11-22T12:00:00Z")  # fmt: skip
    words = "longer than Apple accepts"
    assert words in Answer(app, query="platform=ios").text
    assert words not in Answer(app, query="platform=windows").text


def test_redirect_and_hsts_are_off_unless_said(device: Device, app: Help) -> None:
    """The script finds neither word in the page."""
    assert "data-redirect" not in Answer(app).text
    assert "data-hsts" not in Answer(app).text
    asked = application(str(device.run), redirect=True, hsts=True, https_port=8443)
    assert f'data-redirect="https://{HOST}:8443/" data-hsts="1"' in Answer(asked).text
    assert "data-redirect" not in Answer(asked, query="lang=de").text  # who chose something wants to read
    assert "data-redirect" not in Answer(asked, HTTPS="on", **{"wsgi.url_scheme": "https"}).text
