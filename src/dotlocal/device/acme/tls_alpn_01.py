"""Answering TLS-ALPN-01 (RFC 8737): the validation certificates go into run/, where `device serve` takes them from for
handshakes that ask for acme-tls/1, and for no others. Before the ACME server is told, we ask for them ourselves.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dotlocal.core.errors import Refused
from dotlocal.device.acme import validation
from dotlocal.device.acme.challenge import TLS_ALPN_01, Pending
from dotlocal.device.acme.published import published
from dotlocal.device.acme.validation import Validation
from dotlocal.device.serve import acme_tls
from dotlocal.device.serve.back_end import at
from dotlocal.device.store import Run
from dotlocal.host import clock

_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Published:
    """Publishes for `device serve`, which listens at `serves`; who may read run/current may read this as well."""

    run: Run
    serves: tuple[str, int]
    kind: str = TLS_ALPN_01

    @contextmanager
    def answering(self, pending: Sequence[Pending]) -> Iterator[None]:
        """See Responder; refuses `acme-not-served` where nobody answers with what was published."""
        made = [validation.make(each, clock.now()) for each in pending]
        if long := [each.server_name for each in made if len(each.server_name) > acme_tls.LONGEST_NAME]:
            raise Refused("acme-name-refused", f"{long[0]} is too long for tls-alpn-01 here", hint="choose http-01")
        contents = {acme_tls.file_of(each.server_name.encode()): each.pem.encode() for each in made}
        with published(self.run, acme_tls.FOLDER, contents):
            for each in made:
                self._ask(each)
            yield

    def _ask(self, wanted: Validation) -> None:
        host = self.serves[0] or "127.0.0.1"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # compared below, octet for octet
        context.set_alpn_protocols([acme_tls.PROTOCOL])
        where = at((host, self.serves[1]))
        try:
            with (
                socket.create_connection((host, self.serves[1]), timeout=_CONNECT_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=wanted.server_name) as secure,
            ):
                found = secure.getpeercert(binary_form=True) or b""
        except OSError as error:
            raise _not_served(where, str(error.strerror or error).lower()) from None
        if hashlib.sha256(found).digest() != hashlib.sha256(wanted.certificate).digest():
            raise _not_served(where, "another TLS server answers there")


def _not_served(where: str, reason: str) -> Refused:
    return Refused(
        "acme-not-served", f"tls-alpn-01 is answered by `device serve`, which is not to be found at {where}: {reason}",
        hint="let `dotlocal device serve` have port 443 (--listen names another place), or choose --challenge http-01",
        facts={"temporary": True},
    )  # fmt: skip
