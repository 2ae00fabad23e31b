"""For those who want just this one device: a root of the device's own, which can vouch for nothing but this device.

A certificate that signs itself and is no CA can't be imported into Firefox, Android or an iPhone. So the device makes
itself a constrained CA: that is what the customer downloads and imports, for many years; what is served is made fresh
below it at every boot, and lives no longer than Apple takes.
"""

from __future__ import annotations

import ipaddress

from cryptography import x509

from dotlocal.core import der, keys
from dotlocal.core.constraints import DEFAULT
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Issuer
from dotlocal.core.public_suffix import by_rule
from dotlocal.core.subtrees import Subtrees, cidr, range_within
from dotlocal.core.template import KEY_ID_SLOT, Template
from dotlocal.core.template import certificate as encode
from dotlocal.core.window import DAY, YEAR, Window
from dotlocal.device.owned.pending import authority_extensions
from dotlocal.host import entropy
from dotlocal.host import keys as host_keys

YEARS = 10
MOST_YEARS = 25
# names of one label that networks use among themselves: ours, and those of RFC 6762 appendix G
_OWN_LABELS = {*DEFAULT.dns, "intranet", "internal", "private", "corp", "home", "lan"}


def check(wanted: Subtrees) -> None:
    """Refuses as `own-within-public` what no root for one device should vouch for: a top-level domain, what looks like
    a registry's name below a country's (`co.uk`), or a range of public addresses. Any other domain of two labels or
    more may be the customer's; whether it is, is not known here.
    """
    wide = [name for name in wanted.dns or () if by_rule(name) or ("." not in name and name not in _OWN_LABELS)]
    private = [ipaddress.ip_network(each) for each in (*DEFAULT.ipv4, *DEFAULT.ipv6)]
    for network, mask in wanted.ip or ():
        within = any(
            len(network) == len(each.network_address.packed)
            and range_within((network, mask), (each.network_address.packed, each.netmask.packed))
            for each in private
        )
        if not within and mask != b"\xff" * len(mask):
            wide.append(cidr(network, mask))
    if wide:
        raise Refused(
            "own-within-public", f"a root for one device that could vouch for {', '.join(wide)} would be too much",
            hint="name your own domain, private ranges, or single addresses with --within",
        )  # fmt: skip


def make(serial: str, wanted: Subtrees, *, now: int, years: int) -> tuple[str, Issuer, x509.Certificate]:
    """The key (PEM), the CA as an issuer, and its certificate. Refuses `own-years`."""
    if not 1 <= years <= MOST_YEARS:
        raise Refused("own-years", f"{years} years; it can be 1 to {MOST_YEARS}", hint="give --years")
    key = host_keys.generate()
    key_id = host_keys.key_id_of(key)
    common = f"own CA of device {serial} {key_id.hex()[:8].upper()}"
    subject = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string(common))))
    number, window = entropy.serial_number(), Window(now - DAY, now + years * YEAR)
    template = Template(
        profile="device", algorithm="ecdsa-sha256", issuer=subject, issuer_key_id=key_id, issuer_serial=number,
        issuer_window=window, permitted=wanted, extensions=(
            *authority_extensions(wanted),
            KEY_ID_SLOT,
        ),
    )  # fmt: skip
    tbs = template.fill(serial=number, window=window, subject=subject, spki=host_keys.spki_of(key), key_id=key_id)
    made = x509.load_der_x509_certificate(encode(tbs, template.algorithm, key.sign(tbs)))
    public = made.public_key()
    keys.kind_of(public)
    issuer = Issuer(subject, number, public, window, wanted)  # type: ignore[arg-type]  # kind_of refuses other kinds
    return host_keys.write_pem("PRIVATE KEY", key.pkcs8()), issuer, made
