"""Devices that browsers accept, of our make and of others', served by real servers where there is one: no alarm."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ObjectIdentifier
from makers import ADDRESS, CA_WINDOW, HOST, LEAF_WINDOW, NOW, Authority, Chain, Maker
from patients import Bed

import forge
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.names import HostName
from dotlocal.core.window import DAY, YEAR, Window
from tools import program

Serve = Callable[[Bed], AbstractContextManager[int]]
HEALTHY: list[Serve] = []


def healthy(serve: Serve) -> Serve:
    """Add a row."""
    HEALTHY.append(serve)
    return serve


# ── of other makes ──


@healthy
@contextmanager
def mkcert(bed: Bed) -> Iterator[int]:
    """FiloSottile's: the root signs the certificate itself, and only that one is sent."""
    cert, key = bed.folder / "cert.pem", bed.folder / "key.pem"
    home = {"CAROOT": str(bed.folder), "HOME": str(bed.folder), "PATH": "/usr/bin:/bin"}
    words = [program("mkcert"), "-cert-file", cert, "-key-file", key, HOST, "localhost", "127.0.0.1", "::1"]
    subprocess.run(words, env=home, check=True, capture_output=True, timeout=60)
    bed.words += ["--root", str(bed.folder / "rootCA.pem")]
    with openssl(cert, key) as port:
        yield port


@healthy
def as_minica_makes_it(bed: Bed) -> AbstractContextManager[int]:
    """Jsha's minica: a root with path length 0 signs RSA and ECDSA certificates for two years and a month."""
    key = forge.key("P-384", 71)
    subject = forge.name("", "", "minica root ca 4c1a2b")
    root = forge.root(subject, key.public_key, Window(NOW - DAY, NOW + 100 * YEAR), None).having(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    ).having(forge.usage(digital_signature=True, key_cert_sign=True), critical=True).having(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    ).but(serial=0x4C1A2B).signed(key)  # fmt: skip
    leaf = forge.server_below(root, Window(NOW, NOW + 760 * DAY), HostName(HOST)).but(
        subject=forge.name("", "", HOST)
    ).having(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False).without(
        x509.SubjectKeyIdentifier
    ).signed(key)  # fmt: skip
    bed.trusts(root)
    return bed.serve(Chain((leaf,), forge.key(number=9).private_key))


@healthy
@contextmanager
def caddys_internal_ca(bed: Bed) -> Iterator[int]:
    """Three tiers, and a certificate that lives for half a day."""
    port = unused_port()
    (bed.folder / "Caddyfile").write_text(
        "{\n\tadmin off\n\tskip_install_trust\n\tpersist_config off\n\tauto_https disable_redirects\n}\n"
        f"https://{HOST}:{port} {{\n\tbind 127.0.0.1\n\ttls internal\n\trespond ok\n}}\n"
    )
    words = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(bed.folder / "Caddyfile")]
    home = {"HOME": str(bed.folder), "XDG_DATA_HOME": str(bed.folder), "XDG_CONFIG_HOME": str(bed.folder)}
    root = bed.folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    bed.words += ["--root", str(root)]
    with process(words, port, lambda: root.exists() and _shakes_hands(port), **home):
        yield port


@healthy
@contextmanager
def openssls_own_server(bed: Bed) -> Iterator[int]:
    """`openssl s_server -www`, a CA and a certificate by `openssl`."""
    cert, key = public_style(bed, "ec", f"DNS:{HOST}")
    with openssl(cert, key) as port:
        yield port


@healthy
@contextmanager
def a_public_style_chain_of_rsa(bed: Bed) -> Iterator[int]:
    """Three tiers by `openssl`, with AIA, CRL and OCSP addresses, policies, a subject, and names of two zones."""
    bed.host = "press-07.factory.example.com"
    cert, key = public_style(bed, "rsa", f"DNS:{bed.host},DNS:www.example.com")
    with nginx(bed, cert, key) as port:
        yield port


@healthy
@contextmanager
def a_wildcard_of_the_customers_zone(bed: Bed) -> Iterator[int]:
    bed.host = "press-07.factory.example.com"
    cert, key = public_style(bed, "ec", "DNS:*.factory.example.com,DNS:factory.example.com")
    with nginx(bed, cert, key) as port:
        yield port


@healthy
def a_public_ca_with_signed_timestamps(bed: Bed) -> AbstractContextManager[int]:
    """A cross-certificate to an older root is sent along, as public CAs do; the list of timestamps is opaque to us."""
    maker = Maker("Public Trust", number=4, constrain_root=False)
    older = Maker("Older Trust", number=5, constrain_root=False).root
    root, key = maker.root, forge.key(number=9)
    crossed = forge.factory(
        root.certificate.subject, root.key.public_key, CA_WINDOW, older.certificate.subject, older.key.public_key
    ).having(x509.BasicConstraints(ca=True, path_length=None), critical=True)  # fmt: skip
    bed.host = "press-07.example.com"
    access = x509.AccessDescription(
        AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example.net")
    )
    timestamps = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2"), b"\x04\x02\x00\x00")
    draft = forge.server_below(root.certificate, LEAF_WINDOW, HostName(bed.host)).having(
        x509.AuthorityInformationAccess([access]), critical=False
    ).having(timestamps, critical=False)  # fmt: skip
    bed.computer_trusts(root.certificate)
    return bed.serve(Chain((draft.signed(root.key), crossed.signed(older.key)), key.private_key), head=_HSTS)


