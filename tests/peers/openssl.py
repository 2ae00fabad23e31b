"""OpenSSL by its own command, and curl, which is OpenSSL below checks of its own."""

from __future__ import annotations

import re
from pathlib import Path

from .children import NOWHERE, OneShot, lacking, run
from .peer import Trouble, Verdict, is_address, origin

CURLE_PEER_FAILED_VERIFICATION = 60
CURLE_SSL_CONNECT_ERROR = 35


class OpenSSL(OneShot):
    id = "openssl"

    def missing(self) -> str | None:
        return lacking("openssl", package="openssl")

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        led = ["-quiet", "-connect", f"127.0.0.1:{port}"]
        trusted = ["-CAfile", str(root), "-no-CApath", "-no-CAstore", "-verify_return_error"]
        by_address, by_name = ["-verify_ip", host, "-noservername"], ["-verify_hostname", host, "-servername", host]
        asked = by_address if is_address(host) else by_name
        client = run(["openssl", "s_client", *led, *trusted, *asked], send=b"GET / HTTP/1.0\r\n\r\n")
        said = client.stderr.decode(errors="replace")
        if client.stdout.startswith(b"HTTP/"):
            return Verdict(True, client.stdout.decode(errors="replace").splitlines()[0])
        if refusal := re.search(r"verify error:num=\d+:(.*)", said):
            return Verdict(False, refusal[1])
        raise Trouble(said)


class Curl(OneShot):
    id = "curl"

    def missing(self) -> str | None:
        return lacking("curl", package="curl")

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        led = ["--noproxy", "*", "--connect-to", f"::127.0.0.1:{port}"]
        # Without a folder of our own it would trust the system's as well.
        trusted = ["--cacert", str(root), "--capath", str(NOWHERE)]
        client = run(["curl", "-q", "-sSi", *led, *trusted, origin(host, port)])
        said = client.stderr.decode(errors="replace")
        if client.returncode == 0 and client.stdout.startswith(b"HTTP/"):
            return Verdict(True, client.stdout.decode(errors="replace").splitlines()[0])
        # A signature that does not fit is no bad peer to curl, but a broken connection: it looks no further than the
        # first entry in OpenSSL's queue of errors, which comes from the decoder.
        bad_signature = client.returncode == CURLE_SSL_CONNECT_ERROR and "asn1 encoding routines::EVP lib" in said
        if bad_signature or client.returncode == CURLE_PEER_FAILED_VERIFICATION:
            return Verdict(False, said.splitlines()[0])
        raise Trouble(said)
