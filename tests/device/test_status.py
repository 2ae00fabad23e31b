"""status.json: the schema that other programs read, and the command that shows it."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from booting import NOW, Device, make_device, reading, served, surroundings
from hypothesis import given
from hypothesis import strategies as st

from dotlocal.core.findings import LeftOut
from dotlocal.core.window import DAY, YEAR
from dotlocal.device import status
from dotlocal.device.surroundings import Surroundings
from dotlocal.testing import World
from installed import Command

TODAY = int(time.time())
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
HEX = re.compile(r"[1-9a-f][0-9a-f]*")
SCHEMA: dict[str, Any] = {
    "schema": int, "issued": INSTANT, "serial": HEX, "names_serial": HEX, "not_before": INSTANT, "not_after": INSTANT,
    "names": [str], "addresses": [str], "left_out": [{"value": str, "kind": str, "code": str, "reason": str}],
    "clock": {"quality": str, "now": INSTANT, "floor": INSTANT},
    "device_ca": {"serial": HEX, "not_after": INSTANT}, "served": str, "own": dict,
    "findings": [{"code": str, "severity": str, "subject": str, "message": str, "hint": str}],
}  # fmt: skip


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Device:
    """A device that is shown, and changed by nothing but its boots."""
    return make_device(tmp_path_factory.mktemp("device"))


def check(value: object, schema: object, place: str = "status") -> None:
    """The value has this shape, no key more and none less."""
    if isinstance(schema, dict):
        assert isinstance(value, dict), place
        assert value.keys() == schema.keys(), place
        for key, inner in schema.items():
            check(value[key], inner, f"{place}.{key}")
    elif isinstance(schema, list):
        assert isinstance(value, list), place
        for item in value:
            check(item, schema[0], f"{place}[]")
    elif isinstance(schema, re.Pattern):
        assert schema.fullmatch(str(value)), f"{place}: {value}"
    else:
        assert type(value) is schema, place


BOOTS = {
    "plain": (reading(), surroundings()),
    "1970": (reading(0, synchronised=False), surroundings()),
    "outside": (reading(), surroundings("press_07", "8.8.8.8", "192.168.77.7")),
    "expired": (reading(NOW + 30 * YEAR), surroundings()),
    "nameless": (reading(), Surroundings("", [])),
}


def living(path: Path) -> Device:
    """A device of the clock's own time, which the command reads."""
    return make_device(path, world=World(now=TODAY - 200 * DAY))


def written(run: Path, contents: str | None) -> None:
    """A run directory whose set has this status.json, or none."""
    (run / "set-1").mkdir()
    (run / "current").symlink_to("set-1")
    if contents is not None:
        (run / "set-1/status.json").write_text(contents)


@pytest.mark.parametrize("boot", BOOTS)
def test_the_schema_is_the_designs(tmp_path: Path, boot: str) -> None:
    """Whatever a boot ends in, its status has exactly these keys, times in RFC 3339 and numbers in hex."""
    device = make_device(tmp_path)
    report = device.boot(*BOOTS[boot])
    written = json.loads((device.run / "current" / "status.json").read_text())
    assert written == report
    check(written, SCHEMA)


