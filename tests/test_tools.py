"""What the tests themselves promise."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from computer import computer
from installed import Command, private_mounts, read_only


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
@pytest.mark.parametrize("use", [
    lambda folder: private_mounts(), read_only, lambda folder: computer(folder, Command(folder)).__enter__(),
], ids=["private mounts", "read only", "computer"])  # fmt: skip
def test_what_a_machine_can_not_do_is_left_out_and_never_in_ci(
    use: Callable[[Path], object],
    ci: str,
    outcome: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Neither root nor `unshare`: skipped on somebody's laptop, failed where every test must have run."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome):
        use(tmp_path)
