"""Devices that were broken on purpose, one thing at a time: how, what doctor must say first, and whose turn it is."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import wards
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from makers import ADDRESS, CA_WINDOW, HOST, LEAF_WINDOW, NOW, Authority, Chain, Maker, write_root

import forge
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.device import fallback
from dotlocal.host import keys

CUSTOMER, ADMINISTRATOR, INTEGRATOR, VENDOR = "customer", "administrator", "integrator", "vendor"


@dataclass
class Bed:
    """Where one patient lies: a folder, and what doctor is told."""

    folder: Path
    maker: Maker = field(default_factory=Maker)
    host: str = HOST
    words: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def trusts(self, *roots: x509.Certificate) -> None:
        """Let doctor compare with these."""
        for number, root in enumerate(roots):
            self.words += ["--root", str(write_root(self.folder / f"root-{number}.pem", root))]

    def computer_trusts(self, *roots: x509.Certificate) -> None:
        """Let this computer's store be these."""
        bundle = self.folder / "bundle.pem"
        bundle.write_bytes(b"".join(root.public_bytes(Encoding.PEM) for root in roots))
        self.environment["SSL_CERT_FILE"] = str(bundle)

    def serve(self, chain: Chain, **more: object) -> AbstractContextManager[int]:
        if "--root" not in self.words and "SSL_CERT_FILE" not in self.environment:
            self.trusts(self.maker.root.certificate)
        return wards.Server(self.folder, chain, **more).running()  # type: ignore[arg-type]


_QUIET_SECONDS = 1.5
Break = Callable[[Bed], AbstractContextManager[int]]


@dataclass(frozen=True)
class Patient:
    """One broken device; `status` of doctor is 0 where it is a remark, since not all browsers refuse."""

    name: str
    code: str
    who: str
    breaks: Break
    status: int


PATIENTS: list[Patient] = []


def patient(code: str, who: str, *, status: int = 1) -> Callable[[Break], Break]:
    """Add a row."""

    def add(breaks: Break) -> Break:
        PATIENTS.append(Patient(breaks.__name__, code, who, breaks, status))
        return breaks

    return add


# ── on the way ──


@patient("port-closed", INTEGRATOR)
def nothing_listens(bed: Bed) -> AbstractContextManager[int]:
    return wards.closed()


@patient("port-filtered", ADMINISTRATOR)
def a_firewall_drops_everything(bed: Bed) -> AbstractContextManager[int]:
    return wards.never_accepts()


@patient("connection-dropped", INTEGRATOR)
def it_hangs_up(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.drops)


@patient("connection-dropped", INTEGRATOR)
def it_resets(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.resets)


@patient("too-slow", INTEGRATOR)
def it_drips_an_octet_at_a_time(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.drips)


@patient("too-slow", INTEGRATOR)
def it_accepts_and_says_nothing(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.says_nothing)


@patient("not-tls", CUSTOMER)
def the_port_is_plain_http(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.greets(b"HTTP/1.1 400 Bad Request\r\n\r\n"))


@patient("not-tls", CUSTOMER)
def the_port_is_ssh(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.greets(b"SSH-2.0-OpenSSH_9.2p1\r\n"))


@patient("tls-too-old", INTEGRATOR)
def it_knows_tls_1_1_at_the_most(bed: Bed) -> AbstractContextManager[int]:
    def old(context: ssl.SSLContext) -> None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1

    return bed.serve(bed.maker.chain(), adjust=old)


@patient("chain-too-large", INTEGRATOR)
def it_sends_a_thousand_certificates(bed: Bed) -> AbstractContextManager[int]:
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates, *[bed.maker.root.certificate] * 1000))


@patient("certificate-malformed", INTEGRATOR)
def its_certificate_is_noise(bed: Bed) -> AbstractContextManager[int]:
    return wards.host(wards.presents(b"\x30\x82\x01\x00" + b"\xa5" * 256))


@patient("certificate-malformed", INTEGRATOR)
def its_certificate_is_cut_off(bed: Bed) -> AbstractContextManager[int]:
    whole = bed.maker.chain().certificates[0].public_bytes(Encoding.DER)
    return wards.host(wards.presents(whole[:200]))


@patient("sni-refused", CUSTOMER)
def its_web_server_knows_another_name(bed: Bed) -> AbstractContextManager[int]:
    def refuse(context: ssl.SSLContext) -> None:
        context.sni_callback = lambda _, name, __: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name else None

    return bed.serve(bed.maker.chain(), adjust=refuse)


