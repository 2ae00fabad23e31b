# Boot path: no typing, dataclasses, re or json at run time; `signal`, which imports enum, is paid for once.
"""`dotlocal device watch`: boot, and again whenever a name, an address, the clock or the settings change.

One issue at a time; between two of them the process sleeps in one system call, without a timeout unless a renewal or
a retry is due, both by monotonic time.
"""

import os
import select
import signal
import sys
from time import monotonic

from dotlocal.core.errors import Absent, Refused
from dotlocal.device import boot, fallback, surroundings
from dotlocal.device.boot import Options
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import AVAHI, Surroundings
from dotlocal.device.watch import avahi, events
from dotlocal.device.watch.handovers import HandOvers
from dotlocal.device.watch.refills import Refills
from dotlocal.device.watch.renewals import Renewals
from dotlocal.device.watch.schedule import Schedule, look_of, renewal_of
from dotlocal.device.watch.synchronisation import Synchronisation
from dotlocal.host.supervisor import notify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TIMESYNC = "/run/systemd/timesync/synchronized"
_ENDING = (signal.SIGTERM, signal.SIGINT)
_AROUND = {events.Addresses.reason, events.HostName.reason, avahi.Changes.reason}
_OWN = "own certificate"
_CERTIFICATE = "certificate"  # what status.json calls it when that is served
_LONGEST_SLEEP = 20 * 86400.0  # epoll counts milliseconds in 31 bits, which is 24 days


