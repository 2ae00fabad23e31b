"""A server's configuration for both certificates, with the paths filled in. Only `device install` needs this."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dotlocal.core.names import HostName
from dotlocal.device.handover.servers import SERVERS, row_of

DEFAULT_SUFFIXES = ("local", "home.arpa", "internal")
INSTALLABLE = tuple(name for name in SERVERS if name != "command")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Texts by path, the first of them the one to include; `include` says where, `reader` who must read the key,
    `yours` what the integrator adds. Other users may read the files, unless `mode` says that they hold a secret.
    """

    files: dict[str, str]
    include: str
    reader: str
    yours: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Site:
    """Where the set is, and what is served: `names` decide which suffixes are listed, for servers that know no regular
    expressions; `site` is a file (HAProxy: a back end) with what to do with requests; `secret` is a word that nobody
    knows, for servers that need one.
    """

    run: str
    port: int = 443
    names: tuple[HostName, ...] = ()
    site: str = ""
    secret: str = "SECRET"


def plan(server: str, site: Site, *, path: str = "") -> Snippet:
    """The snippet of a server, to be written to `path`. Refuses `handover-server`."""
    adapter = import_module(f"dotlocal.device.handover.{row_of(server).module}")
    path = path or adapter.PATH
    beside = {_beside(path, adapter.PATH, name): text for name, text in getattr(adapter, "BESIDE", {}).items()}
    values = {
        "RUN": site.run, "PORT": str(site.port), "PATH": path, "BESIDE": next(iter(beside), ""),
        "SITE": site.site or adapter.SITE, "NAMES": " ".join(_patterns(site)), "SECRET": site.secret,
    }  # fmt: skip
    files = {path: _heading(server, adapter) + adapter.SNIPPET, **beside}
    return Snippet(
        {name: _filled(text, values) for name, text in files.items()},
        _filled(adapter.INCLUDE, values), _filled(adapter.READER, values),
        _filled(f"@SITE@, with what is served: {adapter.SITE_EXAMPLE}", values),
        0o640 if "@SECRET@" in adapter.SNIPPET else 0o644,
    )  # fmt: skip


def _beside(path: str, standard: str, name: str) -> str:
    """Where another file of the snippet is: in its own place, or with the snippet where that was put elsewhere."""
    return name if path == standard else os.path.join(os.path.dirname(path), os.path.basename(name))


def _heading(server: str, adapter: Any) -> str:
    lines = [
        f"@PATH@, made by `dotlocal device install --server {server}`",
        f"Include: {adapter.INCLUDE}",
        f"Access: {adapter.READER}",
        f"@SITE@ is yours, and says what is served: {adapter.SITE_EXAMPLE}",
        f'In device.toml: [handover], server = "{server}", connect = "127.0.0.1:@PORT@"',
    ]
    return "".join(f"{adapter.COMMENT} {line}\n" for line in lines)


def _patterns(site: Site) -> list[str]:
    # A pattern for each suffix, since names change with the network; Apache's match any number of labels.
    suffixes = dict.fromkeys([*(name.text.partition(".")[2] for name in site.names), *DEFAULT_SUFFIXES])
    return [f"*.{suffix}" for suffix in suffixes if suffix]


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