_HSTS = "Strict-Transport-Security: max-age=31536000\r\n"


@healthy
def a_public_ca_for_clients_that_know_the_older_root(bed: Bed) -> AbstractContextManager[int]:
    serving = a_public_ca_with_signed_timestamps(bed)
    bed.computer_trusts(Maker("Older Trust", number=5, constrain_root=False).root.certificate)
    return serving


@healthy
def a_ca_of_the_customers_with_excluded_names(bed: Bed) -> AbstractContextManager[int]:
    """As corporate CAs are: excluded subtrees, a permitted one with a shorter base, and a day's life."""
    root, key = Maker("Customer", number=6, constrain_root=False).root, forge.key("P-384", 61)
    excluded = x509.NameConstraints([x509.DNSName("corp.example")], [x509.DNSName("dmz.corp.example")])
    draft = forge.factory(
        forge.name("Customer", "", "Customer Servers 2"), key.public_key, CA_WINDOW, root.certificate.subject,
        root.key.public_key,
    ).having(excluded, critical=True)  # fmt: skip
    issuing = Authority(draft.signed(root.key), key)
    bed.host = "press-07.corp.example"
    day = Window(NOW - 3600, NOW + 20 * 3600)
    leaf = forge.server_below(issuing.certificate, day, HostName(bed.host)).but(
        subject=forge.name("Customer", "", bed.host)
    ).having(x509.SubjectAlternativeName([x509.DNSName(bed.host)]), critical=False).signed(key)  # fmt: skip
    bed.trusts(root.certificate)
    return bed.serve(Chain((leaf, issuing.certificate), forge.key(number=9).private_key))


# ── of our make ──


@healthy
def ours_in_three_tiers(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain())


@healthy
def ours_in_two_tiers(bed: Bed) -> AbstractContextManager[int]:
    device = bed.maker.device(bed.maker.root)
    return bed.serve(bed.maker.chain(device=device).but(bed.maker.draft().signed(device.key), device.certificate))


@healthy
def ours_below_a_root_without_constraints(bed: Bed) -> AbstractContextManager[int]:
    bed.maker = Maker(constrain_root=False)
    return bed.serve(bed.maker.chain())


@healthy
def ours_with_serial_names(bed: Bed) -> AbstractContextManager[int]:
    bed.maker = Maker(names=NamePolicy(("{serial}.local",), ("10.0.0.0/8",), ("fd00::/8",)))
    bed.host = "kitchen.sn0007.local"
    return bed.serve(bed.maker.chain(bed.maker.draft(bed.host, "sn0007.local")))


@healthy
def ours_by_its_address(bed: Bed) -> AbstractContextManager[int]:
    bed.host = ADDRESS
    return bed.serve(bed.maker.chain(bed.maker.draft(HOST, ADDRESS, "fd00::7")))


@healthy
def ours_by_its_ipv6_address(bed: Bed) -> AbstractContextManager[int]:
    bed.host = "fd00::7"
    return bed.serve(bed.maker.chain(bed.maker.draft(HOST, ADDRESS, "fd00::7")))


@healthy
def ours_choosing_by_sni(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(HOST, ADDRESS)), by_name=bed.maker.chain())


@healthy
def ours_with_the_root_sent_along(bed: Bed) -> AbstractContextManager[int]:
    chain = bed.maker.chain()
    return bed.serve(chain.but(*chain.certificates, bed.maker.root.certificate))


@healthy
def ours_where_this_computer_trusts_the_root(bed: Bed) -> AbstractContextManager[int]:
    bed.computer_trusts(bed.maker.root.certificate, Maker("Public Trust", number=4).root.certificate)
    return bed.serve(bed.maker.chain())


