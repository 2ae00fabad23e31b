"""What an administrator got: exports of a root with limits and of one without, made by the installed command."""

from __future__ import annotations

from pathlib import Path

import pytest

from installed import Command
from peers.chains import certificate_pem, root


@pytest.fixture(scope="session")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The roots of tests/peers, in files: `constrained` and `open`."""
    folder = tmp_path_factory.mktemp("roots")
    for name, constrained in (("constrained", True), ("open", False)):
        (folder / f"{name}.pem").write_bytes(certificate_pem(root(constrained=constrained).certificate))
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def handed(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command, roots: dict[str, Path]) -> Path:
    """The whole export of a root with limits."""
    folder = tmp_path_factory.mktemp("handed") / "handout"
    dotlocal.ok("trust", "export", roots["constrained"], folder, "--url", "https://www.acme.example/root")
    return folder


@pytest.fixture(scope="session")
def handed_open(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command, roots: dict[str, Path]) -> Path:
    """The export of a root without limits, which takes --force."""
    folder = tmp_path_factory.mktemp("open") / "handout"
    dotlocal.ok("trust", "export", roots["open"], folder, "--force", "--only", "chrome", "--only", "firefox")
    return folder
