"""NSS by `tstclnt`, its own test client, which uses the classic verifier (Firefox brings another, mozilla::pkix)."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .children import Scratch, lacking, run
from .peer import Trouble, Verdict


def trust(root: Path, database: Path) -> None:
    """Make an NSS database that trusts `root` for servers and nothing else; both browsers read the same format."""
    database.mkdir(parents=True, exist_ok=True)
    for step in (["-N", "--empty-password"], ["-A", "-n", "vendor root", "-t", "C,,", "-i", str(root)]):
        done = run(["certutil", step[0], "-d", f"sql:{database}", *step[1:]], home=database)
        if done.returncode != 0:
            raise Trouble(done.stderr.decode(errors="replace"))


def fingerprint(root: Path) -> str:
    """What tells two roots apart, for peers that keep something per root."""
    return hashlib.sha256(root.read_bytes()).hexdigest()[:16]


class NSS:
    id = "nss"

    def __init__(self) -> None:
        self._scratch: Scratch | None = None

    def missing(self) -> str | None:
        return lacking("tstclnt", "certutil", package="libnss3-tools")

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        self._scratch = self._scratch or Scratch()
        database = self._scratch.path / fingerprint(root)
        if not database.exists():
            trust(root, database)
        request = self._scratch.path / "request"
        request.write_bytes(b"GET / HTTP/1.0\r\n\r\n")
        # -a is verified as well as sent, and NSS itself keeps an address out of the SNI. The request comes from a file,
        # since tstclnt never ends when its standard input has ended before the answer came.
        led = ["-4", "-h", "127.0.0.1", "-p", str(port), "-a", host, "-A", str(request)]
        client = run(["tstclnt", *led, "-d", f"sql:{database}"], home=self._scratch.path)
        said = client.stderr.decode(errors="replace")
        if client.stdout.startswith(b"HTTP/"):
            return Verdict(True, client.stdout.decode(errors="replace").splitlines()[0])
        if refusal := re.search(r"authentication of server cert failed: (.*)", said):
            return Verdict(False, refusal[1])
        raise Trouble(said)

    def close(self) -> None:
        if self._scratch:
            self._scratch.close()
            self._scratch = None
