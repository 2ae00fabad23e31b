"""What keytool says when it opens a device's page: recorded from OpenJDK 17.0.15 and Temurin 25.0.2, word for word."""

from __future__ import annotations

import pytest

from dotlocal.browser.stores.java import verdict
from dotlocal.browser.witness import Witness
from dotlocal.core.names import HostName
from dotlocal.host.commands import Ran

DEVICE = Witness(HostName("press-07.local"), 443, "192.168.77.7")
_NO_PATH = (
    "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid "
    "certification path to requested target"
)
_WRONG_NAME = "No subject alternative DNS name matching other.local found."
RECORDED = {
    "a page": ("java.security.cert.CRLException: No CRL data found", True),
    "a password": ("java.io.IOException: Server returned HTTP response code: 401 for URL: https://press-07/", True),
    "no such page": ("java.io.FileNotFoundException: https://press-07.local:41519/", True),
    "sent elsewhere": ("java.net.UnknownHostException: elsewhere.local", True),
    "unknown, 17": (f"javax.net.ssl.SSLHandshakeException: {_NO_PATH}", False),
    "unknown, 25": (f"javax.net.ssl.SSLHandshakeException: (certificate_unknown) {_NO_PATH}", False),
    "another name, 17": (f"javax.net.ssl.SSLHandshakeException: {_WRONG_NAME}", False),
    "another name, 25": (f"javax.net.ssl.SSLHandshakeException: (certificate_unknown) {_WRONG_NAME}", False),
    "dropped": ("javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake", None),
    "no TLS": ("javax.net.ssl.SSLException: Unsupported or unrecognized SSL message", None),
    "a certificate is wanted": ("java.io.IOException: Error writing to server", None),
    "silence": ("java.net.SocketTimeoutException: Read timed out", None),
    "closed": ("java.net.ConnectException: Connection refused", None),
    "no such name": ("java.net.UnknownHostException: press-07.local", None),
}  # fmt: skip


@pytest.mark.parametrize("what", RECORDED)
def test_what_keytool_says_is_read_as_it_is_meant(what: str) -> None:
    """A page that came is a proof, a refused certificate is one, and everything else is none."""
    said, accepted = RECORDED[what]
    found = verdict(DEVICE, Ran(("keytool",), 1, f"keytool error: {said}\n", "Picked up …\n"))
    assert found.accepted is accepted
    assert found.words
