# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Where a watching device hears of changes: file descriptors of the kernel's, so that nothing is ever polled.

Each source has `fileno` for epoll, the `mask` to wait for, and `heard`, which empties it and says whether anything
that matters has changed.
"""

import os
from _socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, socket
from ctypes import CDLL, c_char_p, c_int, c_uint32, c_void_p, get_errno
from select import EPOLLERR, EPOLLIN, EPOLLPRI
from struct import pack, unpack_from

_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR: rtnetlink(7)
_HOST_NAME = "/proc/sys/kernel/hostname"
_IN_CHANGES = 0x8 | 0x40 | 0x80 | 0x100 | 0x200  # CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE: inotify(7)
_IN_OPEN = 0x20
_IN_MOVE_SELF, _IN_OVERFLOW, _IN_IGNORED, _IN_ONLYDIR = 0x800, 0x4000, 0x8000, 0x1000000
_IN_CLOEXEC_NONBLOCK = 0x80800
_TFD_CLOEXEC_NONBLOCK = 0x80800
_TFD_ABSTIME_CANCEL_ON_SET = 0x3
_FAR_FUTURE = 2**31 - 1  # fits a 32-bit time_t; the timer is there to be cancelled, not to end
_EVENT = "iIII"  # struct inotify_event up to its name


class Addresses:
    """Addresses and interfaces that come and go. An address counts once the kernel has found it unique."""

    __slots__ = ("_socket",)

    reason = "address"
    mask = EPOLLIN

    def __init__(self) -> None:
        self._socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
        self._socket.bind((0, _GROUPS))

    def fileno(self) -> int:
        """For epoll."""
        return self._socket.fileno()

    def heard(self) -> bool:
        """Empty it. An overrun means that much has changed; what the addresses are now is asked anew anyway."""
        while True:
            try:
                self._socket.recv(1 << 16)
            except BlockingIOError:
                return True
            except OSError:
                continue


class HostName:
    """The kernel's host name; sysctl files can be waited for (proc(5), since Linux 3.3).

    Whoever waits for it is woken by every name that is set on the machine, a container's too.
    """

    __slots__ = ("_descriptor", "_name")

    reason = "host name"
    mask = EPOLLERR | EPOLLPRI

    def __init__(self) -> None:
        self._descriptor = os.open(_HOST_NAME, os.O_RDONLY | os.O_CLOEXEC)
        self._name = b""
        self.heard()

    def fileno(self) -> int:
        """For epoll."""
        return self._descriptor

    def heard(self) -> bool:
        """Read it, which is what arms it again; whether it is another one than before."""
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        before, self._name = self._name, os.read(self._descriptor, 256)
        return self._name != before


class File:
    """One file, watched through its folder, because editors and package managers replace files by renaming.

    While the folder isn't there, what is there of the way to it is watched: a service takes its folder below /run with
    it when it ends, and brings another one when it starts again (RuntimeDirectory=, systemd.exec(5)).
    """

    __slots__ = ("_descriptor", "_name", "_path", "_watched", "_whole", "reason")

    mask = EPOLLIN

    def __init__(self, path: str, reason: str) -> None:
        self._path = os.path.abspath(path)
        self.reason = reason
        self._watched = -1
        self._descriptor = _inotify()
        try:
            self._follow()
        except OSError:
            os.close(self._descriptor)
            raise

    def fileno(self) -> int:
        """For epoll."""
        return self._descriptor

    def heard(self) -> bool:
        """Whether one of the events that have come is, or may be, about the file itself."""
        mine = lost = False
        while True:
            try:
                events = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                break
            offset = 0
            while offset < len(events):
                watched, mask, _, size = unpack_from(_EVENT, events, offset)
                name = events[offset + 16 : offset + 16 + size].rstrip(b"\0")
                offset += 16 + size
                named = watched == self._watched and os.fsdecode(name) == self._name
                mine = mine or bool(mask & _IN_OVERFLOW) or (named and self._whole)
                gone = watched == self._watched and bool(mask & (_IN_MOVE_SELF | _IN_IGNORED))
                lost = lost or gone or bool(mask & _IN_OVERFLOW) or (named and not self._whole)
        if lost:
            try:
                self._follow()
            except OSError:
                return True  # not to be watched any more; it is looked at once more
            mine = mine or (self._whole and os.path.exists(self._path))
        return mine

    def _follow(self) -> None:
        libc = CDLL(None, use_errno=True)
        libc.inotify_rm_watch(self._descriptor, self._watched)
        folder, self._name = os.path.split(self._path)
        while True:
            try:
                self._watched = _watch(self._descriptor, folder, _IN_CHANGES | _IN_MOVE_SELF | _IN_ONLYDIR)
            except (FileNotFoundError, NotADirectoryError):
                folder, self._name = os.path.split(folder)
                continue
            below = os.path.join(folder, self._name)
            self._whole = below == self._path
            if self._whole or not os.path.isdir(below):
                return
            libc.inotify_rm_watch(self._descriptor, self._watched)  # it has come meanwhile
            folder, self._name = os.path.split(self._path)


class Opened:
    """A file that somebody opens; the file itself, whatever comes to have its name."""

    __slots__ = ("_descriptor", "reason")

    mask = EPOLLIN

    def __init__(self, path: str, reason: str) -> None:
        self.reason = reason
        self._descriptor = _inotify()
        try:
            _watch(self._descriptor, path, _IN_OPEN)
        except OSError:
            os.close(self._descriptor)  # what isn't there is asked for again at each change, for years
            raise

    def fileno(self) -> int:
        """For epoll."""
        return self._descriptor

    def heard(self) -> bool:
        """Empty it; it may be that the file has gone."""
        while True:
            try:
                os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                return True

    def close(self) -> None:
        """Hear no more of it."""
        os.close(self._descriptor)


class ClockSet:
    """A system clock that jumps: a timer that the kernel cancels whenever the clock is set (timerfd_create(2))."""

    __slots__ = ("_descriptor", "_libc")

    _descriptor: int

    reason = "clock"
    mask = EPOLLIN

    def __init__(self) -> None:
        self._libc = CDLL(None, use_errno=True)
        self._libc.timerfd_settime.argtypes = (c_int, c_int, c_char_p, c_void_p)
        self._descriptor = self._libc.timerfd_create(0, _TFD_CLOEXEC_NONBLOCK)  # CLOCK_REALTIME
        if self._descriptor < 0:
            raise OSError(get_errno(), "timerfd_create")
        self._arm()

    def fileno(self) -> int:
        """For epoll."""
        return self._descriptor

    def heard(self) -> bool:
        """Arm it again; it was cancelled (ECANCELED), or, in 2038, has ended: either way the clock is worth a look."""
        try:
            os.read(self._descriptor, 8)
        except OSError:
            pass
        self._arm()
        return True

    def _arm(self) -> None:
        moment = pack("@llll", 0, 0, _FAR_FUTURE, 0)  # struct itimerspec: interval, value
        self._libc.timerfd_settime(self._descriptor, _TFD_ABSTIME_CANCEL_ON_SET, moment, None)


def _inotify() -> int:
    descriptor: int = CDLL(None, use_errno=True).inotify_init1(_IN_CLOEXEC_NONBLOCK)
    if descriptor < 0:
        raise OSError(get_errno(), "inotify_init1")
    return descriptor


def _watch(descriptor: int, path: str, mask: int) -> int:
    libc = CDLL(None, use_errno=True)
    libc.inotify_add_watch.argtypes = (c_int, c_char_p, c_uint32)
    watched: int = libc.inotify_add_watch(descriptor, os.fsencode(path), mask)
    if watched < 0:
        number = get_errno()
        raise OSError(number, os.strerror(number), path)
    return watched
