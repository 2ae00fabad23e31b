"""What doctor saw, as values: the way to the device, each handshake, the roots of this computer. Pure.

`probe` makes an Observation, `diagnosis` judges it; neither knows how the other works.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from dotlocal.browser.target import Target
from dotlocal.core.names import Address

# How a look ended. Everything but HANDSHAKE is a reason why there is nothing to look at.
HANDSHAKE = "handshake"
REFUSED = "refused"  # RST to our SYN
SILENT = "silent"  # no answer to our SYN
UNREACHABLE = "unreachable"
DROPPED = "dropped"  # accepted, then closed or reset before the handshake was over
SLOW = "slow"  # octets come, and too few of them
NOT_TLS = "not-tls"
ALERT = "alert"  # a TLS alert of the server's
TOO_LARGE = "too-large"
MALFORMED = "malformed"  # the certificates, or the messages themselves
FAILED = "failed"

# Which versions a look offers.
MODERN, TLS_1_2, TLS_1_3, OLD = "modern", "1.2", "1.3", "old"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to connect to; link-local ones need the interface (`scope`, its index) on this computer."""

    address: Address
    scope: int = 0

    def __str__(self) -> str:
        return self.address.text


@dataclass(frozen=True, slots=True)
class Resolution:
    """Who said where the name is. `renamed`: the names with a number that mDNS answers instead, after a conflict."""

    system: tuple[Endpoint, ...] = ()
    mdns: tuple[Endpoint, ...] = ()
    asked_mdns: bool = False
    renamed: tuple[str, ...] = ()
    given: tuple[Endpoint, ...] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Where to connect: as told, or as a browser on this computer would, or else where mDNS says."""
        return self.given or self.system or self.mdns


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an HTTP answer. `date` is the device's clock in POSIX seconds, `at` ours at that moment."""

    status: int
    date: int | None
    at: int
    hsts: bool = False
    server: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One connection: what was offered, how it ended, what came. `chain` is DER as sent, server certificate first."""

    endpoint: Endpoint
    sni: str | None
    versions: str
    outcome: str
    words: str = ""
    first: bytes = b""
    version: str = ""
    alpn: str = ""
    chain: tuple[bytes, ...] = ()
    whole: bool = True
    resumed: bool = False
    head: Head | None = None
    wants_certificate: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether there is a certificate to be judged."""
        return self.outcome == HANDSHAKE and bool(self.chain)


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """A certificate that somebody on this computer trusts; `store` in a person's words. `shipped`: every browser brings
    it along, so that it matters in no store.
    """

    certificate: x509.Certificate
    store: str
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Roots:
    """What the chain may end in: the roots that were given, or else those of this computer; and the stores of its
    browsers, also those that lack the root.
    """

    given: tuple[TrustedRoot, ...] = ()
    here: tuple[TrustedRoot, ...] = ()
    browsers: tuple[str, ...] = ()

    @property
    def trusted(self) -> tuple[TrustedRoot, ...]:
        """What a chain must end in."""
        return self.given or self.here


@dataclass(frozen=True, slots=True)
class Visit:
    """All looks at one address. `main` is the one that a browser would have; the others differ from it in one thing."""

    endpoint: Endpoint
    main: Look
    by_address: Look | None = None
    older: Look | None = None
    newer: Look | None = None
    outdated: Look | None = None
    resumed: Look | None = None
    after: Look | None = None  # resumed with a session of before, beside `fresh`, some time later
    fresh: Look | None = None
    verifier: str = ""  # why OpenSSL refuses the chain under the root that it leads to; empty when it doesn't


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that a diagnosis may know. `synchronised`: what the system says of this computer's clock."""

    target: Target
    instant: int
    synchronised: bool | None
    resolution: Resolution
    visits: tuple[Visit, ...] = ()
    roots: Roots = field(default_factory=Roots)
    warn_days: int | None = None
