# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""The slots below `state/owned/`: one sealed file each, 0600 from birth, whole or not there.

`certificate` is the confirmed own certificate with its key and chain, `issuer` the customer's constrained device CA,
`candidate` whichever of the two is on probation, `previous` the certificate before the confirmed one, `reverted` what
went back and why. `alone` is the root that the device made for itself, once. `request` and `issuer-request` hold keys
that wait for an answer. Names that start with `acme-` are the ACME client's. A file is never changed in place, so no
cut leaves a certificate beside another one's key.
"""

import os

from dotlocal.core import template as core_template
from dotlocal.core.errors import Refused
from dotlocal.core.names import Address
from dotlocal.core.template import Template, seal, unseal
from dotlocal.core.window import Window
from dotlocal.device.settings import escape, unescape
from dotlocal.host import custody, files, keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.store import State
    from dotlocal.host.clock import Reading
    from dotlocal.host.keys import SigningKey

FOLDER = "owned"
CERTIFICATE, ISSUER, CANDIDATE, PREVIOUS, REVERTED = "certificate", "issuer", "candidate", "previous", "reverted"
ALONE = "alone"
_CERTIFICATE_HEADING = "dotlocal own certificate 1"
_ISSUER_HEADING = "dotlocal own issuer 1"
_REVERTED_HEADING = "dotlocal own reverted 1"


class Probation:
    """Until when what is on probation may be served: monotonic seconds (`Reading.uptime`) of one boot, and no other."""

    __slots__ = ("boot_id", "until")

    def __init__(self, boot_id: str, until: int) -> None:
        self.boot_id = boot_id
        self.until = until

    def left(self, reading: "Reading") -> int:
        """Seconds left; 0 when it is over, or was another boot's."""
        if not self.boot_id or self.boot_id != reading.boot_id:
            return 0
        return max(self.until - reading.uptime, 0)


class OwnCertificate:
    """The customer's certificate: DER `certificates` (the leaf, then what is sent after it), its PKCS#8 DER `key`.

    `window` is when the whole chain is valid; `names` are texts, wildcards among them; `claimed` are those of them that
    the customer said the device goes by, beyond what it can know; `anchor` is the root, never sent, or nothing.
    """

    __slots__ = (
        "addresses", "anchor", "certificates", "claimed", "installed", "issuer", "key", "names", "origin", "probation",
        "serial", "window",
    )  # fmt: skip

    kind = CERTIFICATE

    def __init__(
        self, *, origin: str, installed: int, serial: int, issuer: str, window: Window, names: "list[str]",
        addresses: "list[Address]", claimed: "list[str]", key: bytes, certificates: "list[bytes]", anchor: bytes = b"",
        probation: "Probation | None" = None,
    ) -> None:  # fmt: skip
        self.origin = origin
        self.installed = installed
        self.serial = serial
        self.issuer = issuer
        self.window = window
        self.names = names
        self.addresses = addresses
        self.claimed = claimed
        self.key = key
        self.certificates = certificates
        self.anchor = anchor
        self.probation = probation

    def chain(self) -> str:
        """What is sent, PEM."""
        return "".join(keys.write_pem("CERTIFICATE", each) for each in self.certificates)

    def private(self) -> str:
        """The key, PEM."""
        return keys.write_pem("PRIVATE KEY", self.key)

    def dump(self) -> str:
        """The slot's text."""
        lines = [
            *_heading(self, _CERTIFICATE_HEADING),
            *(f"name {escape(name)}" for name in self.names),
            *(f"address {address.packed.hex()}" for address in self.addresses),
            *(f"claimed {escape(name)}" for name in self.claimed),
            f"key {self.key.hex()}",
            *(f"certificate {each.hex()}" for each in self.certificates),
        ]
        if self.anchor:
            lines.append(f"anchor {self.anchor.hex()}")
        return seal(lines)


