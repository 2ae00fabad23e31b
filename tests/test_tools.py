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


def test_a_group_of_tests_stays_on_one_worker(request: pytest.FixtureRequest) -> None:
    """With `--dist loadgroup`; some build on the one before. What pytest-xdist schedules by is a suffix of the name."""
    if not request.config.getoption("loadgroup", False):
        pytest.skip("this run has no groups: `make test` has")
    marked = [(item, item.get_closest_marker("xdist_group")) for item in request.session.items]
    lost = [item.nodeid for item, mark in marked if mark and not item.nodeid.endswith(f"@{mark.args[0]}")]
    assert lost == []
