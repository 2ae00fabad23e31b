"""docs/own-certificate.md: the lines of Python for a device's own pages do what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from box import make_box
from cryptography import x509
from customer import Customer, pem

from dotlocal.testing import World
from installed import PROJECT

SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


def test_the_snippet(
    tmp_path: Path,
    world: World,
    customer: Customer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Request, answer of the customer's CA, examine, take, confirm: served, and no probation left."""
    make_box(tmp_path, world)
    for place in ("state", "run"):
        monkeypatch.setenv(f"DOTLOCAL_{place.upper()}", str(tmp_path / place))
    (text,) = SNIPPET.findall((PROJECT / "docs" / "own-certificate.md").read_text())
    ask, answered, take = text.partition("uploads = ")
    assert answered
    names: dict[str, Any] = {}
    exec(ask, names)
    request = x509.load_pem_x509_csr(names["request"].encode())
    names["certificate"] = pem(customer.middle.sign(request.public_key(), hosts=("press-07.example.com",)))
    names["chain"] = pem(customer.middle.certificate)
    exec(answered + take, names)
    assert names["seconds"] == 600
    assert capsys.readouterr().out.splitlines()[-1] == "certificate"
    assert "probation" not in names["owned"].status()["own"]
