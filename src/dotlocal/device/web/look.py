"""What all pages look like: one style, one icon, each read once and served by whoever mounts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load, with the header fields that go with it."""

    fields: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


def asset(package: str, name: str) -> Asset:
    """A file of a package's folder `assets`."""
    kind = _TYPES[name.rpartition(".")[2]]
    body = (resources.files(package) / "assets" / name).read_bytes()
    return Asset((("Content-Type", kind), ("Cache-Control", "max-age=300")), body)


ASSETS = {name: asset("dotlocal.device.web", name) for name in ("style.css", "icon.svg")}
