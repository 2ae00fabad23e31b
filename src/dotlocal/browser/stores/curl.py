"""curl as macOS and Windows deliver it: it goes by the system's own store, and so tells what that store does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dotlocal.browser.witness import Verdict, Witness
from dotlocal.core.errors import Refused
from dotlocal.host.commands import Runner

_SECONDS = 30.0
_REFUSED = 60  # CURLE_PEER_FAILED_VERIFICATION of libcurl-errors(3)
_NO_HANDSHAKE = 35  # CURLE_SSL_CONNECT_ERROR: Schannel's way to say the same, with its own code
_UNTRUSTED = re.compile(r"SEC_E_UNTRUSTED_ROOT|SEC_E_WRONG_PRINCIPAL|CERT_TRUST|CERT_E_|certificate")


def ask(run: Runner, program: str, witness: Witness, *more: str) -> Sequence[Verdict]:
    """Open the device's page; whatever it answers was received over a connection that curl accepted."""
    address = f"[{witness.address}]" if ":" in witness.address else witness.address
    words = [program, "-q", "-sS", "--noproxy", "*", "-o", "-", "--max-time", "20", *more]
    words += ["--resolve", f"{witness.host}:{witness.port}:{address}"] if witness.named else []
    try:
        ran = run([*words, f"https://{witness.text}/"], seconds=_SECONDS)
    except Refused as refused:
        return [Verdict("curl", witness.text, None, refused.message)]
    if not ran.status:
        return [Verdict("curl", witness.text, True, "trusted")]
    refused_it = ran.status == _REFUSED or (ran.status == _NO_HANDSHAKE and bool(_UNTRUSTED.search(ran.err)))
    return [Verdict("curl", witness.text, False if refused_it else None, ran.said)]