def test_the_status_speaks_of_what_is_served(device: Device) -> None:
    """Serial numbers, dates, names and addresses are those of the certificates beside it."""
    report = device.boot(*BOOTS["plain"])
    pair = served(device.run)
    assert report["serial"] == f"{pair.full[0].serial_number:x}"
    assert report["names_serial"] == f"{pair.names[0].serial_number:x}"
    assert report["not_after"] == f"{pair.leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert report["not_before"] == f"{pair.leaf.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    assert report["device_ca"]["serial"] == f"{device.record.device_ca.serial_number:x}"
    assert report["names"] == ["press-07.local", "press-07.home.arpa", "press-07.internal"]
    assert report["addresses"] == ["192.168.77.7"]
    assert report["issued"] == report["clock"]["now"]


def test_the_command_prints_what_boot_wrote(tmp_path: Path, dotlocal: Command) -> None:
    """`device status --json` is status.json; for people it names what is served and what was left out, and why."""
    device = living(tmp_path)
    device.boot(reading(TODAY), BOOTS["outside"][1])
    told = dotlocal.ok("device", "status", "--run", device.run, "--json")
    assert json.loads(told.out) == json.loads((device.run / "current" / "status.json").read_text())
    spoken = dotlocal.ok("device", "status", "--run", device.run).out
    assert "192.168.77.7" in spoken
    assert "(outside-constraints)" in spoken
    assert "(underscore)" in spoken


def test_a_set_that_has_ended(tmp_path: Path, dotlocal: Command) -> None:
    """Nothing has booted for longer than the certificate lasts: an error with both dates, also as JSON."""
    device = living(tmp_path)
    device.boot(reading(TODAY - 100 * DAY, image=TODAY - 150 * DAY), surroundings())
    told = dotlocal("device", "status", "--run", device.run, "--json")
    (finding,) = json.loads(told.out)["findings"]
    assert (told.status, finding["code"]) == (1, "set-expired")
    assert json.loads(told.out)["not_after"] in finding["message"]
    assert "(set-expired)" in dotlocal("device", "status", "--run", device.run).out


def test_a_terminal_obeys_no_name(tmp_path: Path, dotlocal: Command) -> None:
    """Control characters of a name are shown as escapes: whoever owns the run directory is not whoever looks."""
    device = living(tmp_path)
    report = device.boot(reading(TODAY), surroundings())
    report["names"], report["left_out"][:] = ["a\x1b[31m\n.local"], []
    (device.run / "current" / "status.json").write_text(json.dumps(report))
    told = dotlocal.ok("device", "status", "--run", device.run)
    assert told.out.splitlines()[0].startswith("serves     a\\x1b[31m\\n.local, ")


def test_an_error_is_an_exit_status(device: Device, dotlocal: Command) -> None:
    """A finding of severity error makes 1, and is shown with its code and hint."""
    device.boot(*BOOTS["expired"])
    told = dotlocal("device", "status", "--run", device.run)
    assert told.status == 1
    assert "(ca-expired)" in told.out


@pytest.mark.parametrize(
    ("contents", "code"),
    [(None, "no-status"), ("", "status-damaged"), ("{", "status-damaged"), ("[]", "status-damaged"),
     ("{}", "status-damaged"), ("\\ud800", "status-damaged"), ("[" * 100_000, "status-damaged"),
     ('{"names": 5, "addresses": [], "findings": [], "left_out": [], "serial": "1"}', "status-damaged"),
     ('{"names": [5], "addresses": [], "findings": [5], "left_out": [], "serial": "1"}', "status-damaged")],
)  # fmt: skip
@pytest.mark.parametrize("json", [(), ("--json",)], ids=["spoken", "json"])
def test_no_status_is_absent(
    tmp_path: Path, dotlocal: Command, contents: str | None, code: str, json: tuple[str, ...]
) -> None:
    """Nothing to look at, or nothing that can be read: exit 2, a code, a hint."""
    written(tmp_path, contents)
    told = dotlocal("device", "status", "--run", tmp_path, *json)
    assert (told.status, told.code, told.hinted) == (2, code, True)


JSON = st.recursive(
    st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(value=JSON)
def test_what_boot_writes_is_json(value: object) -> None:
    """The writer that spares an import writes what everybody reads back."""
    assert json.loads(status.encode(value)) == value


def test_odd_values_are_left_out_readably(tmp_path: Path) -> None:
    """A configured name of control characters and emoji comes back as it was written."""
    device = make_device(tmp_path)
    odd = 'a"b\\c\n\x00\U0001f600 \u2028'
    device.settings.hostnames = [odd]
    device.settings.refused = [LeftOut(odd, "ip", "not-an-address", odd)]
    device.boot()
    written = json.loads((device.run / "current" / "status.json").read_text())
    assert [each["value"] for each in written["left_out"]] == [odd, odd]
