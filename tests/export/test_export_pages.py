"""The pages: valid, whole in themselves, fit for paper and for a narrow screen, and their codes can be scanned."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from browser.roots import LOCAL, make, pem
from dotlocal import guide
from installed import Command
from peers.chains import root
from tools import package, program

LANGUAGES = ("en", "de")
RUDE = '"><script>alert(1)</script>&amp;{file}{}'


def pages(folder: Path) -> list[Path]:
    return sorted([*(folder / "pages").glob("*.html"), *folder.glob("README.*.html")])


@pytest.fixture(scope="module")
def rude(tmp_path_factory, dotlocal: Command) -> Path:
    """The pages of a root whose name is a script."""
    folder = tmp_path_factory.mktemp("rude")
    (folder / "root.pem").write_bytes(pem(make(*LOCAL, "x\x1b<script>", name=RUDE)))
    dotlocal.ok("trust", "export", folder / "root.pem", folder / "handout", "--only", "pages", "--force")
    return folder / "handout"


def test_there_is_a_page_for_every_platform_in_every_language(handed):
    """Ten platforms, two languages, and the list for the administrator in both."""
    expected = {f"{platform.key}.{language}.html" for platform in guide.PLATFORMS for language in LANGUAGES}
    assert {page.name for page in pages(handed)} == expected | {f"README.{language}.html" for language in LANGUAGES}


def test_html5lib_and_tidy_find_the_pages_valid(handed, rude):
    """The strict parser of the HTML standard raises at the first mistake; tidy says nothing at all."""
    package("html5lib")
    import html5lib

    for page in (*pages(handed), *pages(rude)):
        html5lib.HTMLParser(strict=True).parse(page.read_text())
        done = subprocess.run(
            [program("tidy"), "-q", "-e", "--show-info", "no", str(page)], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, ""), page


def test_a_page_loads_nothing_and_runs_nothing(handed, rude):
    """No script, no address of a resource; a policy that would forbid both; a name that looks like a script is text."""
    for page in (*pages(handed), *pages(rude)):
        text = page.read_text()
        assert not re.search(r"<script|<link|<img|<iframe|\bsrc=|url\(|@import|javascript:|\bon\w+=", text, re.I), page
        assert "default-src 'none'" in text
    assert "&quot;&gt;&lt;script&gt;" in (rude / "pages" / "windows.en.html").read_text()


def test_every_page_says_what_is_to_be_compared_done_and_undone(handed):
    """Fingerprint, steps, the file's own name and the removal, as the guide has them."""
    for platform in guide.PLATFORMS:
        for language in LANGUAGES:
            text = (handed / "pages" / f"{platform.key}.{language}.html").read_text()
            assert fingerprint() in re.sub(r"</span> <span>", ":", text)
            assert f"acme-presses-constrained-root-g1{platform.file.suffix}" in text
            told = guide.told(platform.key, language)
            assert text.count("<li>") >= len(told.install) + len(told.remove)
            assert "{" not in re.sub(r"<style>.*</style>", "", text, flags=re.S)


def test_the_files_that_the_pages_name_are_in_the_folder(handed):
    """And every link of the administrator's list leads to one."""
    for platform in guide.PLATFORMS:
        assert list(handed.rglob(f"acme-presses-constrained-root-g1{platform.file.suffix}")), platform
    for readme in handed.glob("README.*.html"):
        links = re.findall(r"""href=["']([^"']+)["']""", readme.read_text())
        assert [link for link in links if not (handed / link).is_file()] == []
        listed = {str(path.relative_to(handed)) for path in handed.rglob("*") if path.is_file()}
        own = {
            "SHA256SUMS",
            "export.json",
            *(f"README.{each}.{form}" for each in LANGUAGES for form in ("html", "txt")),
        }
        assert listed - set(links) == own


@pytest.mark.peer
def test_the_codes_on_paper_can_be_scanned(handed, tmp_path):
    """Chromium prints a page → poppler draws it → zbar reads the fingerprint and the address; on one or two sheets."""
    for name in ("windows.en", "android.de"):
        paper = tmp_path / f"{name}.pdf"
        chromium(handed / "pages" / f"{name}.html", tmp_path, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
        run("pdftoppm", "-r", "110", "-png", paper, tmp_path / name)
        sheets = sorted(tmp_path.glob(f"{name}-*.png"))
        assert 1 <= len(sheets) <= 2
        read = run("zbarimg", "--quiet", "--raw", sheets[0]).split("\n")
        assert f"SHA-256 {fingerprint()}" in read
        assert "https://www.acme.example/root" in read


@pytest.mark.peer
def test_nothing_is_cut_off_on_a_screen_of_320_pixels(handed, tmp_path):
    """Laid out by Chromium at that width, no page is wider than its window."""
    frames = "".join(f"<iframe data-name='{page}' srcdoc='' width=320></iframe>" for page in pages(handed))
    script = """
      const wide = [];
      for (const frame of document.querySelectorAll('iframe')) {
        frame.contentDocument.documentElement.innerHTML = pages[frame.dataset.name];
        const inner = frame.contentDocument.documentElement;
        if (inner.scrollWidth > inner.clientWidth) wide.push(frame.dataset.name + ' ' + inner.scrollWidth);
      }
      document.title = 'wide: ' + wide.join(', ') + '.';
    """
    texts = {str(page): re.sub(r"<meta http-equiv[^>]*>", "", page.read_text()) for page in pages(handed)}
    data = json.dumps(texts).replace("</", "<\\/")
    holder = tmp_path / "holder.html"
    holder.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{frames}<script>const pages={data};{script}</script></body>"
    )
    assert "<title>wide: .</title>" in chromium(holder, tmp_path, "--dump-dom")


def test_without_segno_the_pages_have_no_codes_and_the_report_says_so(bare_export):
    """The base install: the same pages without svg, and a note."""
    folder, err = bare_export
    assert "(export-no-qr)" in err
    assert "dotlocal[tools]" in err
    assert all("<svg" not in page.read_text() for page in pages(folder))


@pytest.fixture
def bare_export(tmp_path, dotlocal: Command, roots) -> tuple[Path, str]:
    """An export by an installation that can't find segno."""
    hidden = tmp_path / "hidden" / "segno"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('hidden')")
    words = ["trust", "export", roots["constrained"], tmp_path / "handout", "--only", "pages"]
    done = dotlocal.ok(*words, PYTHONPATH=str(hidden.parent))
    return tmp_path / "handout", done.err


def fingerprint() -> str:
    return root(constrained=True).certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def chromium(page: Path, home: Path, *words: str) -> str:
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={home / 'profile'}", *words]
    return run("chromium", *flags, page.as_uri())


def run(*words: str | Path) -> str:
    done = subprocess.run([program(str(words[0])), *map(str, words[1:])], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout
