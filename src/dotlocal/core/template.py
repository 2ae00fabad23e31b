# Boot path: no typing, dataclasses, enum, re or json at run time.
"""The one assembler of certificates: a template, and filling it in.

A template is what a profile and an issuer fix (see `dotlocal.core.issue.prepare`, the only maker of new ones).
Filling in sets five fields (serial number, validity, subject, key, names) and nothing else, so that what was linted
once stays true. A device keeps its template as text in its state and fills it in at every boot.
"""

from binascii import crc32

from dotlocal.core import der
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.core.window import Window

ALGORITHMS = {  # AlgorithmIdentifier: ECDSA without parameters (RFC 5758 3.2), RSA with NULL (RFC 4055 5)
    "ecdsa-sha256": der.sequence(der.oid("1.2.840.10045.4.3.2")),
    "ecdsa-sha384": der.sequence(der.oid("1.2.840.10045.4.3.3")),
    "rsa-sha256": der.sequence(der.oid("1.2.840.113549.1.1.11"), b"\x05\x00"),
}
EMPTY_NAME = der.sequence()
KEY_ID_SLOT = "subjectKeyIdentifier"
NAMES_SLOT = "subjectAltName"
_VERSION_3 = der.explicit(0, der.integer(2))
_MOST_SERIAL_OCTETS = 20  # RFC 5280 4.1.2.2
_HEADING = "dotlocal template 1"


class Template:
    """A certificate but for five fields.

    `extensions` holds DER in order, or a slot's name where the key identifier or the names go. `issuer_window` bounds
    every certificate made from it; `permitted` is what the whole chain above lets it name; `issuer_key_id` and
    `issuer_serial` say whose signature it wants.
    """

    __slots__ = (
        "algorithm", "extensions", "issuer", "issuer_key_id", "issuer_serial", "issuer_window", "permitted", "profile",
    )  # fmt: skip

    def __init__(
        self, *, profile: str, algorithm: str, issuer: bytes, issuer_key_id: bytes, issuer_serial: int,
        issuer_window: Window, permitted: Subtrees, extensions: "tuple[bytes | str, ...]",
    ) -> None:  # fmt: skip
        self.profile = profile
        self.algorithm = algorithm
        self.issuer = issuer
        self.issuer_key_id = issuer_key_id
        self.issuer_serial = issuer_serial
        self.issuer_window = issuer_window
        self.permitted = permitted
        self.extensions = extensions

    def fill(
        self, *, serial: int, window: Window, subject: bytes, spki: bytes, key_id: bytes,
        names: "list[HostName] | tuple[HostName, ...]" = (), addresses: "list[Address] | tuple[Address, ...]" = (),
    ) -> bytes:  # fmt: skip
        """The DER of a TBSCertificate (RFC 5280 4.1.2). A ValueError means that the caller planned something that
        no certificate may be: a bad serial number, a window outside the issuer's, a name that isn't permitted.
        """
        if not 0 < serial < 1 << 8 * _MOST_SERIAL_OCTETS - 1:
            raise ValueError("serial numbers are positive and at most 20 octets")
        if not self.issuer_window.covers(window):
            raise ValueError(f"{window} is outside the issuer's {self.issuer_window}")
        for name in (*names, *addresses):
            if not self.permitted.permits(name):
                raise ValueError(f"{name} is outside the issuer's constraints")
        if (NAMES_SLOT in self.extensions) != bool(names or addresses):
            raise ValueError(f"a {self.profile} certificate names hosts if, and only if, its profile has the slot")
        filled = {
            KEY_ID_SLOT: der.extension("2.5.29.14", der.octet_string(key_id), critical=False),
            NAMES_SLOT: der.extension("2.5.29.17", subject_alt_name(names, addresses), critical=True),
        }
        return der.sequence(
            _VERSION_3,
            der.integer(serial),
            ALGORITHMS[self.algorithm],
            self.issuer,
            der.sequence(der.time(window.not_before), der.time(window.not_after)),
            subject,
            spki,
            der.explicit(3, der.sequence(*(filled[e] if isinstance(e, str) else e for e in self.extensions))),
        )

    def dump(self) -> str:
        """The template as text, one fact a line, closed by a checksum so that a torn file is seen as torn."""
        lines = [
            _HEADING,
            f"profile {self.profile}",
            f"algorithm {self.algorithm}",
            f"issuer {self.issuer.hex()}",
            f"issuer-key-id {self.issuer_key_id.hex()}",
            f"issuer-serial {self.issuer_serial:x}",
            f"issuer-window {self.issuer_window.not_before} {self.issuer_window.not_after}",
            *(f"extension {item if isinstance(item, str) else item.hex()}" for item in self.extensions),
        ]
        if self.permitted.dns is not None:
            lines.append(" ".join(("permit-dns", *self.permitted.dns)))
        if self.permitted.ip is not None:
            lines.append(" ".join(("permit-ip", *(f"{n.hex()}/{m.hex()}" for n, m in self.permitted.ip))))
        return seal(lines)


