"""What is imported ahead of the import system is what would be imported, and never what was."""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serve_peers import SOURCE

# Prints the modules that the import system brought in, and, behind a |, those that were there before it was asked.
IMPORTS = """\
import sys
sys.path.append(sys.argv[1] + "/dotlocal/device")
import preload  # as in bare.py
sys.path[-1] = sys.argv[1]
for name in sys.argv[2].split():
    preload.load(getattr(preload, name))
for module in sys.argv[3:]:
    __import__(module)
ours = [name for name in sys.modules if name.partition(".")[0] == "dotlocal"]
assert not {"os", "ssl", "socket", "enum", "re"} & set(sys.modules)
print(*(name for name in ours if sys.modules[name].__spec__), "|",
      *(name for name in ours if not sys.modules[name].__spec__))
"""
_FIRST = ("dotlocal.device.serve.command", "dotlocal.device.serve.boot_beside")
COMMANDS = {
    "BOOT": ("dotlocal.device.boot",),
    "SERVE_FIRST": _FIRST,
    "SERVE_FIRST SERVE": (*_FIRST, "dotlocal.device.serve.service"),
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package by itself, compiled."""
    shutil.copytree(SOURCE / "dotlocal", tmp_path / "dotlocal", ignore=shutil.ignore_patterns("__pycache__"))
    assert compileall.compile_dir(tmp_path, quiet=1)
    return tmp_path


def imports(package: Path, preloaded: str, *modules: str, options: tuple[str, ...] = ()) -> tuple[set[str], set[str]]:
    words = [sys.executable, "-I", "-S", *options, "-c", IMPORTS, str(package), preloaded, *modules]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    by_system, _, ahead = ran.stdout.partition("|")
    return set(by_system.split()), set(ahead.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_lists_are_complete_and_hold_nothing_else(name: str, package: Path) -> None:
    """Nothing is left to the import system, and nothing is loaded that isn't wanted."""
    wanted, _ = imports(package, "", *COMMANDS[name])
    by_system, ahead = imports(package, name, *COMMANDS[name])
    assert by_system == set()
    assert ahead == wanted
    assert imports(package, name)[1] == ahead


def test_a_source_that_is_newer_than_its_compiled_file_counts(package: Path) -> None:
    """From there on it is the import system's work, as after an update whose files were not compiled."""
    source = package / "dotlocal/device/plan.py"
    source.write_text(source.read_text() + "\nprint('new')\n")
    words = [sys.executable, "-I", "-S", "-c", IMPORTS, str(package), "BOOT", "dotlocal.device.boot"]
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.startswith("new\n")
    by_system, _, ahead = said.partition("|")
    assert "dotlocal.device.plan" in by_system
    assert "dotlocal.core.template" in ahead


@pytest.mark.parametrize("torn", ["gone", "empty", "cut", "of another Python"])
def test_a_compiled_file_that_is_none_is_passed_over(torn: str, package: Path) -> None:
    """The import system compiles what it finds torn, or finds nothing of."""
    compiled = Path(py_compile.compile(str(package / "dotlocal/core/der.py")) or "")
    whole = compiled.read_bytes()
    compiled.write_bytes({"cut": whole[:15], "of another Python": b"\0" + whole[1:]}.get(torn, b""))
    if torn == "gone":
        compiled.unlink()
    by_system, ahead = imports(package, "BOOT", "dotlocal.device.boot")
    assert "dotlocal.core.der" in by_system
    assert "dotlocal.core.names" in ahead


def test_a_module_that_can_not_be_run_is_left_to_its_importer(package: Path) -> None:
    """No libcrypto to load (Python carries its OpenSSL inside): `keys` expects that, and turns to `cryptography`."""
    libcrypto = package / "dotlocal/host/libcrypto.py"
    libcrypto.write_text(libcrypto.read_text().replace("libcrypto.so.", "libcrypto.none."))
    (package / "dotlocal/host/pyca.py").write_text("Key = generate = load = sha256 = spare = None\n")
    assert compileall.compile_dir(package, quiet=1)
    by_system, ahead = imports(package, "BOOT", "dotlocal.device.boot")
    assert {"dotlocal.host.pyca", "dotlocal.device.boot"} <= by_system
    assert "dotlocal.host.libcrypto" not in by_system | ahead


@pytest.mark.parametrize("options", [("-O",), ("-X", "pycache_prefix=/nowhere")])
def test_interpreters_that_keep_their_compiled_files_elsewhere(options: tuple[str, ...], package: Path) -> None:
    """Everything is left to the import system."""
    assert imports(package, "BOOT", "dotlocal.device.boot", options=options)[1] == set()


def test_compiled_files_without_a_time(package: Path) -> None:
    """Reproducible images compile by hash, and say that nothing is to be compared (PEP 552)."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    assert compileall.compile_dir(package, quiet=1, force=True, invalidation_mode=unchecked)
    for path in package.rglob("*.py"):
        os.utime(path, (0, 0))
    by_system, _ = imports(package, "BOOT", "dotlocal.device.boot")
    assert by_system == set()
