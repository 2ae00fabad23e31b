"""HTTP-01 (RFC 8555 8.3) where `device serve` has port 80 for its help pages: the answers lie in run/acme-http, one
file for each token, while a challenge is pending.
"""

from __future__ import annotations

import os

FOLDER = "acme-http"
WELL_KNOWN = "/.well-known/acme-challenge/"
_LONGEST = 250
_MOST_OCTETS = 1024
_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def answer(run: str, path: str) -> bytes | None:
    """What is to be answered to a request for this path, or None: it is no challenge, or none of ours."""
    token = path.removeprefix(WELL_KNOWN)
    if token == path or not 0 < len(token) <= _LONGEST or not _TOKEN.issuperset(token):
        return None
    try:
        with open(os.path.join(run, FOLDER, token), "rb") as file:
            return file.read(_MOST_OCTETS)
    except OSError:
        return None
