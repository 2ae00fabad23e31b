"""Bundles of PEM certificates that systems keep, and the programs that are asked with one."""

from __future__ import annotations

import binascii
import re
import ssl
from collections.abc import Iterator, Sequence

from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host import files
from dotlocal.host.commands import Runner

MOST_OCTETS = 16 << 20
_BLOCK = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END (?:X509 )?CERTIFICATE-----")
_SECONDS = 20


def certificates(data: bytes) -> Iterator[bytes]:
    """The DER of each certificate; damaged ones are passed over, as those who read bundles do."""
    for match in _BLOCK.finditer(data):
        try:
            yield binascii.a2b_base64(match[1])
        except binascii.Error:
            continue


def in_file(path: str) -> list[bytes]:
    """The certificates of a PEM file, or the one of a DER file; none when there is no such file."""
    try:
        data = files.read(path, most=MOST_OCTETS)
    except Refused as refused:
        if refused.code == "file-missing":
            return []
        raise
    return [data] if data.startswith(b"\x30") else list(certificates(data))


def ask(run: Runner, path: str, witness: Witness) -> Sequence[Verdict]:
    """OpenSSL, which this Python is linked with, and GnuTLS where its client is installed."""
    verdicts = [_openssl(path, witness)]
    if run.find("gnutls-cli"):
        verdicts.append(_gnutls(run, path, witness))
    return verdicts


def _openssl(path: str, witness: Witness) -> Verdict:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except (OSError, ssl.SSLError) as error:
        return Verdict("OpenSSL", witness.text, None, f"{path} can't be read: {error}")
    return witness.shake_hands(context, "OpenSSL")


def _gnutls(run: Runner, path: str, witness: Witness) -> Verdict:
    asked = f"--sni-hostname={witness.host}" if witness.named else "--disable-sni"
    words = ["gnutls-cli", f"--x509cafile={path}", f"--port={witness.port}", f"--verify-hostname={witness.host}", asked]
    try:
        ran = run([*words, witness.address], seconds=_SECONDS)
    except Refused as refused:
        return Verdict("GnuTLS", witness.text, None, refused.message)
    if "- Status: The certificate is trusted" in ran.out:
        return Verdict("GnuTLS", witness.text, True, "trusted")
    refusal = re.search(r"- Status: The certificate is NOT trusted\. (.*)", ran.out)
    return Verdict("GnuTLS", witness.text, False if refusal else None, refusal[1].strip() if refusal else ran.said)
