# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""`device serve`: HTTPS in front of the device's own web interface, in the way of stunnel.

Standard library only, as everything that a device runs. What faces the network is `Terminator`; here the steps before
it are put in their one safe order.
"""

from __future__ import annotations

import posix as os
import resource
from time import monotonic, sleep

from dotlocal.core.errors import Refused
from dotlocal.device.serve.acme_tls import Challenges
from dotlocal.device.serve.back_end import BackEnd, TcpBackEnd, at
from dotlocal.device.serve.limits import Limits
from dotlocal.device.serve.listener import bind
from dotlocal.device.serve.notices import Notices
from dotlocal.device.serve.terminator import Terminator
from dotlocal.device.serve.tls import CurrentSet, SilentAboutBadNames, warm_up
from dotlocal.host import paths
from dotlocal.host.privileges import User, drop_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from signal import SIGINT, SIGTERM, set_wakeup_fd, signal
    from types import FrameType

    from dotlocal.device.help.serving import Offer, Opened
    from dotlocal.device.serve.boot_beside import BootBeside
    from dotlocal.device.serve.listener import Listener
else:
    from _signal import SIGINT, SIGTERM, set_wakeup_fd, signal  # what `signal` wraps in enumerations

__all__ = ["Limits", "Serving", "Stop", "serve", "serve_help"]

_BACKLOG = 128
_WAIT_STEP_SECONDS = 0.002
# Client and back end; with a folder also the far end of the pair and the file. And what the process has open itself.
_DESCRIPTORS_EACH, _DESCRIPTORS_ELSE, _DESCRIPTORS_FOR_HELP = 4, 64, 64


class Serving:
    """What to serve, where, and as whom. Refuses `serve-what`, `no-such-port`, `proxy-protocol`.

    `run` has the set in run/current. `listen`: host "" is every address, port 0 any that is free. Either `to`, the back
    end, or `folder`. `proxy_protocol`: 1 (text) or 2 (binary) in front of each connection to the back end. `user`: whom
    to become after binding, before any key is read. `offer`: the help pages beside it. `wait`: seconds to wait for a
    first set, for those who start it and a boot at once. `boot`: one whose end is waited for first.
    """

    __slots__ = ("boot", "folder", "limits", "listen", "offer", "proxy_protocol", "run", "to", "user", "wait")

    def __init__(
        self, run: str | Path, listen: tuple[str, int], to: tuple[str, int] | None = None,
        folder: str | Path | None = None, *, proxy_protocol: int | None = None, user: str | None = None,
        limits: Limits | None = None, offer: Offer | None = None, wait: float = 0,
        boot: BootBeside | None = None,
    ) -> None:  # fmt: skip
        if (to is None) == (folder is None):
            raise Refused("serve-what", "serve either a back end or a folder", hint="give one of --to and --folder")
        for port, least in ((listen[1], 0), (to[1] if to else 1, 1)):
            if not least <= port <= 65535:  # the resolver would take it modulo 65536
                raise Refused("no-such-port", f"{port} is no port: {least} to 65535")
        if proxy_protocol not in (None, 1, 2):
            raise Refused("proxy-protocol", f"the PROXY protocol has versions 1 and 2, not {proxy_protocol}")
        if proxy_protocol and folder:
            raise Refused("proxy-protocol", "the PROXY protocol is for a back end, and a folder is none")
        self.run = run
        self.listen = listen
        self.to = to
        self.folder = folder
        self.proxy_protocol = proxy_protocol
        self.user = user
        self.limits = limits or Limits()
        self.offer = offer
        self.wait = wait
        self.boot = boot


class Stop:
    """Ends a `serve` from another thread, or from a signal handler."""

    __slots__ = ("_reading", "writing")

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def set(self) -> None:
        """Ask for the end; it comes at once. More than once is the same as once."""
        try:
            os.write(self.writing, b"\0")
        except BlockingIOError:
            pass  # it is full of such wishes

    def fileno(self) -> int:
        """Readable from the first `set` on, or from the first octet that is written to the descriptor `writing`."""
        return self._reading

    def __del__(self) -> None:
        os.close(self._reading)
        os.close(self.writing)


def serve(
    serving: Serving,
    *,
    say: Callable[[str], None],
    ready: Callable[[tuple[str, int]], None] | None = None,
    stop: Stop | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT (in the main thread), or until `stop` is set, whichever comes first.

    1. Bind, which may need root. 2. Become `user`. 3. Read the certificates, as that user. 4. Listen, tell `ready` the
    address, and serve; with a boot beside, clients may wait in line from 2 on. `say` takes lines for people. Raises
    Refused if anything of 1 to 3 fails.
    """
    notices = Notices(say, clock=monotonic)
    with bind(serving.listen) as listener:
        if not serving.offer:
            _serve(serving, listener, None, notices, ready, stop or Stop())
            return
        from dotlocal.device.help.serving import opened  # json, dataclasses and a server: for those who offer help

        with opened(serving.offer) as helping:
            _serve(serving, listener, helping, notices, ready, stop or Stop())