@patient("handshake-refused", INTEGRATOR)
def its_only_cipher_is_for_another_key(bed: Bed) -> AbstractContextManager[int]:
    def rsa_alone(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-SHA256")

    return bed.serve(bed.maker.chain(), adjust=rsa_alone)


@patient("client-certificate", INTEGRATOR)
def it_wants_a_certificate_of_the_browser(bed: Bed) -> AbstractContextManager[int]:
    def demand(context: ssl.SSLContext) -> None:
        context.verify_mode = ssl.CERT_REQUIRED

    return bed.serve(bed.maker.chain(), adjust=demand)


# ── clocks ──


@patient("this-clock", ADMINISTRATOR)
def this_computer_is_in_2019(bed: Bed) -> AbstractContextManager[int]:
    bed.environment["PYTHONPATH"] = str(_clock(bed.folder, 1546300800))
    return bed.serve(bed.maker.chain())


@patient("device-clock", CUSTOMER)
def the_device_is_in_1970(bed: Bed) -> AbstractContextManager[int]:
    made = Window(3600, 90 * DAY)
    return bed.serve(bed.maker.chain(bed.maker.draft(window=made)), date=2 * DAY)


@patient("device-clock", CUSTOMER)
def the_device_is_years_ahead(bed: Bed) -> AbstractContextManager[int]:
    then = NOW + 3 * YEAR
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(then - DAY, then + 89 * DAY))), date=then)


@patient("device-clock", CUSTOMER)
def the_device_was_in_2001_when_it_made_its_certificate(bed: Bed) -> AbstractContextManager[int]:
    then = 1000000000
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(then, then + 90 * DAY))), silent=True)


@patient("expired", CUSTOMER)
def it_has_not_been_restarted(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(NOW - 30 * DAY, NOW - DAY))))


@patient("not-yet-valid", CUSTOMER)
def its_certificate_starts_next_week(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(NOW + 7 * DAY, NOW + 90 * DAY))))


@patient("chain-expired", VENDOR)
def its_device_ca_has_ended(bed: Bed) -> AbstractContextManager[int]:
    draft = bed.maker.device_draft().but(window=Window(NOW - 40 * DAY, NOW - DAY))
    return bed.serve(bed.maker.chain(device=bed.maker.device(draft=draft)))


@patient("days-left", CUSTOMER)
def it_has_less_than_two_weeks_left(bed: Bed) -> AbstractContextManager[int]:
    bed.words += ["--warn-days", "14"]
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(NOW - 20 * DAY, NOW + 10 * DAY))))


# ── where the chain leads ──


@patient("fallback-certificate", CUSTOMER)
def it_has_neither_name_nor_address(bed: Bed) -> AbstractContextManager[int]:
    _, key, pem = fallback.self_signed(LEAF_WINDOW)
    path = bed.folder / "fallback.pem"
    path.write_text(pem + keys.write_pem("PRIVATE KEY", key.pkcs8()))
    bed.trusts(bed.maker.root.certificate)
    return _files(path)


@patient("self-signed", INTEGRATOR)
def it_signed_its_certificate_itself(bed: Bed) -> AbstractContextManager[int]:
    key, subject = forge.key(number=9), forge.name("", "", HOST)
    draft = bed.maker.draft().but(subject=subject, issuer=subject).without(x509.AuthorityKeyIdentifier)
    return bed.serve(Chain((draft.signed(key),), key.private_key))


@patient("chain-incomplete", INTEGRATOR)
def it_sends_no_more_than_its_own_certificate(bed: Bed) -> AbstractContextManager[int]:
    chain = bed.maker.chain()
    return bed.serve(chain.but(chain.certificates[0]))


@patient("chain-incomplete", INTEGRATOR)
def it_leaves_the_factory_ca_out(bed: Bed) -> AbstractContextManager[int]:
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates[:2]))


@patient("chain-incomplete", INTEGRATOR)
def it_leaves_the_device_ca_out(bed: Bed) -> AbstractContextManager[int]:
    leaf, _, factory = bed.maker.chain().certificates
    return bed.serve(bed.maker.chain().but(leaf, factory))


@patient("wrong-signature", INTEGRATOR)
def its_files_are_of_two_boots(bed: Bed) -> AbstractContextManager[int]:
    impostor = Authority(bed.maker.device().certificate, forge.key(number=99))
    return bed.serve(bed.maker.chain(device=impostor))


@patient("other-root-key", ADMINISTRATOR)
def the_root_here_has_its_name_and_another_key(bed: Bed) -> AbstractContextManager[int]:
    bed.trusts(Maker(number=2).root.certificate)
    return bed.serve(bed.maker.chain())


