"""The command: its words, its forms, its exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from healthy import nginx
from makers import NOW, Maker, write_root
from patients import PATIENTS, Bed
from test_broken import ask

from dotlocal.core.window import DAY, YEAR, Window, rfc3339
from installed import Command
from tools import program

BROKEN = {patient.name: patient for patient in PATIENTS}


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["http://press-07.local"], "not-a-target"),
        (["press-07.local:0"], "not-a-target"),
        (["press-07.local:99999"], "not-a-target"),
        (["[fd00::7"], "not-a-target"),
        ([""], "usage"),
        (["press_07.local"], "underscore"),
        (["fe80::1%eth0"], "zone"),
        (["press-07.local", "--all"], "usage"),
        ([], "usage"),
        (["press-07.local", "--address", "press"], "not-an-address"),
        (["press-07.local", "--timeout", "-1"], "usage"),
        (["press-07.local", "--timeout", "nan"], "usage"),
        (["press-07.local", "--root", "nowhere.pem"], "file-missing"),
    ],
)
def test_what_can_not_be_looked_at(words: list[str], code: str, dotlocal: Command) -> None:
    """Exit status 2."""
    done = dotlocal("doctor", *words)
    assert (done.status, done.code) == (2, code)


@pytest.mark.parametrize("url", ["https://press-07.local:{port}/index.html?x#y", "https://admin@press-07.local:{port}"])
def test_what_stands_in_the_address_bar_is_understood(url: str, dotlocal: Command, bed: Bed) -> None:
    """A pasted address is as good as a name."""
    with bed.serve(bed.maker.chain()) as port:
        done = dotlocal("doctor", url.format(port=port), "--address", "127.0.0.1", *bed.words)
    assert done.status == 0
    assert done.out.startswith(f"press-07.local:{port}: a browser accepts it")


def test_a_root_that_is_none_is_refused(dotlocal: Command, tmp_path: Path) -> None:
    """By what it is instead, as everywhere."""
    (tmp_path / "page.pem").write_text("<!doctype html><title>404</title>")
    done = dotlocal("doctor", "press-07.local", "--root", tmp_path / "page.pem")
    assert (done.status, done.code) == (1, "anchor-web-page")


def test_words_name_who_and_what(dotlocal: Command, bed: Bed) -> None:
    """The verdict, the cause with its code, the person, what to do; then what was seen."""
    with BROKEN["it_was_renamed"].breaks(bed) as port:
        full = ask(dotlocal, bed, port)
        brief = ask(dotlocal, bed, port, "--quiet")
    lines = full.out.splitlines()
    assert lines[0].endswith("a browser refuses it")
    assert lines[2].endswith("press-07.local was asked for; the certificate names press-7.local (wrong-name)")
    assert lines[3] == "  who:  you, or whoever looks after the device"
    assert "open https://press-7.local" in lines[4]
    assert "  names:  press-7.local" in lines
    assert full.err == ""
    assert brief.out.splitlines() == lines[: len(brief.out.splitlines())]
    assert "seen at" not in brief.out


@pytest.mark.parametrize(
    ("name", "status", "begins"),
    [("it_was_renamed", 2, "CRITICAL - "), ("it_did_not_know_the_time", 1, "WARNING - ")],
)
def test_monitoring_systems_get_a_line(name: str, status: int, begins: str, dotlocal: Command, bed: Bed) -> None:
    """Their own exit statuses, and the days that are left as a figure."""
    with BROKEN[name].breaks(bed) as port:
        done = ask(dotlocal, bed, port, "--plugin")
    assert done.status == status
    assert done.out.startswith(begins)
    assert done.out.count("\n") == 1
    assert "| days_left=" in done.out


def test_monitoring_systems_hear_that_all_is_well_or_unknown(dotlocal: Command, bed: Bed) -> None:
    """0 with a threshold as they read it, and 3 for what could not be looked at."""
    with bed.serve(bed.maker.chain()) as port:
        fine = ask(dotlocal, bed, port, "--plugin", "--warn-days", "14")
        late = ask(dotlocal, bed, port, "--plugin", "--warn-days", "365")
    assert (fine.status, late.status) == (0, 2)
    assert fine.out.startswith("OK - ")
    assert fine.out.rstrip().endswith(";;14:")
    assert "(days-left)" in late.out
    unknown = dotlocal("doctor", "press-07.local", "--root", "nowhere.pem", "--plugin")
    assert (unknown.status, unknown.out.startswith("UNKNOWN - ")) == (3, True)


@pytest.mark.parametrize("words", [
    ["--all"], [], ["press-07.local", "--json"], ["press-07.local", "--timeout", "soon"], ["press-07.local", "--quiet"],
    ["press-07.local", "--warn-days"], ["press-07.local", "--wran", "7"], ["press-07.local", "other.local"],
])  # fmt: skip
def test_monitoring_systems_hear_unknown_of_words_that_can_not_be(dotlocal: Command, words: list[str]) -> None:
    """3 and a line on standard output; 2 would be CRITICAL, and wake somebody for a mistake in a configuration."""
    done = dotlocal("doctor", "--plugin", *words)
    assert done.status == 3
    assert done.out.startswith("UNKNOWN - ")
    assert done.out.rstrip().endswith("(usage)")


class _Page(HTMLParser):
    """What a page loads, runs and leaves open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.suspicious: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag in ("script", "img", "link", "iframe", "object") or any(
            name.startswith("on") or name in ("src", "href", "style") for name, _ in attrs
        ):
            self.suspicious.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_for_support_is_complete_and_harmless(dotlocal: Command, bed: Bed, tmp_path: Path) -> None:
    """Every finding, every certificate, what it contains; nothing loaded, nothing that runs, everything escaped."""
    import forge

    path = tmp_path / "for-support.html"
    chain = bed.maker.chain(
        bed.maker.draft("press-7.local").but(subject=forge.name("", "", "<script>alert(1)</script>"))
    )
    with bed.serve(chain) as port:
        done = ask(dotlocal, bed, port, "--html", str(path), "--json")
    text, report = path.read_text(), json.loads(done.out)
    page = _Page()
    page.feed(text)
    assert (page.open, page.suspicious) == ([], [])
    assert all(finding["code"] in text for finding in report["findings"])
    assert text.count("-----BEGIN CERTIFICATE-----") == 3
    assert "PRIVATE KEY" not in text
    assert str(tmp_path) not in text  # nobody's user name, by way of a path
    assert "This page contains" in text
    assert "script\\&gt;alert" in text
    assert "<script" not in text
    told = subprocess.run([program("tidy"), "-q", "-e", str(path)], capture_output=True, text=True)
    assert [line for line in told.stderr.splitlines() if "Error" in line or "Warning" in line] == []


