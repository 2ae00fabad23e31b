"""Reading uploads in a child process with limits, so that no file can hang or fill the device.

The key of an upload comes back through a pipe and is nowhere else.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core import pem
from dotlocal.core.errors import Refused
from dotlocal.core.findings import Finding
from dotlocal.device.owned import reading
from dotlocal.device.owned.material import Material, PrivateKey, Upload

_CPU_SECONDS = 10  # half a million rounds of PBKDF2 take a second on a small board; exporters use a few thousand
_WALL_SECONDS = 60
_MEMORY_OCTETS = 1 << 30  # of address space; an interpreter with its X.509 library has a fifth of it


def read(uploads: Sequence[Upload], passphrase: bytes | None) -> Material:
    """What the uploads hold. Refuses `own-costly` for what takes longer than an honest file can, and `own-no-reader`
    where the process that reads can't be started.
    """
    total = sum(len(each.contents) for each in uploads)
    if total > reading.MOST_OCTETS:
        return Material(findings=(reading.too_large(total),))
    given = {
        "passphrase": None if passphrase is None else _text(passphrase),
        "uploads": [[each.name, _text(each.contents)] for each in uploads],
    }
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-m", __name__], input=json.dumps(given).encode(), capture_output=True,
            env={**os.environ, "PYTHONPATH": home}, timeout=_WALL_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            return _decoded(json.loads(done.stdout))
    except OSError as error:
        raise Refused(
            "own-no-reader", f"the process that reads uploads can't be started: {error.strerror}",
            hint=f"let the owner of the state run {sys.executable}",
        ) from None  # fmt: skip
    except (subprocess.SubprocessError, ValueError):
        pass
    raise Refused(
        "own-costly", f"reading it took more than {_CPU_SECONDS} seconds or too much memory, as no honest file does",
        hint="export key and certificates again, with the usual number of rounds",
    )  # fmt: skip


def _decoded(told: Any) -> Material:
    return Material(
        tuple(PrivateKey(_bytes(pkcs8), _bytes(spki), kind) for pkcs8, spki, kind in told["keys"]),
        tuple(pem.certificate(_bytes(each), "the upload") for each in told["certificates"]),
        told["requests"],
        tuple(Finding(*words, hint=hint) for *words, hint in told["findings"]),
    )


def _encoded(material: Material) -> dict[str, Any]:
    return {
        "keys": [[_text(each.pkcs8), _text(each.spki), each.kind] for each in material.keys],
        "certificates": [_text(each.public_bytes(Encoding.DER)) for each in material.certificates],
        "requests": material.requests,
        "findings": [[each.code, each.severity, each.subject, each.message, each.hint] for each in material.findings],
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def main() -> int:
    """The child: limits first, then the uploads."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_OCTETS, _MEMORY_OCTETS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the key
    warnings.simplefilter("ignore")  # of the X.509 library, about what it will refuse one day
    given = json.load(sys.stdin)
    passphrase = None if given["passphrase"] is None else _bytes(given["passphrase"])
    uploads = [Upload(name, _bytes(contents)) for name, contents in given["uploads"]]
    json.dump(_encoded(reading.read(uploads, passphrase)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