@patient("other-root-key", ADMINISTRATOR)
def the_root_here_has_its_name_and_the_right_one_is_sent(bed: Bed) -> AbstractContextManager[int]:
    bed.computer_trusts(Maker(number=2).root.certificate)
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates, bed.maker.root.certificate))


@patient("older-root", ADMINISTRATOR)
def the_root_here_is_of_the_generation_before(bed: Bed) -> AbstractContextManager[int]:
    bed.computer_trusts(bed.maker.root.certificate)
    newer = Maker(generation=2, number=2)
    chain = newer.chain()
    return bed.serve(chain.but(*chain.certificates, newer.root.certificate))


@patient("newer-root", ADMINISTRATOR)
def the_root_here_is_of_the_generation_after(bed: Bed) -> AbstractContextManager[int]:
    bed.computer_trusts(Maker(generation=2, number=2).root.certificate)
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates, bed.maker.root.certificate))


@patient("not-our-device", CUSTOMER)
def somebody_elses_device_is_there(bed: Bed) -> AbstractContextManager[int]:
    bed.trusts(bed.maker.root.certificate)
    chain = Maker("Bolt Works", number=3).chain()
    return bed.serve(chain.but(*chain.certificates, Maker("Bolt Works", number=3).root.certificate))


@patient("not-our-device", CUSTOMER)
def a_proxy_with_a_public_certificate_is_between(bed: Bed) -> AbstractContextManager[int]:
    public = Maker("Public Trust", number=4, constrain_root=False)
    bed.trusts(bed.maker.root.certificate)
    bed.computer_trusts(public.root.certificate)
    key = forge.key(number=9)
    leaf = forge.server_below(public.root.certificate, LEAF_WINDOW, *forge_hosts(HOST)).signed(public.root.key)
    return bed.serve(Chain((leaf,), key.private_key))


@patient("root-not-imported", ADMINISTRATOR)
def nobody_imported_the_root(bed: Bed) -> AbstractContextManager[int]:
    bed.computer_trusts(Maker("Public Trust", number=4).root.certificate)
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates, bed.maker.root.certificate))


# ── names ──


@patient("wrong-name", CUSTOMER)
def it_was_renamed(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft("press-7.local")))


@patient("wrong-address", CUSTOMER)
def it_was_given_another_address(bed: Bed) -> AbstractContextManager[int]:
    bed.host = ADDRESS
    return bed.serve(bed.maker.chain(bed.maker.draft(HOST, "192.168.77.9")))


@patient("name-in-subject-only", INTEGRATOR)
def its_name_is_in_the_subject(bed: Bed) -> AbstractContextManager[int]:
    draft = bed.maker.draft().without(x509.SubjectAlternativeName)
    return bed.serve(bed.maker.chain(draft.but(subject=forge.name("", "", HOST))))


