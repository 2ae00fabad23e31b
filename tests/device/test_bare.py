"""A device in an environment with the wheel and nothing else: it boots, and says how it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from booting import Device, make_device, served

from dotlocal.core.names import HostName
from dotlocal.core.verify import verify
from dotlocal.core.window import DAY
from dotlocal.testing import World
from installed import Command, clock_at, tree

NOW = int(time.time())
HEAVY = {"asyncio", "typing", "dataclasses", "http", "email", "logging", "argparse", "re", "json", "enum", "ipaddress",
         "tomllib", "datetime", "pathlib", "subprocess", "socket", "ssl", "hashlib", "contextlib"}  # fmt: skip
_IMPORT = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.M)


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Device:
    """A device that was adopted where there was everything."""
    return make_device(tmp_path_factory.mktemp("adopted"), world=World(now=NOW - DAY))


@pytest.fixture
def device(adopted: Device, tmp_path: Path) -> Device:
    """A copy of it, with a device.toml."""
    shutil.copytree(adopted.path / "state", tmp_path / "state")
    lines = 'hostnames = ["press-07.local"]', 'addresses = ["192.168.77.7", "8.8.8.8"]', 'interfaces = ["none0"]'
    (tmp_path / "device.toml").write_text("\n".join(lines))
    return Device(tmp_path, adopted.world, adopted.record)


def words(device: Device, *more: str) -> list[str]:
    places = {"state": device.path / "state", "run": device.run, "config": device.path / "device.toml"}
    return ["device", "boot", *(f"--{name}={path}" for name, path in places.items()), *more]


def accepted(device: Device) -> bool:
    return not verify(served(device.run).names, device.record.root, HostName("press-07.local"), NOW)


def imported(command: Command, *words: str) -> set[str]:
    """Every module that the installed script imports."""
    ran = command(*words, before=(str(command.python), "-X", "importtime"))
    assert ran.status == 0, ran
    return set(_IMPORT.findall(ran.err))


def own_of(command: Command) -> set[str]:
    """What this interpreter imports before it runs anything: some distributions have hooks of their own."""
    started = [command.python, "-X", "importtime", "-c", "pass"]
    told = subprocess.run(started, capture_output=True, text=True, env=command.env()).stderr
    return {name.partition(".")[0] for name in _IMPORT.findall(told)}


def test_there_is_nothing_else(bare: Command) -> None:
    """The environment of these tests has no package but dotlocal."""
    script = "import importlib.metadata as m; print(sorted(d.name for d in m.distributions()))"
    ran = subprocess.run([bare.python, "-c", script], capture_output=True, text=True, env=bare.env())
    assert ran.stdout == "['dotlocal']\n"


@pytest.mark.parametrize("word", ["boot", "watch", "status", "unit"])
def test_without_libcrypto_either(device: Device, bare: Command, tmp_path: Path, word: str) -> None:
    """No OpenSSL to load and no `cryptography`: told in a line, with what to install, and no traceback."""
    site = tmp_path / "sitecustomize.py"
    site.write_text("from dotlocal.host import ffi\ndef none(name): raise OSError\nffi.CDLL = none\n")
    if word == "unit":
        unit = next(bare.path.parents[1].glob("lib/python*/site-packages/dotlocal/device/bare.py"))
        done = subprocess.run(
            [bare.python, unit, *words(device)[1:]],
            capture_output=True,
            text=True,
            env=bare.env(PYTHONPATH=str(tmp_path)),
        )
        status, err = done.returncode, done.stderr
    else:
        told = bare("device", word, PYTHONPATH=str(tmp_path))
        status, err = told.status, told.err
    assert status == 2, err
    assert err.startswith("dotlocal: error: there is no libcrypto")
    assert "(libcrypto-missing)\ndotlocal: hint: install" in err


def test_it_boots(device: Device, bare: Command) -> None:
    """device.toml read, certificates made, a browser accepts them; what can't be named is left out."""
    report = json.loads(bare.ok(*words(device, "--json")).out)
    assert [each["code"] for each in report["left_out"]] == ["outside-constraints"]
    assert [each for each in report["findings"] if each["severity"] != "note"] == []
    assert accepted(device)


def test_it_boots_again_and_reads_what_has_changed(device: Device, bare: Command) -> None:
    """Settings as they were, then another name."""
    for _ in range(2):
        bare.ok(*words(device))
    (device.path / "device.toml").write_text('hostnames = ["kitchen.local"]\n')
    assert json.loads(bare.ok(*words(device, "--json")).out)["names"][0] == "kitchen.local"


def test_it_boots_in_1970(device: Device, bare: Command, tmp_path: Path) -> None:
    """The clock stands at its beginning: the certificate is valid today."""
    report = json.loads(bare.ok(*words(device, "--json"), **clock_at(tmp_path / "clock", 7)).out)
    assert report["clock"]["quality"] == "unknown"
    assert accepted(device)


