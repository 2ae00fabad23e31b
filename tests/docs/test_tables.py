"""The tables of docs/ that were written by hand: they list every key that the program knows, and no other."""

from __future__ import annotations

import json
import re

import pytest

from dotlocal.core.errors import Refused
from dotlocal.device import configuration
from dotlocal.root.plan import Plan
from installed import PROJECT

DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])


def section(document: str, heading: str) -> str:
    """The text of a document below a heading, up to the next one."""
    text = (PROJECT / "docs" / document).read_text()
    return re.split(r"^## ", text.split(f"## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def first_column(text: str) -> set[str]:
    """The code words in the first cells of the tables in a text."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.M)
    return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}


def known(refused: Refused) -> set[str]:
    """The keys that an `unknown-key` refusal lists."""
    return set(re.search(r"it knows (.*)", f"{refused.message} {refused.hint}".strip())[1].split(", "))


def test_every_key_of_device_toml_is_explained_to_integrators():
    """integrator.md, section 5 ↔ what configuration.parse knows."""
    with pytest.raises(Refused) as whole:
        configuration.parse(b"nonsense = 1", "")
    with pytest.raises(Refused) as serve:
        configuration.parse(b"[serve]\nnonsense = 1", "")
    keys = known(whole.value) - {"serve"} | known(serve.value)
    assert first_column(section("integrator.md", "5. Settings")) == keys


def test_every_key_of_a_plan_is_explained_to_vendors():
    """vendor.md, section 1 ↔ what Plan.parse knows."""
    with pytest.raises(Refused) as refused:
        Plan.parse(b"nonsense = 1")
    keys = known(refused.value) - {"names"} | {"dns", "ipv4", "ipv6"}
    told = first_column(section("vendor.md", "1. The plan"))
    assert {key.removeprefix("[names] ") for key in told} == keys


def test_every_key_of_the_status_is_explained_to_integrators(dotlocal, tmp_path):
    """integrator.md, section 10 ↔ the status.json of a device that has just booted."""
    plan, secret, state, run = (tmp_path / name for name in ("plan.toml", "passphrase", "state", "run"))
    secret.write_text("correct horse battery\n")
    dotlocal.ok("root", "plan", "--out", plan)
    root = ("--home", tmp_path / "root", "--passphrase-file", secret)
    dotlocal.ok("root", "create", plan, *root)
    dotlocal.ok("device", "init", "--serial", "SN0001", "--state", state, "--out", tmp_path / "request.pem")
    dotlocal.ok("root", "sign", tmp_path / "request.pem", "--device", *root, "--out", tmp_path / "birth.pem")
    dotlocal.ok("device", "adopt", tmp_path / "birth.pem", "--state", state)
    dotlocal("device", "boot", "--state", state, "--run", run)
    status = json.loads((run / "current" / "status.json").read_text())
    assert first_column(section("integrator.md", "10. What status says")) == set(status)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_to_files(document):
    """[text](file#part): the file is there."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text())
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert broken == []