@patient("address-as-dns-name", INTEGRATOR)
def its_address_is_written_as_a_name(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(_open(bed).chain(_named(bed, x509.DNSName(HOST), x509.DNSName(ADDRESS))))


@patient("wildcard-too-wide", INTEGRATOR)
def it_claims_every_local_name(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(_open(bed).chain(_named(bed, x509.DNSName("*.local"))))


@patient("constraint-broken", CUSTOMER)
def it_names_a_public_address_too(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(HOST, "8.8.8.8")))


@patient("constraint-broken", CUSTOMER)
def it_names_what_its_root_forbids(bed: Bed) -> AbstractContextManager[int]:
    draft = bed.maker.device_draft().without(x509.NameConstraints)
    bed.host = "press-07.example.com"
    return bed.serve(bed.maker.chain(bed.maker.draft(bed.host), device=bed.maker.device(draft=draft)))


# ── profiles ──


@patient("not-a-ca", INTEGRATOR)
def a_server_certificate_signed_it(bed: Bed) -> AbstractContextManager[int]:
    draft = bed.maker.device_draft().having(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return bed.serve(bed.maker.chain(device=bed.maker.device(draft=draft)))


@patient("not-a-ca", INTEGRATOR)
def there_is_a_ca_too_many(bed: Bed) -> AbstractContextManager[int]:
    middle = bed.maker.device()
    key = forge.key(number=98)
    draft = (
        bed.maker.device_draft(middle)
        .but(subject=forge.name("", "", "Sub CA 1"), public_key=key.public_key, serial=4242)
        .having(forge.ski(key.public_key), critical=False)
    )
    below = Authority(draft.signed(middle.key), key)
    leaf = forge.server_below(below.certificate, LEAF_WINDOW, *forge_hosts(HOST)).signed(key)
    chain = Chain(
        (leaf, below.certificate, middle.certificate, bed.maker.factory.certificate), forge.key(number=9).private_key
    )
    return bed.serve(chain)


@patient("ca-as-server", INTEGRATOR)
def it_serves_a_ca(bed: Bed) -> AbstractContextManager[int]:
    device = bed.maker.device(draft=bed.maker.device_draft().having(
        x509.BasicConstraints(ca=True, path_length=1), critical=True
    ))  # fmt: skip
    factory = _factory_without_limit(bed)
    device = bed.maker.device(factory, draft=bed.maker.device_draft(factory).having(
        x509.BasicConstraints(ca=True, path_length=1), critical=True
    ))  # fmt: skip
    draft = bed.maker.draft().having(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return bed.serve(bed.maker.chain(draft, device=device, above=(factory,)))


@patient("wrong-purpose", INTEGRATOR)
def its_certificate_is_for_clients(bed: Bed) -> AbstractContextManager[int]:
    draft = bed.maker.draft().having(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    return bed.serve(bed.maker.chain(draft))


@patient("wrong-purpose", INTEGRATOR)
def its_device_ca_is_for_clients(bed: Bed) -> AbstractContextManager[int]:
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    draft = bed.maker.device_draft().having(purposes, critical=False)
    return bed.serve(bed.maker.chain(device=bed.maker.device(draft=draft)))


@patient("purpose-missing", INTEGRATOR, status=0)
def it_says_no_purpose(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft().without(x509.ExtendedKeyUsage)))


@patient("lifetime-too-long", INTEGRATOR, status=0)
def it_did_not_know_the_time(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(window=CA_WINDOW)))


@patient("serial-repeated", VENDOR)
def its_cas_have_one_serial_number(bed: Bed) -> AbstractContextManager[int]:
    root = bed.maker.root  # two tiers: the device CA's serial number is the root's own
    draft = bed.maker.device_draft(root).but(serial=root.certificate.serial_number)
    return bed.serve(bed.maker.chain(device=bed.maker.device(root, draft)).but(*_two_tiers(bed, root, draft)))


@patient("key-refused", VENDOR)
def its_key_is_ed25519(bed: Bed) -> AbstractContextManager[int]:
    return _with_key(bed, ed25519.Ed25519PrivateKey.generate())


@patient("handshake-refused", INTEGRATOR)
def its_key_is_of_a_curve_that_no_client_offers(bed: Bed) -> AbstractContextManager[int]:
    return _with_key(bed, ec.generate_private_key(ec.SECP256K1()))


@patient("key-refused", VENDOR)
def its_key_is_of_a_curve_that_chromium_does_not_offer(bed: Bed) -> AbstractContextManager[int]:
    return _with_key(bed, ec.generate_private_key(ec.SECP521R1()))


@patient("key-refused", VENDOR)
def its_key_is_short(bed: Bed) -> AbstractContextManager[int]:
    return _with_key(bed, rsa.generate_private_key(65537, 1024))


@patient("signature-refused", VENDOR)
def its_signature_is_by_an_odd_hash(bed: Bed) -> AbstractContextManager[int]:
    device = bed.maker.device()
    leaf = bed.maker.draft().signed(device.key, hashes.SHA224())
    return bed.serve(bed.maker.chain().but(leaf, device.certificate, bed.maker.factory.certificate))


@patient("key-usage", INTEGRATOR)
def its_key_may_only_agree(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft().having(forge.usage(key_agreement=True), critical=True)))


@patient("subject-alternative-not-critical", INTEGRATOR)
def its_names_are_not_critical(bed: Bed) -> AbstractContextManager[int]:
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    return bed.serve(bed.maker.chain(bed.maker.draft().having(names, critical=False)))


@patient("key-id-mismatch", VENDOR)
def it_names_another_key(bed: Bed) -> AbstractContextManager[int]:
    other = forge.aki(forge.key(number=77).public_key)
    return bed.serve(bed.maker.chain(bed.maker.draft().having(other, critical=False)))


@patient("critical-unknown", VENDOR)
def it_has_an_extension_that_nobody_knows(bed: Bed) -> AbstractContextManager[int]:
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    return bed.serve(bed.maker.chain(bed.maker.draft().having(unknown, critical=True)))


@patient("old-session", INTEGRATOR)
def it_resumes_sessions_across_certificates(bed: Bed) -> AbstractContextManager[int]:
    """The certificate changes between the two looks; the keys of the tickets don't."""
    bed.words += ["--twice", "3"]
    bed.trusts(bed.maker.root.certificate)
    return _changing(wards.Server(bed.folder, bed.maker.chain()), bed.maker.chain())


@patient("refused-by-verifier", INTEGRATOR)
def its_subject_is_a_name_outside_the_constraints(bed: Bed) -> AbstractContextManager[int]:
    """OpenSSL and GnuTLS hold the subject's name to the constraints, where no DNS name is beside it."""
    bed.host = ADDRESS
    subject = forge.name("", "", "www.example.com")
    return bed.serve(bed.maker.chain(bed.maker.draft(ADDRESS).but(subject=subject)))


# ── what browsers accept, and others don't ──


@patient("chain-order", INTEGRATOR, status=0)
def it_sends_its_chain_upside_down(bed: Bed) -> AbstractContextManager[int]:
    leaf, device, factory = bed.maker.chain().certificates
    return bed.serve(bed.maker.chain().but(leaf, factory, device))


@patient("chain-extra", INTEGRATOR, status=0)
def it_sends_somebody_elses_ca_too(bed: Bed) -> AbstractContextManager[int]:
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates, Maker("Bolt Works", number=3).device().certificate))


