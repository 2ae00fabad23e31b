# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Writing DER (X.690), just what certificates and their extensions need. There is no parser here, and never will be:
what others wrote is read by `cryptography`.
"""

from dotlocal.core.window import civil


def tlv(tag: int, *contents: bytes) -> bytes:
    """One element with the definite, shortest length (X.690 10.1)."""
    body = b"".join(contents)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + body


def sequence(*elements: bytes) -> bytes:
    """SEQUENCE of encoded elements, in the order given."""
    return tlv(0x30, *elements)


def set_of(element: bytes) -> bytes:
    """SET with one element, so that no sorting is needed (X.690 11.6)."""
    return tlv(0x31, element)


def integer(value: int) -> bytes:
    """INTEGER, two's complement, shortest form; only what certificates hold, so never negative."""
    if value < 0:
        raise ValueError("negative INTEGER")
    # one bit more than the value has: a set top bit would read as a minus sign
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def boolean_true() -> bytes:
    """BOOLEAN TRUE; FALSE is always a default here, and DER leaves defaults out (X.690 11.5)."""
    return b"\x01\x01\xff"


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        group = [arc & 0x7F]
        while arc := arc >> 7:
            group.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(group))
    return tlv(0x06, bytes(octets))


def octet_string(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, content)


def bit_string(content: bytes, unused_bits: int = 0) -> bytes:
    """BIT STRING of whole octets, the last of which has so many unused low bits."""
    return tlv(0x03, bytes((unused_bits,)), content)


def named_bits(bits: "tuple[int, ...]") -> bytes:
    """BIT STRING with the numbered bits set and trailing zero bits removed (X.690 11.2.2)."""
    size = max(bits) + 1
    value = sum(1 << (size - 1 - bit) for bit in bits)
    unused = -size % 8
    return bit_string((value << unused).to_bytes((size + 7) // 8, "big"), unused)


def utf8_string(text: str) -> bytes:
    """UTF8String."""
    return tlv(0x0C, text.encode())


def printable_string(text: str) -> bytes:
    """PrintableString; the caller's type keeps other characters out."""
    return tlv(0x13, text.encode("ascii"))


def time(instant: int) -> bytes:
    """UTCTime through 2049 and GeneralizedTime from 2050 on, as RFC 5280 4.1.2.5 demands."""
    year, *rest = civil(instant)
    if 1950 <= year < 2050:
        return tlv(0x17, b"%02d%02d%02d%02d%02d%02dZ" % (year % 100, *rest))
    return tlv(0x18, b"%04d%02d%02d%02d%02d%02dZ" % (year, *rest))


def explicit(number: int, element: bytes) -> bytes:
    """[number] EXPLICIT around an element."""
    return tlv(0xA0 | number, element)


def implicit(number: int, content: bytes) -> bytes:
    """[number] IMPLICIT around primitive content."""
    return tlv(0x80 | number, content)


def extension(dotted: str, value: bytes, *, critical: bool) -> bytes:
    """Extension (RFC 5280 4.1): the value is DER already and is wrapped into its OCTET STRING here."""
    return sequence(oid(dotted), boolean_true() if critical else b"", octet_string(value))
