"""Chains, good and bad, each a small drawing of what a browser is sent, with the verdict that we and others give.

root ──► factory CA ──► device CA ──► server certificate        host asked for, moment
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

import forge
from dotlocal.core import constraints
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.host.signers import KeySigner
from dotlocal.testing import MOMENT, parse_host

HOST = "press-07.local"
ADDRESS = "192.168.77.7"
WIDEST = constraints.DEFAULT.widest()
LONG, SHORT = Window(MOMENT - DAY, MOMENT + 25 * YEAR), Window(MOMENT - DAY, MOMENT + 89 * DAY)

ROOT, FACTORY, DEVICE, THIEF = (forge.key("P-384"), *(forge.key(number=number) for number in (2, 3, 6)))
_ROOT = forge.root(forge.name("Acme", common_name="Acme Root G1"), ROOT.public_key, LONG, WIDEST)
_FACTORY = forge.factory(
    forge.name("Acme", common_name="Acme Factory CA (1)"), FACTORY.public_key, LONG, _ROOT.subject, ROOT.public_key
)
_DEVICE = forge.device(
    forge.name("Acme", "SN7", "device CA SN7 0"), DEVICE.public_key, LONG, _FACTORY.subject, FACTORY.public_key, WIDEST
)

Change = Callable[[forge.Draft], forge.Draft]


def _same(draft: forge.Draft) -> forge.Draft:
    return draft


@dataclass(frozen=True, slots=True)
class Chain:
    """Three CAs and a server certificate, of which a test changes what it is about."""

    root: Change = _same
    factory: Change = _same
    device: Change = _same
    leaf: Change = _same
    names: Sequence[str] = (HOST, ADDRESS, "fd00::7")
    device_signer: KeySigner = FACTORY
    leaf_signer: KeySigner = DEVICE

    def build(self) -> tuple[list[x509.Certificate], x509.Certificate]:
        """What is sent (leaf, device CA, factory CA), and the root."""
        leaf = forge.server(
            forge.key(number=9).public_key, SHORT, _DEVICE.subject, DEVICE.public_key, list(map(parse_host, self.names))
        )
        sent = [
            self.leaf(leaf).signed(self.leaf_signer),
            self.device(_DEVICE).signed(self.device_signer),
            self.factory(_FACTORY).signed(ROOT),
        ]
        return sent, self.root(_ROOT).signed(ROOT)


Build = Callable[[], tuple[list[x509.Certificate], x509.Certificate]]


@dataclass(frozen=True, slots=True)
class Case:
    """One visit: what is sent, asked for, when; `codes` is our verdict, empty for accepted.

    `pyca` and `openssl` are theirs where they differ from ours, and then `why` says why that is right.
    """

    id: str
    build: Build
    codes: tuple[str, ...] = ()
    host: str = HOST
    instant: int = MOMENT
    pyca: bool | None = None
    openssl: bool | None = None
    why: str = field(default="", compare=False)

    @property
    def asked(self) -> HostName | Address:
        """The host as a browser has parsed it."""
        return parse_host(self.host)

    def accepted_by(self, judge: str) -> bool:
        """What a judge says of it."""
        other: bool | None = getattr(self, judge)
        return not self.codes if other is None else other


def _case(name: str, chain: Chain | Build, *codes: str, **more: Any) -> Case:
    build = chain.build if isinstance(chain, Chain) else chain
    return Case(name, cache(build), codes, **more)


def _having(value: x509.ExtensionType, *, critical: bool) -> Change:
    return lambda draft: draft.having(value, critical=critical)


def _purpose(*purposes: x509.ObjectIdentifier) -> Change:
    return _having(x509.ExtendedKeyUsage(purposes), critical=False)


def _san(*names: x509.GeneralName) -> Change:
    return _having(x509.SubjectAlternativeName(names), critical=True)


def _policy(dns: Sequence[str] = WIDEST.dns or ()) -> Change:
    return _having(forge.name_constraints(Subtrees(tuple(dns), WIDEST.ip)), critical=True)


def _excluding(base: str) -> Change:
    permitted = forge.name_constraints(WIDEST).permitted_subtrees
    return _having(x509.NameConstraints(permitted, [x509.DNSName(base)]), critical=True)


def _sub_ca() -> tuple[list[x509.Certificate], x509.Certificate]:
    """device CA → another CA → leaf, which is what a path length of 0 is there to stop."""
    (_, *above), root = Chain().build()
    name = forge.name("Acme", "SN7", "device CA SN7 1")
    sub = forge.device(name, THIEF.public_key, LONG, _DEVICE.subject, DEVICE.public_key, WIDEST).signed(DEVICE)
    leaf = forge.server_below(sub, SHORT, HostName(HOST)).signed(THIEF)
    return [leaf, sub, *above], root


def _leaf_as_ca() -> tuple[list[x509.Certificate], x509.Certificate]:
    """device CA → server certificate → another server certificate."""
    (server, *above), root = Chain().build()
    name = forge.name("Acme", common_name="a server")
    named = Chain(leaf=lambda draft: draft.but(subject=name)).build()[0][0]
    assert server.subject != name
    leaf = forge.server_below(named, SHORT, HostName(HOST)).signed(forge.key(number=9))
    return [leaf, named, *above], root


def _incomplete() -> tuple[list[x509.Certificate], x509.Certificate]:
    (leaf, device, _), root = Chain().build()
    return [leaf, device], root


def _root_too() -> tuple[list[x509.Certificate], x509.Certificate]:
    sent, root = Chain().build()
    return [*sent, root], root


def _two_tiers() -> tuple[list[x509.Certificate], x509.Certificate]:
    """A vendor without a station: root → device CA."""
    root = _ROOT.signed(ROOT)
    device = forge.device(_DEVICE.subject, DEVICE.public_key, LONG, root.subject, ROOT.public_key, WIDEST).signed(ROOT)
    return [forge.server_below(device, SHORT, HostName(HOST)).signed(DEVICE), device], root


def _other_root() -> tuple[list[x509.Certificate], x509.Certificate]:
    """A root of the same name, under another key: what a stranger would offer for import."""
    sent, _ = Chain().build()
    return sent, forge.root(_ROOT.subject, THIEF.public_key, LONG, WIDEST).signed(THIEF)


def _self_signed() -> tuple[list[x509.Certificate], x509.Certificate]:
    _, root = Chain().build()
    name, key = forge.name("Acme", common_name="a device"), forge.key(number=9)
    own = forge.server(key.public_key, SHORT, name, key.public_key, [HostName(HOST)]).but(subject=name)
    return [own.signed(key)], root


def _rsa_root() -> tuple[list[x509.Certificate], x509.Certificate]:
    signer = forge.key("RSA-3072")
    root = forge.root(_ROOT.subject, signer.public_key, LONG, WIDEST).signed(signer)
    device = forge.device(_DEVICE.subject, DEVICE.public_key, LONG, root.subject, signer.public_key, WIDEST)
    sent = device.signed(signer)
    return [forge.server_below(sent, SHORT, HostName(HOST)).signed(DEVICE), sent], root


_STRANGE = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
_DISAGREE = "stacks disagree about wildcards, so we never issue them and never count on them"

CASES = (
    _case("by name", Chain()),
    _case("by IPv4 address", Chain(), host=ADDRESS),
    _case("by IPv6 address", Chain(), host="fd00::7"),
    _case("names alone", Chain(names=(HOST, "a.home.arpa"))),
    _case("addresses alone", Chain(names=(ADDRESS,)), host=ADDRESS),
    _case("a name of several labels", Chain(names=("kitchen.press-07.local",)), host="kitchen.press-07.local"),
    _case("the suffix itself", Chain(names=("local",)), host="local"),
    _case("upper case in the certificate", Chain(leaf=_san(x509.DNSName("Press-07.LOCAL")))),
    _case("upper case in the constraint", Chain(device=_policy(("Local",)))),
    _case("the first second", Chain(), instant=SHORT.not_before),
    _case("the last second", Chain(), instant=SHORT.not_after, openssl=False,
          why="notAfter is within the validity (RFC 5280 4.1.2.5); OpenSSL takes it for the end"),
    _case("the root sent along", _root_too),
    _case("a root without constraints", Chain(root=lambda draft: draft.without(x509.NameConstraints))),
    _case("no station", _two_tiers),
    _case("an RSA root", _rsa_root),
    _case("exclusions elsewhere", Chain(device=_excluding("other.local"))),
    _case("a public name", Chain(names=("www.example.com",)), "constraint-broken", host="www.example.com"),
    _case("a public name beside a good one", Chain(names=(HOST, "www.example.com")), "constraint-broken"),
    _case("a look-alike", Chain(names=("xlocal",)), "constraint-broken", host="xlocal"),
    _case("a short name", Chain(names=("press-07",)), "constraint-broken", host="press-07"),
    _case("a public IPv4 address", Chain(names=("8.8.8.8",)), "constraint-broken", host="8.8.8.8"),
    _case("a public IPv6 address", Chain(names=("2001:db8::1",)), "constraint-broken", host="2001:db8::1"),
    _case("a mapped address", Chain(names=("::ffff:8.8.8.8",)), "constraint-broken", host="::ffff:8.8.8.8"),
    _case("constrained by the root alone",
          Chain(root=_policy(("internal",)), device=_policy()), "constraint-broken"),
    _case("an exclusion that hits", Chain(device=_excluding("press-07.local")), "refused-by-verifier"),
    _case("a leading dot in the constraint", Chain(device=_policy((".local",))), "constraint-broken", openssl=True,
          why="OpenSSL reads .local as local; pyca calls it malformed"),
    _case("another name", Chain(), "wrong-name", host="press-08.local"),
    _case("another address", Chain(), "wrong-name", host="192.168.77.8"),
    _case("an address written as a name", Chain(leaf=_san(x509.DNSName(ADDRESS))), "constraint-broken", "wrong-name",
          host=ADDRESS),
    _case("a wildcard", Chain(leaf=_san(x509.DNSName("*.press.local"))), "wrong-name", host="a.press.local",
          pyca=True, openssl=True, why=_DISAGREE),
    _case("a common name alone",
          Chain(leaf=lambda d: d.without(x509.SubjectAlternativeName).but(subject=forge.name(common_name=HOST))),
          "wrong-name", openssl=True, why="OpenSSL still takes the common name where there is no alternative name"),
    _case("before its time", Chain(), "wrong-time", instant=SHORT.not_before - 1),
    _case("expired", Chain(), "wrong-time", instant=SHORT.not_after + 1),
    _case("an expired device CA", Chain(device=lambda draft: draft.but(window=Window(MOMENT - DAY, MOMENT - 1))),
          "wrong-time"),
    _case("a CA below the device CA", _sub_ca, "not-a-ca"),
    _case("a server certificate as CA", _leaf_as_ca, "not-a-ca"),
    _case("a device CA that is none",
          Chain(device=_having(x509.BasicConstraints(ca=False, path_length=None), critical=True)), "not-a-ca"),
    _case("a factory CA with path length 0",
          Chain(factory=_having(x509.BasicConstraints(ca=True, path_length=0), critical=True)), "not-a-ca"),
    _case("a self-made CA with the device CA's name and key id",
          Chain(device_signer=THIEF), "wrong-issuer"),
    _case("a leaf by another key", Chain(leaf_signer=THIEF), "wrong-issuer"),
    _case("a CA missing", _incomplete, "wrong-issuer"),
    _case("another root of the same name", _other_root, "wrong-issuer"),
    _case("self-signed", _self_signed, "wrong-issuer"),
    _case("for clients alone", Chain(leaf=_purpose(ExtendedKeyUsageOID.CLIENT_AUTH)), "wrong-purpose"),
    _case("a device CA for code", Chain(device=_purpose(ExtendedKeyUsageOID.CODE_SIGNING)), "wrong-purpose"),
    _case("a CA that may not sign", Chain(device=_having(forge.usage(crl_sign=True), critical=True)),
          "refused-by-verifier"),
    _case("basic constraints that are not critical",
          Chain(device=_having(x509.BasicConstraints(ca=True, path_length=0), critical=False)), "refused-by-verifier"),
    _case("no authority key identifier", Chain(leaf=lambda draft: draft.without(x509.AuthorityKeyIdentifier)),
          "refused-by-verifier"),
    _case("something critical of nobody's", Chain(leaf=_having(_STRANGE, critical=True)), "refused-by-verifier"),
)  # fmt: skip

BY_ID = {case.id: case for case in CASES}
assert len(BY_ID) == len(CASES)
assert all(bool(case.why) == (case.pyca is not None or case.openssl is not None) for case in CASES)