@patient("strict-verifiers", VENDOR, status=0)
def it_does_not_say_which_key_made_it(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft().without(x509.AuthorityKeyIdentifier)))


@patient("constraint-form", VENDOR, status=0)
def its_constraint_starts_with_a_dot(bed: Bed) -> AbstractContextManager[int]:
    dotted = x509.NameConstraints([x509.DNSName(".local")], None)
    draft = bed.maker.device_draft().having(dotted, critical=True)
    return bed.serve(bed.maker.chain(device=bed.maker.device(draft=draft)))


@patient("no-http", INTEGRATOR, status=0)
def it_speaks_tls_and_says_nothing(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(), silent=True)


@patient("expires-soon", CUSTOMER, status=0)
def its_certificate_is_nearly_over(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(NOW - 30 * DAY, NOW + 2 * DAY))))


@patient("device-clock-drifts", CUSTOMER, status=0)
def its_clock_is_an_hour_ahead(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(), date=NOW + 3600)


# ── parts ──


def forge_hosts(*hosts: str) -> list[object]:
    from dotlocal.testing import parse_host

    return [parse_host(host) for host in hosts]


def _clock(folder: Path, instant: int) -> Path:
    place = folder / "clock"
    place.mkdir()
    (place / "sitecustomize.py").write_text(f"import time\ntime.time = lambda: {instant}.25\n")
    return place


@contextmanager
def _files(path: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    def converse(line: object) -> None:
        with context.wrap_socket(line, server_side=True) as secure:  # type: ignore[arg-type]
            secure.recv(4096)
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with wards.host(converse) as port:
        yield port


@contextmanager
def _changing(server: wards.Server, second: Chain) -> Iterator[int]:
    """The server takes another certificate into use some time after its first visitor."""
    begun = threading.Thread(target=_change_when_quiet, args=(server, second), daemon=True)
    with server.running() as port:
        begun.start()
        yield port


def _change_when_quiet(server: wards.Server, second: Chain) -> None:
    """After the looks of the first time, while doctor waits for the second."""
    while not server.last_visit or time.monotonic() < server.last_visit + _QUIET_SECONDS:
        time.sleep(0.05)
    server.chain = second
    server.load()


def _open(bed: Bed) -> Maker:
    """The same maker without constraints above the device CA; the bed trusts this one's root."""
    bed.maker = Maker(constrain_root=False)
    return replace(bed.maker, names=bed.maker.names)


def _named(bed: Bed, *names: x509.GeneralName) -> forge.Draft:
    return bed.maker.draft().having(x509.SubjectAlternativeName(list(names)), critical=True)


def _factory_without_limit(bed: Bed) -> Authority:
    root, key = bed.maker.root, bed.maker.factory.key
    draft = forge.factory(
        bed.maker.factory.certificate.subject, key.public_key, CA_WINDOW, root.certificate.subject, root.key.public_key
    ).but(serial=78).having(x509.BasicConstraints(ca=True, path_length=None), critical=True)  # fmt: skip
    return Authority(draft.signed(root.key), key)


def _two_tiers(bed: Bed, root: Authority, draft: forge.Draft) -> tuple[x509.Certificate, ...]:
    device = bed.maker.device(root, draft)
    return bed.maker.draft().signed(device.key), device.certificate


def _with_key(bed: Bed, key: object) -> AbstractContextManager[int]:
    draft = bed.maker.draft().but(public_key=key.public_key())  # type: ignore[attr-defined]
    chain = bed.maker.chain(draft)
    return bed.serve(Chain(chain.certificates, key))
