"""The shape of the source, read from its syntax trees: purity, one clock, the boot path's diet, sizes, docstrings.

The arrows between packages are import-linter's (pyproject.toml).
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
SOURCE = TESTS.parent / "src"
PACKAGE = SOURCE / "dotlocal"
MODULES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}
PURE = {name: tree for name, tree in MODULES.items() if name.startswith(("core/", "wire/", "guide/"))}
BOOT_PATH = {name: tree for name, tree in MODULES.items() if (PACKAGE / name).read_text().startswith("# Boot path:")}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """(module or module.name, line) of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _within(name: str, allowed: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in allowed)


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


# ── purity ──

# datetime: types and arithmetic only, see _WORLDLY for what reads the clock
_PURE_IMPORTS = (
    "__future__", "binascii", "collections.abc", "cryptography", "dataclasses", "datetime.UTC", "datetime.datetime",
    "dotlocal.core", "hashlib", "html.escape", "ipaddress", "itertools", "json", "re", "typing",
)  # fmt: skip
_WORLDLY_CALLS = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint", "globals", "exit"}
_WORLDLY_METHODS = {"now", "today", "utcnow"}
_WORLDLY_ATTRIBUTES = {
    "environ", "urandom", "system", "generate_private_key", "random_serial_number",
    "generate_parameters", "read_text", "read_bytes", "write_text", "write_bytes",
}  # fmt: skip


def test_core_and_wire_import_what_is_pure_and_nothing_else() -> None:
    """No file, socket, clock or randomness can be reached by what is not imported; each may use core, and itself."""
    found = [
        f"{name}:{line} imports {module}"
        for name, tree in PURE.items()
        for module, line in _imports(tree)
        if not _within(module, (*_PURE_IMPORTS, f"dotlocal.{name[: name.index('/')]}"))
    ]
    assert found == []


def test_core_and_wire_call_nothing_that_touches_the_world() -> None:
    """Built-ins that read or print, and methods of imported libraries that read the clock or make keys."""
    found = [
        f"{name}:{getattr(node, 'lineno', 0)} uses {worldly}"
        for name, tree in PURE.items()
        for node in ast.walk(tree)
        if (worldly := _worldly(node))
    ]
    assert found == []


def _worldly(node: ast.AST) -> str:
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", getattr(node.func, "attr", ""))
        return called if called in (_WORLDLY_CALLS if isinstance(node.func, ast.Name) else _WORLDLY_METHODS) else ""
    return node.attr if isinstance(node, ast.Attribute) and node.attr in _WORLDLY_ATTRIBUTES else ""


# ── one clock ──

_WALL_CLOCKS = {
    "time.time", "time.time_ns", "time.clock_gettime", "time.clock_gettime_ns", "time.localtime", "time.gmtime",
    "time.strftime", "time.ctime", "time.asctime",
}  # fmt: skip
# Monotonic time is no date. Who needs it to wait, to retry or to give up:
MONOTONIC = {
    "browser/connection.py": "how long a device may take for its part of a connection",
    "browser/handshake.py": "how long a device may take for a handshake",
    "browser/mdns.py": "how long answers are waited for, and when a question is repeated",
    "browser/probe.py": "how long all looks together may take",
    "demo/story.py": "how long a server may take to start",
    "device/changed.py": "when a burst of changes is over, and how long an address is probed",
    "device/context.py": "when the set in use is looked at again",
    "device/help/serving.py": "time limits of connections, and of proofs of trust",
    "device/handover/patience.py": "how long a web server may still take",
    "device/handover/processes.py": "how long a command may take",
    "device/handover/steps.py": "how long a web server may take to serve the new set",
    "device/own_pages/app.py": "idle times of sessions, waits between passwords, the age of connections",
    "device/own_pages/doing.py": "when a switch came to its end",
    "device/own_pages/server.py": "time limits of connections",
    "device/owned/switching.py": "when a watching process looks again",
    "device/serve/service.py": "time limits of connections",
    "device/watch/handovers.py": "when a web server that wasn't running is looked for again",
    "device/watch/refills.py": "when the next certificates of the probe are due",
    "device/watch/renewals.py": "when the next ACME attempt is due",
    "device/watch/synchronisation.py": "when a clock that was set is asked again",
    "device/watch/watcher.py": "when the next renewal or retry is due",
    "host/files.py": "how long a lock is waited for",
    "host/pkcs11.py": "how long a token may take to answer",
}


def test_one_module_reads_the_clock() -> None:
    """host/clock.py; everybody else is told the time, as an argument."""
    found = {name for name, tree in MODULES.items() if _reads_wall_clock(tree)}
    assert found == {"host/clock.py"}


def _reads_wall_clock(tree: ast.Module) -> bool:
    modules = {module for module, _ in _imports(tree)}
    attributes = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    called_on_dates = {f"{kind}.{method}" for kind in ("datetime", "date") for method in ("now", "today", "utcnow")}
    reads = attributes & _WALL_CLOCKS if "time" in modules else set()
    return bool(reads or modules & _WALL_CLOCKS or attributes & called_on_dates)


