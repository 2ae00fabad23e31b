# Boot path: no typing, dataclasses, enum, re, json or ipaddress at run time (`Address.parse` is off it).
"""Host names and addresses, parsed once. A value that exists is normalised and may go into a certificate as it is."""

from dotlocal.core.errors import Refused

_LETTERS_DIGITS_HYPHEN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_DIGITS = frozenset("0123456789")
# Characters that IDNA 2003 and IDNA 2008 map to different names: browsers ask for the one, Python encodes the other.
_DEVIATIONS = frozenset("ßẞ\u03c2\u200c\u200d")


class HostName:
    """A DNS name in lower-case A-labels without trailing dot (RFC 1123 2.1, RFC 5890 2.3.2.1); `text` is its form."""

    __slots__ = ("text",)

    kind = "dns"

    def __init__(self, text: str) -> None:
        self.text = text

    @classmethod
    def parse(cls, text: str) -> "HostName":
        """Normalise, or refuse with the reason: `wildcard`, `underscore`, `trailing-dot`, `address-as-name`,
        `idn` (no A-label, or one that browsers disagree about), `name-too-long`, or `not-a-host-name`.
        """
        name = text.lower() if text.isascii() else _a_labels(text)
        if "*" in name:
            raise Refused("wildcard", f"{text!r} is a wildcard; stacks disagree about them, list the names themselves")
        if "_" in name:
            raise Refused("underscore", f"{text!r} has an underscore, which no host name has (RFC 1123 2.1)")
        if name.endswith("."):
            raise Refused("trailing-dot", f"{text!r} ends with a dot; certificates name hosts without it")
        labels = name.split(".")
        if ":" in name or "%" in name or _is_number(labels[-1]):
            raise Refused("address-as-name", f"{text!r} would be read as an address, not as a host name")
        if len(name) > 253 or any(len(label) > 63 for label in labels):
            raise Refused("name-too-long", f"{text[:80]!r} is longer than a host name (253) or its label (63) may be")
        for label in labels:
            if not label or label[0] == "-" or label[-1] == "-" or not _LETTERS_DIGITS_HYPHEN.issuperset(label):
                raise Refused("not-a-host-name", f"{text!r} is no host name: letters, digits and inner hyphens only")
        return cls(name)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"HostName({self.text})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostName) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Address:
    """An IPv4 or IPv6 address: 4 or 16 octets in network order. Zones can't be expressed."""

    __slots__ = ("packed",)

    kind = "ip"

    def __init__(self, packed: bytes) -> None:
        if len(packed) not in (4, 16):
            raise ValueError(f"an address has 4 or 16 octets, not {len(packed)}")
        self.packed = packed

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read the usual text form; refuses `zone` (browsers take none in URLs) and `not-an-address`."""
        import ipaddress

        if "%" in text:
            raise Refused("zone", f"{text!r} has a zone identifier, which means nothing to another machine")
        try:
            return cls(ipaddress.ip_address(text).packed)
        except ValueError:
            raise Refused("not-an-address", f"{text!r} is no IPv4 or IPv6 address") from None

    @property
    def text(self) -> str:
        """Dotted quad, or RFC 5952 text."""
        if len(self.packed) == 4:
            return ".".join(str(octet) for octet in self.packed)
        groups = [self.packed[i] << 8 | self.packed[i + 1] for i in range(0, 16, 2)]
        start, length = _longest_zero_run(groups)
        words = [f"{group:x}" for group in groups]
        if length < 2:
            return ":".join(words)
        return ":".join(words[:start]) + "::" + ":".join(words[start + length :])

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Address({self.text})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self.packed == other.packed

    def __hash__(self) -> int:
        return hash(self.packed)


def unusable(address: Address) -> "tuple[str, str] | None":
    """Code and reason why an address can't name this machine to another one, or None."""
    packed = address.packed
    if (packed.startswith(b"\x7f") and len(packed) == 4) or packed == b"\0" * 15 + b"\x01":
        return "loopback", "means the asking machine itself"
    if packed in (b"\0" * 4, b"\0" * 16):
        return "unspecified", "is no machine's address"
    if packed == b"\xff" * 4 or (packed[0] & 0xF0 == 0xE0 if len(packed) == 4 else packed[0] == 0xFF):
        return "multicast", "is not the address of one machine"
    if packed.startswith(b"\0" * 10 + b"\xff\xff"):
        return "mapped-address", "is an IPv4 address written as IPv6, which no client asks for"
    return None


def _a_labels(text: str) -> str:
    if not _DEVIATIONS.isdisjoint(text):
        raise Refused("idn", f"{text!r} has a character that browsers encode in two ways", hint="write its xn-- form")
    try:
        return text.encode("idna").decode().lower()
    except UnicodeError:
        raise Refused("idn", f"{text!r} can't be written as an internationalised host name") from None


def _is_number(label: str) -> bool:
    # the URL standard's "ends in a number" check: browsers send 0x7f.1 and 1.2.3 to their IPv4 parser
    return (_DIGITS.issuperset(label) and label != "") or (label.startswith("0x") and _is_hex(label[2:]))


def _is_hex(text: str) -> bool:
    return frozenset("0123456789abcdef").issuperset(text)


def _longest_zero_run(groups: "list[int]") -> "tuple[int, int]":
    best_start, best_length, start = 0, 0, 0
    for index, group in enumerate(groups):
        if group:
            start = index + 1
        elif index + 1 - start > best_length:
            best_start, best_length = start, index + 1 - start
    return best_start, best_length
