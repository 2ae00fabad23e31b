# Boot path of hooks: no typing, dataclasses, enum or re at run time; json only where there is a set to compare with.
"""`dotlocal device boot --changed`: what a hook says that has heard of a change, perhaps of one of many.

1. Where another call waits already this one ends at once: that one hasn't looked around yet.
2. It waits until no more calls have come for a moment.
3. With the lock of boots in hand it lets the next one wait, and only then looks around; so no change is ever missed.
4. A set that says already what a new one would say stays.
5. Where people have spent certificates of the help pages' probe, that set gets others.
6. If the kernel is still finding out whether an address is this machine's alone, it does all that once more.
"""

import fcntl
import os
from time import monotonic, sleep

from dotlocal.core.errors import Absent, Refused
from dotlocal.core.findings import ERROR
from dotlocal.core.template import Template
from dotlocal.core.window import Window, instant
from dotlocal.device import boot, probe, surroundings
from dotlocal.device.boot import Options
from dotlocal.device.kept import lasts
from dotlocal.device.plan import Plan, plan
from dotlocal.device.settings import Settings
from dotlocal.device.store import OWNED, Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.watch.schedule import MOST_WAIT_SECONDS, QUIET_SECONDS
from dotlocal.host import files
from dotlocal.host.clock import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PROBE_SECONDS = 4.0  # duplicate address detection takes about two (RFC 4862 5.4)
_LOOK_SECONDS = 0.2


class Turn:
    """The one call that may wait, while at most one other is at work; by flock on a file in the run directory.

    A call that comes in vain leaves an octet in the file, by which the one that waits knows that changes go on.
    """

    __slots__ = ("_descriptor", "_path", "again", "helps", "idle")

    def __init__(self, run: Run) -> None:
        self.again = False  # an address was being probed when this turn ended, just before the look around
        self.idle = False  # it was found out that there is nothing to do
        self.helps = False  # and the set that stays is one with help pages
        self._path = os.path.join(run.path, "waiting")
        self._descriptor = -1

    def taken(self) -> bool:
        """Whether it is ours now. Refuses `file-unwritable`."""
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._descriptor, 0)
        except BlockingIOError:
            self._leave_word()
            return False
        except OSError as error:
            raise Refused("file-unwritable", f"{self._path} can't be written: {error.strerror}") from None
        return True

    def wait(self) -> None:
        """Until nobody has come for a moment, and no longer than a second in all."""
        begun, calls = monotonic(), 0
        while monotonic() - begun < MOST_WAIT_SECONDS:
            sleep(QUIET_SECONDS)
            before, calls = calls, os.fstat(self._descriptor).st_size
            if calls == before:
                return

    def over(self) -> None:
        """Let somebody else wait; to be called just before the look around, and more than once if need be."""
        if self._descriptor < 0:
            return
        os.close(self._descriptor)
        self._descriptor = -1
        self.again = surroundings.settling()

    def _leave_word(self) -> None:
        try:
            os.write(self._descriptor, b".")
        except OSError:
            pass  # no room for an octet: it will look a moment too soon
        os.close(self._descriptor)
        self._descriptor = -1

    def kept(
        self, state: State, run: Run, template: Template, settings: Settings, around: Surroundings, reading: Reading
    ) -> "dict[str, Any]":
        """The status of the current set, when it stays; else nothing."""
        report = _current(run)
        hint = state.hint() if settings.browser_time else None
        planned = plan(template, settings, around, reading, state.floor(), hint)
        own: dict[str, Any] = {"served": "vendor"}
        if os.path.isdir(state.file(OWNED)):
            from dotlocal.device.owned import serving  # devices with something of their customer's, and no others

            chosen = serving.choose(state, settings, around, planned, reading)
            chosen.tell(own)
            planned = chosen.issuer_plan if chosen.issuer else planned
        if settings.helps and own["served"] == "vendor" and not os.path.exists(os.path.join(run.current, probe.ROOT)):
            return {}  # help pages were switched on since
        reader, problem = boot.reader_of(settings.group)
        planned.findings += [problem] if problem else []  # told already, and no better for a new set
        if report and not _given_to(run, reader):
            return {}
        try:
            if not report or not same(report, planned, template) or _slots(report) != _slots(own):
                return {}
        except (KeyError, TypeError, ValueError):  # somebody else's idea of a status
            return {}
        boot.save_floor(state, planned)
        self.idle = True
        self.helps = settings.helps
        return report


def main(options: Options) -> int:
    """Run the command; exit status as for `boot`. A failure also stands in the status: nobody reads a hook's stderr."""
    run = Run(options.run)
    first = not run.has_current()
    turn = Turn(run)
    code = _once(options, run, turn)
    if first or not turn.again:  # the first boot puts nothing off; what comes later has a hook of its own
        return code
    begun = monotonic()
    while surroundings.settling() and monotonic() - begun < _PROBE_SECONDS:
        sleep(_LOOK_SECONDS)
    return _once(options, run, Turn(run))


def same(report: "dict[str, Any]", planned: Plan, template: Template) -> bool:
    """Whether the set that the report is about is what a boot would make now, with a third of its life left. Pure.

    KeyError, TypeError and ValueError say that it is no such report.
    """
    window, wanted = Window(instant(report["not_before"]), instant(report["not_after"])), planned.window
    lengths = [each.not_after - each.not_before for each in (window, wanted)]
    return (
        sorted(report["names"]) == sorted(name.text for name in planned.names)
        and sorted(report["addresses"]) == sorted(address.text for address in planned.addresses)
        and [each["value"] for each in report["left_out"]] == [each.value for each in planned.left_out]
        and report["device_ca"]["serial"] == f"{template.issuer_serial:x}"
        and report["clock"]["quality"] == planned.clock.quality
        and {each["code"] for each in report["findings"] if each["severity"] == ERROR}
        == {each.code for each in planned.findings if each.severity == ERROR}
        and (lengths[0] == lengths[1] or window.not_after == wanted.not_after)
        and lasts(window, planned)
    )


def _slots(report: "dict[str, Any]") -> "dict[str, Any]":
    """What is served, and how the customer's slots stand; not how long a probation still has."""
    own = {name: each for name, each in report.get("own", {}).items() if isinstance(each, dict) and "state" in each}
    return {"": report["served"], **{name: (each["state"], each.get("serial")) for name, each in own.items()}}


def _given_to(run: Run, group: "int | None") -> bool:
    """Whether the current set is for that group to read, and for no other one: a unit of another user's that starts
    takes it with all of the run directory (RuntimeDirectory=, systemd.exec(5)).
    """
    try:
        found = os.stat(run.current)
    except OSError:
        return False
    return (found.st_gid if found.st_mode & 0o040 else None) == group


def _current(run: Run) -> "dict[str, Any]":
    if not run.has_current():
        return {}
    import json

    try:
        found = json.loads(files.read(os.path.join(run.current, "status.json")))
    except (Refused, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _once(options: Options, run: Run, turn: Turn) -> int:
    try:
        State(options.state).demand_key()  # as `boot` does, before anything is written
        run.make()
        if not turn.taken():
            return 0
        if run.has_current():  # else this is the first boot, which nothing should put off
            turn.wait()
        report = boot.boot(options, turn)
        if turn.helps:
            from dotlocal.device import refill  # devices with help pages, and no others

            refill.refill(options)
    except Refused as refused:
        if not isinstance(refused, Absent):
            from dotlocal.device.fallback import tell_failure

            tell_failure(run, refused, boot.hint_of(refused))
        return boot.refuse(refused, as_json=options.json)
    finally:
        turn.over()
    return 0 if turn.idle and not options.json else boot.told(report, options)