class Watch:
    """The watching loop; `options` as for boot."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._schedule = Schedule()
        self._epoll = select.epoll()
        self._sources: dict[int, Any] = {}
        self._missing: list[Callable[[], Any]] = []
        self._looked: Surroundings | None = None
        self._seen: Surroundings | None = None
        self._ending = False
        self._renewals = Renewals(options)
        self._refills = Refills(options)
        self._hand_overs = HandOvers(options)
        self._synchronisation = Synchronisation()
        self._wakeups = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> int:
        """Watch until SIGTERM or SIGINT; the exit status. Refuses `no-state` and the like before it settles down."""
        self._listen()
        self._schedule.happened("start", -1.0)  # long ago: due at once
        while not self._ending:
            planned = [(due, act) for due, act in self._plans() if due is not None]
            acts = [act for due, act in planned if due <= monotonic()]
            if acts:
                acts[0]()
            else:
                self._wait(min(due for due, _ in planned) - monotonic() if planned else None)
        self._renewals.stop()
        notify("STOPPING=1")
        return 0

    def _plans(self) -> "tuple[tuple[float | None, Callable[[], None]], ...]":
        return (
            (self._schedule.due(), self._issue),
            (self._synchronisation.due, self._look_at_clock),
            (self._renewals.due, self._renewals.start),
            (self._refills.due, lambda: self._follow(self._refills.start)),
            (self._hand_overs.due, self._look_for_server),
        )

    def _listen(self) -> None:
        signal.set_wakeup_fd(self._wakeups[1], warn_on_full_buffer=False)
        for number in (*_ENDING, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # the byte in the pipe is what counts
        self._epoll.register(self._wakeups[0], select.EPOLLIN)
        self._missing = [
            events.Addresses,
            events.HostName,
            events.ClockSet,
            lambda: events.File(self._options.config, "settings"),
            lambda: events.File(Run(self._options.run).changed, _OWN),
            lambda: events.File(_TIMESYNC, events.ClockSet.reason),
            lambda: events.File(AVAHI, avahi.Changes.reason),
            avahi.Changes,
        ]
        self._open_missing()

    def _open_missing(self) -> None:
        still_missing = []
        for make in self._missing:
            try:
                source = make()
            except OSError:
                still_missing.append(make)  # no such folder yet, no Avahi, no such feature of the kernel
                continue
            self._sources[source.fileno()] = source
            self._epoll.register(source.fileno(), source.mask)
        self._missing = still_missing

    def _wait(self, seconds: "float | None") -> None:
        timeout = -1 if seconds is None else min(max(seconds, 0), _LONGEST_SLEEP)
        for descriptor, _ in self._epoll.poll(timeout):
            if descriptor == self._wakeups[0]:
                self._signalled()
            else:
                self._heard(self._sources[descriptor])

    def _heard(self, source: "Any") -> None:
        try:
            matters = source.heard()
        except EOFError:  # Avahi's messenger has ended, as it does with the bus; a new one comes with a new Avahi
            self._epoll.unregister(source.fileno())
            del self._sources[source.fileno()]
            source.close()
            self._missing.append(type(source))
            return
        if source is self._refills.source:
            self._refills.look()
        elif matters:
            self._schedule.happened(source.reason, monotonic())
            self._open_missing()

    def _follow(self, change: "Callable[[], None]") -> None:
        """Do what may put another source of the refills' in place of the one before."""
        if before := self._refills.source:
            self._epoll.unregister(before.fileno())
            del self._sources[before.fileno()]
        change()
        if source := self._refills.source:
            self._sources[source.fileno()] = source
            self._epoll.register(source.fileno(), source.mask)

    def _signalled(self) -> None:
        for number in os.read(self._wakeups[0], 256):
            if number in _ENDING:
                self._ending = True
            elif number == signal.SIGHUP:
                self._schedule.happened("asked", monotonic())
            elif number == signal.SIGCHLD:
                self._renewals.ended()

    def _issue(self) -> None:
        reasons = set(self._schedule.reasons)
        if reasons and not reasons - _AROUND and self._seen == surroundings.look():
            self._schedule.forget()  # much is said on a network that changes no name and no address
            return
        if self._schedule.reasons == [_OWN]:
            self._schedule.forget()  # whoever changed it has booted already, and says when to look again
            self._schedule.look_at(Run(self._options.run).look_at())
            self._renewals.look()
            return
        again = "another try" if self._schedule.failures else "renewal"
        told = ", ".join(self._schedule.taken() or [again])
        try:
            report = boot.boot(self._options, look=self._look)
        except Refused as refused:
            if self._seen is None and isinstance(refused, Absent):
                raise
            self._failed(refused)
            return
        self._seen = self._looked
        look_in = look_of(report)
        # of the customer's certificate the device can't make another one
        renew_in = None if report.get("served") == _CERTIFICATE else renewal_of(report)
        handed_over = report.get("handover", {}).get("outcome") != "failed"
        self._schedule.succeeded(monotonic(), renew_in=renew_in, handed_over=handed_over)
        self._schedule.look_at(None if look_in is None else monotonic() + look_in)
        self._renewals.told(report)
        self._hand_overs.told(report)
        self._synchronisation.told(report, reasons)
        self._follow(self._refills.follow)
        boot.tell(report, because=told)
        notify("READY=1", f"STATUS=serving until {report['not_after']}")

    def _look(self) -> Surroundings:
        # what a boot goes by, which waits for its turn first: what changes to and fro meanwhile must not be missed
        self._looked = surroundings.look()
        return self._looked

    def _look_at_clock(self) -> None:
        if self._synchronisation.look():
            self._schedule.happened(events.ClockSet.reason, monotonic())

    def _look_for_server(self) -> None:
        if self._hand_overs.start():
            self._schedule.failed(monotonic())

    def _failed(self, refused: Refused) -> None:
        run, hint = Run(self._options.run), boot.hint_of(refused)
        self._schedule.failed(monotonic())
        meanwhile = "the certificates before stay in use" if run.has_current() else "there are no certificates yet"
        sys.stderr.write(f"dotlocal: error: {refused}; {meanwhile}\ndotlocal: hint: {hint}\n")
        notify(f"STATUS=failed: {refused}")
        fallback.tell_failure(run, refused, hint)


def run(words: "list[str]") -> None:
    """`device watch`: parse, watch, and end the process; returns when the words are for the full command line."""
    options = boot.parse(words)
    if options is not None and not (options.json or options.changed or options.quiet):  # those are of a boot alone
        sys.exit(main(options))


def main(options: Options) -> int:
    """Run the command. Exit status 0 after a signal, 1 when root can't become the owner, 2 without a state."""
    try:
        State(options.state).act_as_owner(Run(options.run), options.config)
    except Refused as refused:
        return boot.refuse(refused)
    try:
        return Watch(options).run()
    except Absent as absent:
        return boot.refuse(absent)