class OwnIssuer:
    """The customer's device CA: `certificates` in DER, the CA first and the root last if it is known (`rooted`), the
    text that leads to its key as `dotlocal.host.custody` has it, and the prepared server certificate.
    """

    __slots__ = (
        "certificates", "installed", "issuer", "key_text", "origin", "probation", "rooted", "serial", "template",
        "window",
    )  # fmt: skip

    kind = ISSUER

    def __init__(
        self, *, origin: str, installed: int, serial: int, issuer: str, key_text: str, certificates: "list[bytes]",
        rooted: bool, template: Template, probation: "Probation | None" = None,
    ) -> None:  # fmt: skip
        self.origin = origin
        self.installed = installed
        self.serial = serial
        self.issuer = issuer
        self.window = template.issuer_window
        self.key_text = key_text
        self.certificates = certificates
        self.rooted = rooted
        self.template = template
        self.probation = probation

    def key(self) -> "SigningKey":
        """The issuer's key; refuses `key-damaged`, and what a token refuses."""
        if self.key_text.startswith("-----BEGIN "):
            return keys.read_pem(self.key_text)
        return custody.load(self.key_text, f"{FOLDER}/{ISSUER}")

    def sent(self) -> str:
        """What is sent after the server certificate, PEM: never the root."""
        sent = self.certificates[:-1] if self.rooted else self.certificates
        return "".join(keys.write_pem("CERTIFICATE", each) for each in sent)

    def birth(self) -> str:
        """All of it up to the root, as a birth record has it, PEM; nothing where the root is not known."""
        return "".join(keys.write_pem("CERTIFICATE", each) for each in self.certificates) if self.rooted else ""

    def dump(self) -> str:
        """The slot's text."""
        return seal([
            *_heading(self, _ISSUER_HEADING),
            f"key {escape(self.key_text)}",
            *(f"certificate {each.hex()}" for each in self.certificates),
            f"rooted {int(self.rooted)}",
            f"template {escape(self.template.dump())}",
        ])  # fmt: skip


class Reverted:
    """What went back: which, to what, why (`code`), and when by the clock of then."""

    __slots__ = ("at", "code", "kind", "serial")

    def __init__(self, kind: str, serial: int, code: str, at: int) -> None:
        self.kind = kind
        self.serial = serial
        self.code = code
        self.at = at

    def dump(self) -> str:
        """The slot's text."""
        return seal([_REVERTED_HEADING, f"{self.kind} {self.serial:x} {self.code} {self.at}"])


def _whose(error: OSError) -> str:
    return "run this as the owner of the state, or as root" if isinstance(error, PermissionError) else ""


