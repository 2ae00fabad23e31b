# Boot path: no typing, dataclasses, enum, re, json or ipaddress at run time; `_socket`, for `socket` imports enum.
"""What the machine is called and which addresses it has now, asked of the kernel (rtnetlink(7)), never of a file."""

import posix as os
from _socket import AF_NETLINK, SOCK_RAW, if_indextoname, socket
from _struct import pack, unpack_from

from dotlocal.core.names import Address
from dotlocal.host import paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class _Netlink(Protocol):
        """As much of a socket as is needed."""

        def send(self, data: bytes, /) -> int: ...
        def recv(self, most: int, /) -> bytes: ...


AVAHI = "/run/avahi-daemon/pid"
_NETLINK_ROUTE = 0
_RTM_GETADDR, _RTM_NEWADDR = 22, 20
_NLM_F_DUMP_REQUEST = 0x301
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_TENTATIVE, _DAD_FAILED = 0x40, 0x08  # IFA_F_*: the address is not yet, or never will be, this machine's
_NLM_F_DUMP_INTR = 0x10
_MOST_DUMPS = 8
_RECEIVE_OCTETS = 1 << 16  # a dump comes in parts of 32 KiB at most
_HEADER = 16  # struct nlmsghdr
_BODY = 8  # struct ifaddrmsg


class Surroundings:
    """`host_name` as the kernel has it, `mdns_name` as Avahi answers with it (or empty), and `addresses` as
    (interface, address) pairs in the kernel's order; `unanswered` is why it did not tell them, or empty.
    """

    __slots__ = ("addresses", "host_name", "mdns_name", "unanswered")

    def __init__(
        self, host_name: str, addresses: "list[tuple[str, Address]]", mdns_name: str = "", unanswered: str = ""
    ) -> None:
        self.host_name = host_name
        self.mdns_name = mdns_name
        self.addresses = addresses
        self.unanswered = unanswered

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Surroundings):
            return NotImplemented
        mine, theirs = ((each.host_name, each.mdns_name, each.addresses) for each in (self, other))
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]  # its lists may change


def look() -> Surroundings:
    """Look around. Where the kernel does not answer about addresses there are none."""
    unanswered = ""
    try:
        addresses = _addresses()
    except OSError as error:
        addresses, unanswered = [], error.strerror or str(error)
    return Surroundings(os.uname().nodename, addresses, _mdns_name(), unanswered)


def _mdns_name() -> str:
    if not paths.exists(AVAHI):
        return ""
    from dotlocal.device import mdns  # where there is an Avahi, and nowhere else

    return mdns.host_name()


def settling() -> bool:
    """Whether the kernel is still finding out if some address is this machine's alone (RFC 4862 5.4)."""
    try:
        return any(flags & (_TENTATIVE | _DAD_FAILED) == _TENTATIVE for flags, _, _ in _entries())
    except OSError:
        return False


def _addresses() -> "list[tuple[str, Address]]":
    found = []
    for flags, index, packed in _entries():
        if flags & (_TENTATIVE | _DAD_FAILED) or len(packed) not in (4, 16):
            continue
        try:
            found.append((if_indextoname(index), Address(packed)))
        except OSError:
            continue  # the interface has gone meanwhile, and its addresses with it
    return found


def _entries() -> "list[tuple[int, int, bytes]]":
    """Flags, interface and packed address, as the kernel lists them. Raises OSError."""
    netlink = socket(AF_NETLINK, SOCK_RAW, _NETLINK_ROUTE)
    try:
        netlink.settimeout(2)
        return dumped(netlink)
    finally:
        netlink.close()


def dumped(netlink: "_Netlink") -> "list[tuple[int, int, bytes]]":
    """The same by a socket. A list that changed while it was read may lack what didn't change: it is asked for again,
    though not for ever, since whoever hears of changes looks again anyway. Raises OSError.
    """
    for _ in range(_MOST_DUMPS):
        found, whole = _dump(netlink)
        if whole:
            break
    return found


def _dump(netlink: "_Netlink") -> "tuple[list[tuple[int, int, bytes]], bool]":
    found: list[tuple[int, int, bytes]] = []
    whole = True
    netlink.send(pack("=LHHLLB3x", _HEADER + 4, _RTM_GETADDR, _NLM_F_DUMP_REQUEST, 1, 0, 0))
    while True:
        reply = netlink.recv(_RECEIVE_OCTETS)
        offset = 0
        while offset + _HEADER <= len(reply):
            size, kind, flags = unpack_from("=LHH", reply, offset)
            whole = whole and not flags & _NLM_F_DUMP_INTR
            if kind in (_NLMSG_DONE, _NLMSG_ERROR) or size < _HEADER:
                return found, whole
            if kind == _RTM_NEWADDR and (entry := _entry(reply[offset + _HEADER : offset + size])):
                found.append(entry)
            offset += size + 3 & ~3


def _entry(message: bytes) -> "tuple[int, int, bytes] | None":
    flags, index = unpack_from("=xxBxL", message)
    packed = b""
    offset = _BODY
    while offset + 4 <= len(message):
        size, kind = unpack_from("=HH", message, offset)
        if size < 4:
            return None
        value = message[offset + 4 : offset + size]
        if kind == _IFA_LOCAL or (kind == _IFA_ADDRESS and not packed):
            packed = value  # on point-to-point links IFA_ADDRESS is the peer's and IFA_LOCAL ours
        elif kind == _IFA_FLAGS:
            (flags,) = unpack_from("=L", value)
        offset += size + 3 & ~3
    return flags, index, packed
