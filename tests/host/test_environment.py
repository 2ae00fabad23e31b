"""What the environment says, as `os` would have it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ASK = """\
import os, sys
from dotlocal.host.environment import variable
said = variable("DOTLOCAL_RUN")
assert said == os.environ["DOTLOCAL_RUN"], ascii(said)
assert os.fsencode(said) == os.environb[b"DOTLOCAL_RUN"]
os.environ["DOTLOCAL_RUN"] = "/changed"
assert variable("DOTLOCAL_RUN") == "/changed"
assert variable("DOTLOCAL_NOTHING") == ""
"""


@pytest.mark.parametrize("mode", ["utf8=1", "utf8=0"])
@pytest.mark.parametrize("path", [b"/run/caf\xc3\xa9", b"/run/caf\xe9"])
def test_a_path_leads_where_it_was_said_to_lead(mode: str, path: bytes) -> None:
    """UTF-8 and Latin-1, in Python's UTF-8 mode and in the C locale without it, whose paths are ASCII."""
    environment = {b"DOTLOCAL_RUN": path, b"LC_ALL": b"C", b"PYTHONPATH": os.pathsep.join(sys.path).encode()}
    words = [sys.executable, "-X", mode, "-c", ASK]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)  # type: ignore[call-overload]
    assert ran.returncode == 0, ran.stderr