@healthy
def ours_with_no_tls_1_3(bed: Bed) -> AbstractContextManager[int]:
    def older(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    return bed.serve(bed.maker.chain(), adjust=older)


@healthy
def ours_with_no_tls_1_2_and_no_tickets(bed: Bed) -> AbstractContextManager[int]:
    def newer(context: ssl.SSLContext) -> None:
        context.minimum_version, context.num_tickets = ssl.TLSVersion.TLSv1_3, 0

    return bed.serve(bed.maker.chain(), adjust=newer)


@healthy
def ours_after_a_rollover_for_clients_of_before(bed: Bed) -> AbstractContextManager[int]:
    """The new root's cross-certificate by the old one is sent; the client has the old root."""
    return _rolled_over(bed, Maker())


@healthy
def ours_after_a_rollover_for_clients_of_today(bed: Bed) -> AbstractContextManager[int]:
    return _rolled_over(bed, Maker(generation=2, number=2))


@healthy
def ours_with_rsa_keys(bed: Bed) -> AbstractContextManager[int]:
    key = forge.key("RSA-3072")
    draft = bed.maker.draft(key=key)
    return bed.serve(Chain(bed.maker.chain(draft).certificates, key.private_key))


@healthy
def ours_with_cas_that_never_end(bed: Bed) -> AbstractContextManager[int]:
    end = 253402300799
    draft = bed.maker.device_draft().but(window=Window(NOW - 40 * DAY, end))
    return bed.serve(bed.maker.chain(device=bed.maker.device(draft=draft)))


@healthy
def ours_at_the_longest_life_that_apple_takes(bed: Bed) -> AbstractContextManager[int]:
    return bed.serve(bed.maker.chain(bed.maker.draft(window=Window(NOW - DAY, NOW + 824 * DAY))))


def _rolled_over(bed: Bed, trusted: Maker) -> AbstractContextManager[int]:
    old, new = Maker(), Maker(generation=2, number=2)
    crossed = forge.factory(
        new.root.certificate.subject, new.root.key.public_key, CA_WINDOW, old.root.certificate.subject,
        old.root.key.public_key,
    ).having(x509.BasicConstraints(ca=True, path_length=None), critical=True)  # fmt: skip
    crossed = crossed.but(serial=x509.random_serial_number())
    bed.trusts(trusted.root.certificate)
    chain = new.chain()
    return bed.serve(chain.but(*chain.certificates, crossed.signed(old.root.key)))


# ── servers ──


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def process(words: list[str], port: int, ready: Callable[[], bool], **environment: str) -> Iterator[None]:
    """A server of somebody else's, until it answers and then until the block ends."""
    running = subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/bin", **environment},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while not ready():
            assert running.poll() is None, running.communicate()[0].decode()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        running.terminate()
        running.communicate(timeout=15)


@contextmanager
def openssl(cert: Path, key: Path) -> Iterator[int]:
    """`openssl s_server` as a web server."""
    port = unused_port()
    words = [program("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet"]
    above = cert.with_name("ca.pem")
    words += ["-cert", str(cert), "-key", str(key), *(["-cert_chain", str(above)] if above.exists() else [])]
    with process(words, port, lambda: _answers(port)):
        yield port


@contextmanager
def nginx(bed: Bed, cert: Path, key: Path, *, before: tuple[str, ...] = ()) -> Iterator[int]:
    """nginx with this certificate; `before` are words in front of the command."""
    port, kinds = unused_port(), ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {bed.folder}/{kind};\n" for kind in kinds)
    config = bed.folder / "nginx.conf"
    config.write_text(
        f"daemon off;\nmaster_process off;\npid {bed.folder}/pid;\nerror_log {bed.folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}server {{\nlisten 127.0.0.1:{port} ssl;\n"
        f"ssl_certificate {cert};\nssl_certificate_key {key};\nssl_protocols TLSv1.2 TLSv1.3;\nreturn 200 ok;\n}}\n}}\n"
    )
    with process([*before, program("nginx"), "-c", str(config)], port, lambda: _answers(port)):
        yield port


def public_style(bed: Bed, kind: str, names: str) -> tuple[Path, Path]:
    """Root, intermediate and certificate as a public CA makes them, by `openssl` alone; the chain, and its key."""
    algorithm = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    (bed.folder / "extensions").write_text(_PUBLIC.format(names=names))
    bed.words += ["--root", str(bed.folder / "root.pem")]

    def make(name: str, subject: str, section: str, days: str, issuer: str | None) -> None:
        words = [program("openssl"), "req", "-x509", "-newkey", *algorithm, "-nodes", "-sha256"]
        words += ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", subject, "-days", days]
        words += ["-config", "extensions", "-extensions", section]
        words += ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"] if issuer else []
        subprocess.run(words, cwd=bed.folder, check=True, capture_output=True, timeout=60)

    make("root", "/C=US/O=Public Trust Services/CN=Public Trust Root R1", "root", "7000", None)
    make("ca", "/C=US/O=Public Trust Services/CN=Public Trust TLS CA E7", "ca", "1800", "root")
    make("leaf", f"/CN={bed.host}", "leaf", "89", "ca")
    chain = bed.folder / "chain.pem"
    chain.write_text((bed.folder / "leaf.pem").read_text() + (bed.folder / "ca.pem").read_text())
    return chain, bed.folder / "leaf.key"


_PUBLIC = """\
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, digitalSignature, keyCertSign, cRLSign
extendedKeyUsage = serverAuth, clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = caIssuers;URI:http://ca.example.net/r1.cer
crlDistributionPoints = URI:http://crl.example.net/r1.crl
certificatePolicies = 2.23.140.1.2.1
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
authorityInfoAccess = OCSP;URI:http://ocsp.example.net, caIssuers;URI:http://ca.example.net/e7.cer
crlDistributionPoints = URI:http://crl.example.net/e7.crl
certificatePolicies = 2.23.140.1.2.1
1.3.6.1.4.1.11129.2.4.2 = DER:04020000
"""


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _shakes_hands(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as line, context.wrap_socket(line, server_hostname=HOST):
            return True
    except OSError:
        return False