def test_a_mistake_in_device_toml_is_told(device: Device, bare: Command) -> None:
    """The reader of device.toml needs nothing but the standard library either."""
    bare.ok(*words(device))
    (device.path / "device.toml").write_text("dayz = 1")
    done = bare(*words(device))
    assert done.status == 1
    assert "(unknown-key)" in done.err
    assert accepted(device)


def test_nothing_left_to_name(device: Device, bare: Command) -> None:
    """The self-signed last resort is made without any package."""
    (device.path / "device.toml").write_text('suffixes = false\ninterfaces = ["none0"]\n')
    done = bare(*words(device))
    assert done.status == 1
    assert "(no-name-left)" in done.err
    assert served(device.run)


def test_status(device: Device, bare: Command) -> None:
    """What is served, for people and for programs."""
    bare.ok(*words(device))
    assert "press-07.local" in bare.ok("device", "status", "--run", device.run).out
    assert json.loads(bare.ok("device", "status", "--run", device.run, "--json").out)["schema"] == 1


def test_a_boot_with_unchanged_settings_imports_the_standard_library_only(device: Device, bare: Command) -> None:
    """-X importtime: dotlocal and the standard library, and of that nothing that is heavy."""
    bare.ok(*words(device))
    found = imported(bare, *words(device))
    assert "dotlocal.device.preload" in found
    tops = {name.partition(".")[0] for name in found}
    assert tops - own_of(bare) - {"dotlocal"} <= set(sys.stdlib_module_names)
    assert not found & HEAVY


def test_the_same_boot_beside_all_dependencies_is_the_same(device: Device, dotlocal: Command) -> None:
    """That `cryptography` is there changes nothing: the boot path does not look for it."""
    dotlocal.ok(*words(device))
    found = imported(dotlocal, *words(device))
    assert not found & (HEAVY | {"cryptography", "cffi"})
    assert not any(name.startswith(("cryptography.", "dotlocal.cli")) for name in found)


def test_boot_and_status_write_nothing_but_what_is_theirs(device: Device, bare: Command) -> None:
    """State: settings and floor; run: the set, the link, the lock."""
    before = tree(device.path / "state")
    bare.ok(*words(device))
    after = tree(device.path / "state")
    assert {name for name in before | after if before.get(name) != after.get(name)} == {"settings", "floor"}
    assert {path.name[:4] for path in device.run.iterdir()} == {"set-", "curr", "lock"}


def test_a_damaged_template_can_not_be_healed_here(device: Device, bare: Command) -> None:
    """Preparing one takes `cryptography`: refused by name, with what to do, and what was served stays."""
    bare.ok(*words(device))
    (device.path / "state" / "template").write_text("torn")
    done = bare(*words(device))
    assert (done.status, done.code, done.hinted) == (1, "template-damaged", True)
    assert accepted(device)


@pytest.mark.parametrize(
    "command",
    [
        "root plan", "root create @plan.toml --rehearse", "root sign @x.pem --home @root",
        "factory init --name x --home @new", "factory accept @x.pem --home @x", "factory provision @x.pem --home @x",
        "device init --serial SN1 --state @new", "device adopt @x.pem --state @state",
    ],
)  # fmt: skip
def test_what_needs_the_package_says_so(bare: Command, tmp_path: Path, command: str) -> None:
    """Exit 2, code `cryptography-missing`, a hint, and nothing made."""
    for name in ("plan.toml", "x.pem"):
        (tmp_path / name).write_text("")
    before = tree(tmp_path)
    done = bare(*(str(tmp_path / word[1:]) if word.startswith("@") else word for word in command.split()))
    assert (done.status, done.code, done.hinted) == (2, "cryptography-missing", True), done
    assert tree(tmp_path) == before


def test_a_monitor_without_the_package_is_told_that_nothing_is_known(bare: Command) -> None:
    """`doctor --plugin`: UNKNOWN on stdout, and 3: CRITICAL would be said of the device."""
    done = bare("doctor", "127.0.0.1:1", "--plugin")
    assert (done.status, done.out.startswith("UNKNOWN - this command")) == (3, True), done


@pytest.mark.parametrize("command", ["--version", "--help", "device --help", "device boot --help", "root sign --help"])
def test_help_needs_no_package(bare: Command, command: str) -> None:
    """Whoever asks how it works is told."""
    assert "dotlocal" in bare.ok(*command.split()).out


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_the_bare_start_without_streams(device: Device, bare: Command, closed: str) -> None:
    """Init scripts may close them: it boots all the same, and writes nothing into a file by mistake."""
    asked = "from dotlocal.device.install import bare; print(bare())"
    start = subprocess.check_output([bare.python, "-c", asked], env=bare.env(), text=True).split()
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", *start, *words(device)[1:]]
    assert subprocess.run(command, env=bare.env(), timeout=60).returncode == 0
    assert accepted(device)
