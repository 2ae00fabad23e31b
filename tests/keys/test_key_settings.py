"""The `[key]` table of device.toml."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dotlocal.core.errors import Refused
from dotlocal.device import key_place
from dotlocal.device.configuration import parse
from installed import PROJECT

TOKEN = {"kind": "pkcs11", "module": "/usr/lib/m.so", "token": "press-07"}


@pytest.mark.parametrize(
    ("table", "kind", "facts"),
    [
        ({}, "file", {}),
        ({"kind": "file", "sealed": False}, "file", {}),
        ({"sealed": True}, "sealed", {}),
        ({"kind": "tpm"}, "tpm", {"device": "/dev/tpmrm0", "parent": "40000001"}),
        ({"kind": "tpm", "parent": 0x81000001}, "tpm", {"device": "/dev/tpmrm0", "parent": "81000001"}),
        (TOKEN, "pkcs11", {"module": "/usr/lib/m.so", "token": "press-07", "label": "dotlocal"}),
        (
            TOKEN | {"id": "0A", "pin_file": "/p", "label": "x y"}, "pkcs11",
            {"module": "/usr/lib/m.so", "token": "press-07", "label": "x y", "id": "0a", "pin-file": "/p"},
        ),
    ],
)  # fmt: skip
def test_tables(table: dict[str, Any], kind: str, facts: dict[str, str]) -> None:
    """What is said, and what is meant when it isn't."""
    place = key_place.parse(table)
    assert (place.kind, place.facts) == (kind, facts)


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"kind": "fpm"}, "config-value"),
        ({"kind": 1}, "config-value"),
        ({"sealed": "yes"}, "wrong-type"),
        ({"kind": "tpm", "sealed": True}, "unknown-key"),
        ({"kind": "tpm", "device": "swtpm"}, "config-value"),
        ({"kind": "tpm", "parent": 1}, "config-value"),
        ({"kind": "tpm", "parent": True}, "config-value"),
        ({"kind": "pkcs11", "token": "press-07"}, "config-value"),
        (TOKEN | {"token": ""}, "wrong-type"),
        (TOKEN | {"token": "a\nb"}, "wrong-type"),
        (TOKEN | {"id": "xyz"}, "config-value"),
        (TOKEN | {"pin": "1234"}, "unknown-key"),
        (TOKEN | {"pin_file": "/p", "pin_credential": "c"}, "config-value"),
    ],
)
def test_mistakes(table: dict[str, Any], code: str) -> None:
    """Every mistake is named; a PIN has no place in the settings."""
    with pytest.raises(Refused) as refused:
        key_place.parse(table)
    assert refused.value.code == code


def test_in_device_toml() -> None:
    """The table is found where it belongs, and isn't among what boot keeps."""
    settings = parse(b'[key]\nkind = "tpm"\n', "source")
    assert settings.key is not None
    assert settings.key.kind == "tpm"
    assert "tpm" not in settings.dump()


def test_every_key_is_explained_to_integrators() -> None:
    """integrator.md, section 13 ↔ what the kinds know."""
    told = (PROJECT / "docs" / "integrator.md").read_text()
    explained = set(re.findall(r"^\| `key\.(\w+)` \|", told, re.M))
    known = {"kind"}
    for table in ({}, {"kind": "tpm"}, TOKEN):
        with pytest.raises(Refused) as refused:
            key_place.parse(table | {"nonsense": 1})
        known |= set(re.findall(r"key\.(\w+)", refused.value.hint))
    assert explained == known