def serve_help(
    offer: Offer, *, user: str | None, say: Callable[[str], None], ready: Callable[[], None] | None = None
) -> None:
    """The help pages alone, where another server has HTTPS; the same steps, and the same end."""
    from dotlocal.device.help.serving import opened

    stop, notices = Stop(), Notices(say, clock=monotonic)
    with opened(offer) as helping:
        if user:
            drop_to(User.named(user))
        with _EndedBySignals(stop):
            front = helping.front(notices)
            if ready:
                ready()
            front.run(stop.fileno())
            front.close()


def _serve(
    serving: Serving, listener: Listener, helping: Opened | None, notices: Notices,
    ready: Callable[[tuple[str, int]], None] | None, stop: Stop,
) -> None:  # fmt: skip
    if serving.folder is not None:
        import dotlocal.device.serve.folder
    if serving.proxy_protocol:
        import dotlocal.device.serve.proxy_protocol  # noqa: F401  the same
    if serving.user:
        drop_to(User.named(serving.user))
    back_end = _back_end(serving, notices)
    if serving.boot:
        listener.listen(_BACKLOG)  # who comes meanwhile waits for the certificate, and is not turned away
    _wait_for_set(serving, notices)
    certificates = CurrentSet(serving.run, say=notices.say)
    _make_room_for_descriptors(serving.limits, notices, more=_DESCRIPTORS_FOR_HELP if helping else 0)
    _warn(serving, back_end, notices)
    with SilentAboutBadNames(), _EndedBySignals(stop):
        listener.listen(_BACKLOG)
        terminator = Terminator(
            listener,
            back_end=back_end,
            proxy_protocol=serving.proxy_protocol,
            certificates=certificates,
            limits=serving.limits,
            notices=notices,
            clock=monotonic,
            challenges=Challenges(str(serving.run)),
        )
        bound = listener.getsockname()[:2]
        if not helping:
            _run(terminator, bound, ready, stop)
            return
        with helping.served(notices, bound[1]):
            _run(terminator, bound, ready, stop)


def _run(
    terminator: Terminator, bound: tuple[str, int], ready: Callable[[tuple[str, int]], None] | None, stop: Stop
) -> None:
    if ready:
        ready(bound)
    terminator.run(stop.fileno())


def _wait_for_set(serving: Serving, notices: Notices) -> None:
    # a boot beside this takes some milliseconds, and a device that has just been switched on perhaps a minute
    if serving.boot:
        warm_up()
        serving.boot.status()
    begun, current = monotonic(), paths.join(serving.run, "current")
    while not (found := paths.exists(current)) and (waited := monotonic() - begun) < serving.wait:
        sleep(_WAIT_STEP_SECONDS if waited < 1 else 100 * _WAIT_STEP_SECONDS)
    if serving.boot:
        serving.boot.warn(notices.say, has_set=found)


def _back_end(serving: Serving, notices: Notices) -> BackEnd:
    if serving.to:
        return TcpBackEnd(serving.to, notices)
    from dotlocal.device.serve.folder import Folder  # http.server is half as much again to import, and few need it

    assert serving.folder is not None  # one of the two is there
    return Folder(serving.folder, stall=serving.limits.stall)


def _warn(serving: Serving, back_end: BackEnd, notices: Notices) -> None:
    if isinstance(back_end, TcpBackEnd) and back_end.local and not serving.proxy_protocol and serving.to:
        notices.say(
            f"warning: to the back end {at(serving.to)} every client now seems to be on this device itself. If it "
            "trusts local clients (no password, a debug page, a trusted proxy), it now trusts the whole network. "
            "Switch that off there, or let it learn the real addresses: --proxy-protocol, if it speaks that"
        )
    if os.geteuid() == 0:
        notices.say("warning: serving as root; --user names a user to become once the port is bound")


def _make_room_for_descriptors(limits: Limits, notices: Notices, *, more: int) -> None:
    needed = limits.connections * _DESCRIPTORS_EACH + limits.waiting + _DESCRIPTORS_ELSE + more
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    possible = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < needed:
        notices.say(f"warning: {limits.connections} connections may need {needed} descriptors, {possible} are allowed")


class _EndedBySignals:
    """SIGTERM and SIGINT set the stop, in the main thread, which Python handles them in; elsewhere nothing is done.

    By Python's wake-up descriptor: a handler alone would run when the main thread wakes, and a signal that another
    thread gets, or that comes just before epoll_wait(2), doesn't wake it.
    """

    __slots__ = ("_before", "_stop", "_woken")

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._woken = -1
        self._before: list[tuple[int, Callable[[int, FrameType | None], object] | int | None]] = []

    def __enter__(self) -> None:
        try:
            self._woken = set_wakeup_fd(self._stop.writing, warn_on_full_buffer=False)
        except ValueError:
            return
        self._before = [(number, signal(number, lambda *_: None)) for number in (SIGTERM, SIGINT)]

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal(number, handler)
        if self._before:
            set_wakeup_fd(self._woken)
