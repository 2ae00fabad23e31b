"""Programs and packages of somebody else's, asked as independent judges.

One that is missing is skipped, and says so; where the environment has CI=true it is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest


def program(name: str) -> str:
    """The path of a program: the one beside this Python, or the one on the PATH."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        _missing(name)
    return str(found)


def package(name: str) -> None:
    """Go on only where the package can be imported."""
    if importlib.util.find_spec(name) is None:
        _missing(name)


def file(path: str) -> None:
    """Go on only where the file is: a module of a program, in a package of its own."""
    if not Path(path).exists():
        _missing(path)


def _missing(name: str) -> NoReturn:
    lacking(f"{name} is not installed")


def lacking(reason: str) -> NoReturn:
    """Skip for what this machine can't do; fail where CI promises that it can."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI promises that nothing is left out", pytrace=False)
    pytest.skip(reason)