def test_monotonic_time_is_used_where_it_is_said() -> None:
    """A new user of it is a row in MONOTONIC, with what it waits for."""
    found = {
        name
        for name, tree in MODULES.items()
        if any(module in ("time.monotonic", "time.monotonic_ns") for module, _ in _imports(tree))
        or any(isinstance(node, ast.Attribute) and node.attr.startswith("monotonic") for node in ast.walk(tree))
    }
    assert found == set(MONOTONIC)


# ── the boot path ──

_BOOT_STANDARD_LIBRARY = (
    "_ctypes", "_json", "_socket", "_struct", "binascii", "ctypes", "fcntl", "gc", "marshal", "os", "posix", "select",
    "stat", "struct", "sys", "time",
)  # fmt: skip
_ALSO = {"device/watch/watcher.py": ("signal",)}  # it imports enum, which a process that stays pays for once
_PLACES = ("CONFIG", "RUN", "STATE")
_BOOT_NEVER = {
    "argparse", "asyncio", "cryptography", "dataclasses", "datetime", "email", "enum", "hashlib", "http", "ipaddress",
    "json", "logging", "pathlib", "re", "socket", "subprocess", "tomllib", "typing",
}  # fmt: skip


def _at_import(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What is imported when the module is: not inside functions, not for type checkers, not when something failed."""
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield from _imports(statement)
        elif isinstance(statement, ast.Try):
            yield from _imports(ast.Module(statement.body, []))


@pytest.mark.parametrize("name", BOOT_PATH)
def test_boot_path_modules_import_little(name: str) -> None:
    """The small half of the standard library, and one another."""
    ours = tuple("dotlocal." + module.removesuffix(".py").replace("/", ".") for module in BOOT_PATH)
    names = (*ours, "dotlocal.RELEASED", "dotlocal.VERSION", *(f"dotlocal.device.{each}" for each in _PLACES))
    packages = {each.rpartition(".")[0] for each in ours}
    found = [
        f"line {line}: {module}"
        for module, line in _at_import(BOOT_PATH[name])
        if not _within(module, (*_BOOT_STANDARD_LIBRARY, *names, *_ALSO.get(name, ()))) and module not in packages
    ]
    assert found == []


# ADR 0028: `ssl`, `socket` and `signal` are enumerations around what is written in C, which is all that serving needs
_SERVE_NEVER = _BOOT_NEVER | {
    "collections", "contextlib", "functools", "inspect", "selectors", "signal", "ssl", "threading", "urllib",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "never"), [("device/boot.py", _BOOT_NEVER), ("device/serve/service.py", _SERVE_NEVER)]
)
def test_importing_the_boot_path_loads_nothing_heavy(name: str, never: set[str]) -> None:
    """`python -X importtime`: none of the modules that would cost a boot, or `serve`, more than its cryptography."""
    module = "dotlocal." + name.removesuffix(".py").replace("/", ".")
    ran = subprocess.run(
        # -S: what a site's own start-up imports is not ours to judge
        [sys.executable, "-S", "-X", "importtime", "-c", f"import {module}"],
        env={**os.environ, "PYTHONPATH": str(SOURCE)}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "dotlocal" in loaded
    assert sorted(loaded & never) == []


@pytest.mark.parametrize("path", ["boot path", "serve path"])
def test_the_contract_and_the_modules_agree(path: str) -> None:
    """What says so in its first line is what import-linter holds to it; packages aside, which would stand for all that
    is in them, and import nothing themselves.
    """
    contracts = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (listed,) = [each["source_modules"] for each in contracts if each["name"].startswith(f"the {path}")]
    saying = [name for name in MODULES if (PACKAGE / name).read_text().startswith(f"# {path.capitalize()}")]
    modules = [f"dotlocal/{name}".removesuffix(".py").replace("/", ".") for name in saying if "__init__" not in name]
    assert listed == modules
    assert [name for name in saying if "__init__" in name and any(_imports(MODULES[name]))] == []


# ── sizes and words ──


def test_no_two_test_modules_have_one_name() -> None:
    """pytest imports those of a folder without __init__.py by their name alone."""
    folders = [folder for folder in TESTS.iterdir() if folder.is_dir() and not (folder / "__init__.py").exists()]
    names = Counter(path.stem for folder in folders for path in folder.glob("*.py") if path.stem != "conftest")
    assert [name for name, count in names.items() if count > 1] == []


def test_modules_fit_in_the_head() -> None:
    """400 lines are a reason to split."""
    sizes = {name: len((PACKAGE / name).read_text().splitlines()) for name in MODULES}
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}


def test_functions_fit_on_a_screen() -> None:
    """50 lines: in core and wire without exception, elsewhere for 99 of 100."""
    long = [
        f"{name}:{each.lineno} {each.name}"
        for name, tree in MODULES.items()
        for each in _functions(tree)
        if (each.end_lineno or 0) - each.lineno + 1 > 50
    ]
    assert [each for each in long if each.startswith(("core/", "wire/"))] == []
    assert len(long) * 100 <= sum(1 for tree in MODULES.values() for _ in _functions(tree)), long


def test_everything_public_promises_something() -> None:
    """Modules, public classes, and public functions and methods have a docstring."""
    silent = [
        f"{name}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', 'the module')}"
        for name, tree in MODULES.items()
        for node in (tree, *_public(tree))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def _public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef | Function]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from _public(node)