class Slots:
    """The folder of slots. Reading one gives None where it is empty, and refuses `own-damaged` where it is torn."""

    __slots__ = ("path",)

    def __init__(self, state: "State") -> None:
        self.path = state.file(FOLDER)

    def file(self, name: str) -> str:
        """The path of a slot."""
        return os.path.join(self.path, name)

    def text(self, name: str) -> "str | None":
        """A slot's text, or None when it is empty."""
        path = self.file(name)
        try:
            if os.stat(path).st_size == 0:
                return None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Refused("own-damaged", f"{path} can't be read: {error.strerror}", hint=_whose(error)) from None
        try:
            text = files.read(path).decode("ascii")
            return None if text.startswith("\0") else text  # a cut while it was being overwritten, to be dropped
        except (Refused, ValueError) as error:
            raise Refused("own-damaged", f"{path} can't be read: {error}") from None

    def held(self, name: str) -> "OwnCertificate | OwnIssuer | None":
        """What one of the slots `certificate`, `issuer`, `candidate` and `previous` holds."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return load_issuer(text) if text.startswith(_ISSUER_HEADING) else load_certificate(text)
        except (Refused, KeyError, ValueError, IndexError):
            raise Refused(
                "own-damaged", f"{self.file(name)} is damaged",
                hint="import the certificate again, or `dotlocal device own revert`",
            ) from None  # fmt: skip

    def reverted(self) -> "Reverted | None":
        """What went back last."""
        text = self.text(REVERTED)
        if text is None:
            return None
        try:
            (line,) = unseal(text, _REVERTED_HEADING, "own-damaged")
            kind, serial, code, at = line.split()
            return Reverted(kind, int(serial, 16), code, int(at))
        except (Refused, ValueError):
            return None  # it is news, and no secret: a torn one is forgotten

    def save(self, name: str, text: str) -> None:
        """Put a text into a slot, whole; refuses `file-unwritable`."""
        files.folder(self.path, mode=0o700)
        files.write(self.file(name), text.encode(), mode=0o600)
        files.sweep(self.path)

    def drop(self, name: str) -> None:
        """Empty a slot, its contents overwritten; refuses `file-unwritable`."""
        if os.path.lexists(self.file(name)):
            files.destroy(self.file(name))


def load_certificate(text: str) -> OwnCertificate:
    """Read what `OwnCertificate.dump` wrote; ValueError, KeyError or `own-damaged` for everything else."""
    facts, lists = _facts(unseal(text, _CERTIFICATE_HEADING, "own-damaged"))
    return OwnCertificate(
        origin=facts["origin"], installed=int(facts["installed"]), serial=int(facts["serial"], 16),
        issuer=unescape(facts["issuer"]), window=_window(facts["window"]),
        names=[unescape(each) for each in lists["name"]],
        addresses=[Address(bytes.fromhex(each)) for each in lists["address"]],
        claimed=[unescape(each) for each in lists["claimed"]], key=bytes.fromhex(facts["key"]),
        certificates=_certificates(lists), anchor=bytes.fromhex(facts.get("anchor", "")), probation=_probation(facts),
    )  # fmt: skip


def load_issuer(text: str) -> OwnIssuer:
    """Read what `OwnIssuer.dump` wrote; ValueError, KeyError or `own-damaged` for everything else."""
    facts, lists = _facts(unseal(text, _ISSUER_HEADING, "own-damaged"))
    return OwnIssuer(
        origin=facts["origin"], installed=int(facts["installed"]), serial=int(facts["serial"], 16),
        issuer=unescape(facts["issuer"]), key_text=unescape(facts["key"]), certificates=_certificates(lists),
        rooted=facts["rooted"] == "1", template=core_template.load(unescape(facts["template"])),
        probation=_probation(facts),
    )  # fmt: skip


def _heading(held: "OwnCertificate | OwnIssuer", heading: str) -> "list[str]":
    lines = [
        heading,
        f"origin {held.origin}",
        f"installed {held.installed}",
        f"serial {held.serial:x}",
        f"issuer {escape(held.issuer)}",
        f"window {held.window.not_before} {held.window.not_after}",
    ]
    if held.probation:
        lines.append(f"probation {held.probation.boot_id} {held.probation.until}")
    return lines


def _facts(lines: "list[str]") -> "tuple[dict[str, str], dict[str, list[str]]]":
    facts: dict[str, str] = {}
    lists: dict[str, list[str]] = {"name": [], "address": [], "claimed": [], "certificate": []}
    for line in lines:
        word, _, value = line.partition(" ")
        if word in lists:
            lists[word].append(value)
        else:
            facts[word] = value
    return facts, lists


def _certificates(lists: "dict[str, list[str]]") -> "list[bytes]":
    if not lists["certificate"]:
        raise ValueError("no certificate")
    return [bytes.fromhex(each) for each in lists["certificate"]]


def _window(text: str) -> Window:
    not_before, not_after = text.split()
    return Window(int(not_before), int(not_after))


def _probation(facts: "dict[str, str]") -> "Probation | None":
    if "probation" not in facts:
        return None
    boot_id, until = facts["probation"].split()
    return Probation(boot_id, int(until))
