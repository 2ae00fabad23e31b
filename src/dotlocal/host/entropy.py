# Boot path: no typing, dataclasses, enum, re or json at run time.
"""The operating system's randomness."""

import posix as os


def serial_number() -> int:
    """A random serial number of 152 bits, never 0; never a counter, so that no reset can repeat one."""
    # 19 octets, not 20: DER adds one when the top bit is set, and 20 is the limit (RFC 5280 4.1.2.2)
    return int.from_bytes(os.urandom(19), "big") or 1


def seeded() -> bool:
    """Whether the kernel's generator is ready, so that asking it for keys won't wait."""
    try:
        os.getrandom(1, os.GRND_NONBLOCK)
    except BlockingIOError:
        return False
    return True