def load(text: str) -> Template:
    """Read what `Template.dump` wrote; refuses a torn or foreign file as `template-damaged`."""
    facts: dict[str, str] = {}
    extensions: list[bytes | str] = []
    for line in unseal(text, _HEADING, "template-damaged"):
        word, _, value = line.partition(" ")
        if word == "extension":
            extensions.append(value if value in (KEY_ID_SLOT, NAMES_SLOT) else bytes.fromhex(value))
        else:
            facts[word] = value
    not_before, not_after = facts["issuer-window"].split()
    return Template(
        profile=facts["profile"],
        algorithm=facts["algorithm"],
        issuer=bytes.fromhex(facts["issuer"]),
        issuer_key_id=bytes.fromhex(facts["issuer-key-id"]),
        issuer_serial=int(facts["issuer-serial"], 16),
        issuer_window=Window(int(not_before), int(not_after)),
        permitted=Subtrees(
            tuple(facts["permit-dns"].split()) if "permit-dns" in facts else None,
            tuple(_range(item) for item in facts["permit-ip"].split()) if "permit-ip" in facts else None,
        ),
        extensions=tuple(extensions),
    )


def certificate(tbs: bytes, algorithm: str, signature: bytes) -> bytes:
    """The DER of a Certificate (RFC 5280 4.1): contents, algorithm and signature, nothing checked."""
    return der.sequence(tbs, ALGORITHMS[algorithm], der.bit_string(signature))


def seal(lines: "list[str]") -> str:
    """Lines as the text of a state file, ended by a checksum."""
    body = "".join(f"{line}\n" for line in lines)
    return f"{body}end {crc32(body.encode()):08x}\n"


def unseal(text: str, heading: str, code: str) -> "list[str]":
    """The lines between a state file's heading and checksum; refuses with `code` whatever was torn or altered."""
    body, _, checksum = text.rpartition("end ")
    lines = body.splitlines()
    if checksum != f"{crc32(body.encode()):08x}\n" or not lines or lines[0] != heading:
        raise Refused(code, f"a state file that starts with {heading!r} was expected, whole; this one is damaged")
    return lines[1:]


def subject_alt_name(
    names: "list[HostName] | tuple[HostName, ...]", addresses: "list[Address] | tuple[Address, ...]"
) -> bytes:
    """GeneralNames (RFC 5280 4.2.1.6): dNSName [2] and iPAddress [7], names first."""
    return der.sequence(
        *(der.implicit(2, name.text.encode()) for name in names),
        *(der.implicit(7, address.packed) for address in addresses),
    )


def _range(item: str) -> "tuple[bytes, bytes]":
    network, _, mask = item.partition("/")
    return bytes.fromhex(network), bytes.fromhex(mask)
