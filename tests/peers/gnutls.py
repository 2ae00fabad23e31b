"""GnuTLS by its own command."""

from __future__ import annotations

import re
from pathlib import Path

from .children import OneShot, lacking, run
from .peer import Trouble, Verdict, is_address


class GnuTLS(OneShot):
    id = "gnutls"

    def missing(self) -> str | None:
        return lacking("gnutls-cli", package="gnutls-bin")

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        sni = "--disable-sni" if is_address(host) else f"--sni-hostname={host}"
        argv = ["gnutls-cli", f"--x509cafile={root}", f"--port={port}", f"--verify-hostname={host}", sni, "127.0.0.1"]
        client = run(argv, send=b"GET / HTTP/1.0\r\n\r\n")
        said = client.stdout.decode(errors="replace")
        if answer := re.search(r"^HTTP/.*", said, re.MULTILINE):
            return Verdict(True, answer[0].strip())
        if refusal := re.search(r"Status: The certificate is NOT trusted\. (.*)", said):
            return Verdict(False, refusal[1].strip())
        raise Trouble(said + client.stderr.decode(errors="replace"))