def test_the_computers_browsers_are_looked_at(dotlocal: Command, bed: Bed, tmp_path: Path) -> None:
    """In the system's store alone: an error, since no browser looks there; then in one browser's, and in both."""
    home = tmp_path / "home"
    chromium, profile = home / ".pki" / "nssdb", home / ".mozilla" / "firefox" / "abc.default"
    (home / ".mozilla" / "firefox").mkdir(parents=True)
    (home / ".mozilla" / "firefox" / "profiles.ini").write_text(
        "[Profile0]\nName=default\nIsRelative=1\nPath=abc.default\n"
    )
    for folder in (chromium, profile):
        folder.mkdir(parents=True)
        _certutil("-N", "-d", f"sql:{folder}", "--empty-password")
    bed.environment["HOME"] = str(home)
    root = bed.maker.root.certificate
    bed.computer_trusts(Maker("Public Trust", number=4).root.certificate, root)
    codes = []
    with bed.serve(bed.maker.chain()) as port:
        for folder in (None, chromium, profile):
            if folder:
                write_root(tmp_path / "root.pem", root)
                _certutil("-A", "-d", f"sql:{folder}", "-n", "acme", "-t", "C,,", "-i", str(tmp_path / "root.pem"))
            done = ask(dotlocal, bed, port, "--json")
            codes.append(([each["code"] for each in json.loads(done.out)["findings"]], done.status))
    assert codes == [(["root-not-in-browser"], 1), (["root-not-everywhere"], 0), ([], 0)]


def test_a_root_that_a_browser_has_and_does_not_trust(dotlocal: Command, bed: Bed, tmp_path: Path) -> None:
    """Imported without the trust for web sites: as good as not imported."""
    database = tmp_path / "home" / ".pki" / "nssdb"
    database.mkdir(parents=True)
    _certutil("-N", "-d", f"sql:{database}", "--empty-password")
    write_root(tmp_path / "root.pem", bed.maker.root.certificate)
    _certutil("-A", "-d", f"sql:{database}", "-n", "acme", "-t", ",,", "-i", str(tmp_path / "root.pem"))
    bed.environment["HOME"] = str(tmp_path / "home")
    bed.computer_trusts(Maker("Public Trust", number=4).root.certificate)
    with bed.serve(bed.maker.chain()) as port:
        done = ask(dotlocal, bed, port, "--json")
    assert json.loads(done.out)["findings"][0]["code"] in ("root-not-imported", "chain-incomplete")


@pytest.mark.parametrize("years", [-40, 3])
def test_a_device_whose_clock_is_wrong_for_real(years: int, dotlocal: Command, bed: Bed) -> None:
    """nginx under a clock of its own: what the Date of its answers says."""
    then = NOW + years * YEAR
    chain = bed.maker.chain(bed.maker.draft(window=Window(then - DAY, then + 89 * DAY)))
    pem = chain.pem().decode().partition("-----END PRIVATE KEY-----\n")
    (bed.folder / "key.pem").write_text(pem[0] + pem[1])
    (bed.folder / "chain.pem").write_text(pem[2])
    bed.trusts(bed.maker.root.certificate)
    program("faketime")  # comes with the library; the program itself would stay between us and the server
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    faked = ("env", f"LD_PRELOAD={library}", f"FAKETIME=@{rfc3339(then).strip('Z').replace('T', ' ')}", "TZ=UTC")
    with nginx(bed, bed.folder / "chain.pem", bed.folder / "key.pem", before=faked) as port:
        done = ask(dotlocal, bed, port, "--json")
    first = json.loads(done.out)["findings"][0]
    assert (first["code"], first["who"]) == ("device-clock", "customer")


def _certutil(*words: str) -> None:
    subprocess.run([program("certutil"), *words], check=True, capture_output=True, timeout=30)


def test_it_looks_from_macos_as_well() -> None:
    """Imitated: its `time` and no `security` to be asked; what the network shows is told all the same."""
    imitated = "import sys, time; sys.platform = 'darwin'; del time.CLOCK_BOOTTIME, time.clock_gettime"
    asked = "from dotlocal.cli import main; sys.exit(main(['doctor', '127.0.0.1:1', '--json']))"
    words = [sys.executable, "-c", f"import ssl, sqlite3, subprocess, ctypes; {imitated}; {asked}"]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1, ran.stderr
    report = json.loads(ran.stdout)
    assert report["findings"][0]["code"] == "port-closed"
    assert report["clock"]["synchronised"] is None
