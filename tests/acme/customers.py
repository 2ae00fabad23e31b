"""A device whose customer has an ACME server: its state in a folder, its clock and its luck in the test's hands."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from acme_servers import AcmeServer
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import PolicyBuilder, Store

from dotlocal.core.errors import Refused
from dotlocal.device.acme import http_01, job, schedule, settings, transport
from dotlocal.device.acme.challenge import Responder
from dotlocal.device.acme.client import Client
from dotlocal.device.acme.job import Moment, Surroundings
from dotlocal.device.acme.record import Record
from dotlocal.device.acme.settings import AcmeSettings
from dotlocal.device.acme.store import AcmeStore
from dotlocal.device.store import State

NAME = "press-07.customer.test"
DAY = 86400


@dataclass
class Customer:
    """`now` and `uptime` are what its clock says, `installed` what came of it."""

    folder: Path
    now: int = field(default_factory=lambda: int(time.time()))
    uptime: int = 1000
    boot_id: str = "boot-1"
    known: bool = True
    luck: float = 0.5
    responder: Responder | None = None
    patience: float = 0.05  # of each second that it is told to wait
    installed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def store(self) -> AcmeStore:
        return AcmeStore(State(str(self.folder / "state")))

    @property
    def record(self) -> Record:
        return self.store.record()

    @property
    def chain(self) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates(self.installed[-1][1].encode())

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    def set_up(self, server: AcmeServer, *, mac_key: bytes = b"", **more: Any) -> AcmeSettings:
        """As `device own acme --directory …` does."""
        wanted = settings.parse({
            "directory": server.directory, "names": [NAME], "roots": server.tls_root.read_text(),
            "listen": f":{server.http}", "terms_agreed": True, **more,
        })  # fmt: skip
        with self.store.lock():
            self.store.save_settings(wanted, mac_key)
        return wanted

    def attempt(self, *, force: bool = False) -> str:
        return job.attempt(self.store, self.around(), force=force)

    def around(self) -> Surroundings:
        return Surroundings(
            moment=lambda: Moment(self.now, self.uptime, self.boot_id, self.known), draw=lambda: self.luck,
            sleep=self._sleep, exchange=lambda roots: transport.Https(transport.context(roots), seconds=10),
            responder=lambda wanted: self.responder or http_01.Listener(wanted.listen),
            install=lambda key, chain: self.installed.append((key, chain)),
        )  # fmt: skip

    def client(self) -> Client:
        wanted = self.store.settings()
        return Client(
            self.around().exchange(wanted.roots), wanted.directory, self.store.key(), sleep=self._sleep,
            now=lambda: self.now,
        )  # fmt: skip

    def passes(self, seconds: float) -> None:
        """Time passes, by every clock."""
        self.now += int(seconds)
        self.uptime += int(seconds)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds * self.patience)


def week_without(customer: Customer) -> None:
    """Renewal is due, and the server is gone for seven days: tried again ever more slowly, the certificate stays."""
    before, began = customer.leaf.serial_number, customer.record.renew_at
    customer.passes(began - customer.now)
    pauses: list[float] = []
    while customer.now < began + 7 * DAY:
        with pytest.raises(Refused) as refused:
            customer.attempt()
        assert refused.value.code == "acme-unreachable"
        pauses.append(
            schedule.wait(customer.record, customer.now, customer.uptime, customer.boot_id, known=customer.known)
        )
        customer.passes(pauses[-1])
    assert pauses[:3] == [60, 120, 240]
    assert max(pauses) <= 6 * 3600 * 1.25, "no attempt is much further than six hours from the one before"
    assert customer.leaf.serial_number == before, "the old certificate stays"
    assert customer.record.message.startswith("the ACME server at ")


def accepted(chain: Iterable[x509.Certificate], root: bytes, host: str = NAME) -> bool:
    """Whether pyca's verifier takes the chain below this root alone, as the server of this host."""
    leaf, *above = chain
    verifier = PolicyBuilder().store(Store([x509.load_pem_x509_certificate(root)]))
    try:
        verifier.build_server_verifier(x509.DNSName(host)).verify(leaf, above)
    except x509.verification.VerificationError:
        return False
    return True


def fits(key: str, leaf: x509.Certificate) -> bool:
    """Whether the key is the certificate's."""
    private = serialization.load_pem_private_key(key.encode(), None)
    return private.public_key() == leaf.public_key()


def trusting(root: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(root))
