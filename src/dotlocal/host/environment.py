# Boot path: no typing, dataclasses, enum, re or json at run time.
"""The environment that this process was started with. `os` makes a mapping of it, which costs a boot (ADR 0028)."""

from posix import environ
from sys import getfilesystemencoding


def variable(name: str) -> str:
    """What the variable says, "" if it isn't set. As a path it leads back to the same octets (PEP 383)."""
    return environ.get(name.encode(), b"").decode(getfilesystemencoding(), "surrogateescape")
