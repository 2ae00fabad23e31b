"""Whatever a root is called and permits, every format stays what it is."""

from __future__ import annotations

import json
import plistlib
import re

import html5lib
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from browser.roots import LOCAL, der, limits, make
from dotlocal.browser.anchor import Anchor
from dotlocal.browser.appraisal import appraise
from dotlocal.browser.export import making
from dotlocal.testing import MOMENT
from strategies import quick

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(
    lambda text: len(text.encode()) <= 64  # the library counts octets
)
BASES = st.lists(st.text(st.characters(max_codepoint=127, exclude_characters="*"), min_size=1, max_size=20), max_size=3)
CONTROL = re.compile(r"([A-Z][A-Za-z-]*: [ -~]+\n|Description: [ -~]+\n( [ -~]+\n)+)+")


def exported(name: str, bases: list[str]) -> dict[str, bytes]:
    permitted = limits(*LOCAL).permitted_subtrees or []
    constraints = x509.NameConstraints([*permitted, *(x509.DNSName(base) for base in bases)], None)
    appraisal = appraise(Anchor.parse(der(make(name=name, constraints=constraints))), now=MOMENT)
    kinds = [kind for kind in making.KINDS if kind != "rpm"]
    made = making.make(appraisal, making.handout_of(appraisal), only=kinds, languages=("en",))
    return {path: data for path, (data, _) in made.contents.items()}


@quick(30)
@given(NAMES, BASES)
def test_no_name_and_no_limit_changes_a_format(name: str, bases: list[str]) -> None:
    """Property lists, JSON, HTML are read; scripts are ASCII; a control file has its own fields; paths are plain."""
    files = exported(name, bases)
    for path, data in files.items():
        assert re.fullmatch(r"[A-Za-z0-9_./-]+", path), path
        if path.endswith(".mobileconfig"):
            plistlib.loads(data)
        elif path.endswith(".json"):
            json.loads(data)
        elif path.endswith((".sh", ".ps1", ".yml", ".reg")):
            assert data.isascii() or path.endswith(".reg"), path
            assert b"\x1b" not in data
    for path in ("pages/windows.en.html", "README.en.html"):
        html5lib.HTMLParser(strict=True).parse(files[path].decode())
    (package,) = (data for path, data in files.items() if path.endswith(".deb"))
    control = package[package.index(b"Package: ") : package.index(b"\0", package.index(b"Package: "))].decode()
    assert CONTROL.fullmatch(control), control
    assert len(re.findall(r"^[A-Z]", control, re.M)) == 9
