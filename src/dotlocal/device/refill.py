# Boot path of devices with help pages: no typing, dataclasses, enum, re or json at run time.
"""New certificates for the probe of the help pages, in place of those that somebody has spent (docs/adr/0015).

The process that faces the network holds no CA key and writes nothing. It asks by a lock: it holds the batch's mark,
which it may read, from the first spent certificate on. Whoever may sign finds the lock held, and adds a batch to the
current set, ten minutes after the one before at the earliest; the old one is removed.

1. `due`: is it asked for, and when may it be?     2. the plan of a boot     3. eight certificates, a key of their own
4. into the folder of the current set, the mark last     5. the batch before goes
"""

import fcntl
import os

from dotlocal.core.errors import Absent, Refused
from dotlocal.device import boot, probe, surroundings
from dotlocal.device.boot import Options
from dotlocal.device.plan import plan
from dotlocal.device.store import OWNED, Run, State
from dotlocal.host import clock, files

SECONDS = 600  # from one batch to the next: strangers can have the device sign so often, and no oftener
_LOCK_SECONDS = 10


class Batch:
    """The batch of the current set: its folder, the number of its first certificate, and its mark, open."""

    __slots__ = ("descriptor", "first", "folder")

    def __init__(self, run: Run) -> None:
        """Raises OSError where there is none."""
        name = os.readlink(run.current)
        if not name.startswith("set-") or "/" in name:  # the owner of the run directory must not lead root elsewhere
            raise FileNotFoundError(name)
        self.folder = os.path.join(run.path, name)
        self.first = probe.first(os.listdir(self.folder))
        self.descriptor = os.open(os.path.join(self.folder, probe.mark(self.first)), os.O_RDONLY | os.O_NOFOLLOW)

    def close(self) -> None:
        """Let go of the mark."""
        os.close(self.descriptor)

    def asked(self) -> bool:
        """Whether somebody holds the mark."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        return False

    def wait(self, uptime: int) -> "int | None":
        """Seconds until the next batch may be made, if one is asked for, or None."""
        if not self.asked():
            return None
        made = os.pread(self.descriptor, 32, 0).strip()
        passed = uptime - int(made) if made.isdigit() else SECONDS
        return 0 if passed < 0 else max(SECONDS - passed, 0)  # below zero: a run directory that outlived a restart


def due(run: Run) -> bool:
    """Whether a new batch is asked for, and may be made now."""
    try:
        batch = Batch(run)
    except OSError:
        return False
    try:
        return batch.wait(clock.uptime()) == 0
    finally:
        batch.close()


def refill(options: Options) -> bool:
    """Make a new batch for the current set, if one is due; whether one was made. Refuses as a boot does."""
    state, run = State(options.state), Run(options.run)
    if not due(run):
        return False
    with files.Lock(run.lock, _LOCK_SECONDS):
        if not due(run):
            return False  # somebody was faster
        key = state.key()
        settings, _ = boot.read_settings(state, options)
        template = boot.usable_template(state, key)
        around, reading = surroundings.look(), clock.read()
        hint = state.hint() if settings.browser_time else None
        planned, own = plan(template, settings, around, reading, state.floor(), hint), None
        if os.path.isdir(state.file(OWNED)):
            from dotlocal.device.owned import serving  # devices with something of their customer's, and no others

            own = serving.choose(state, settings, around, planned, reading)
            if own.issuer:
                key, template, planned = own.issuer_key, own.issuer.template, own.issuer_plan
        if not settings.helps or (own and own.certificate) or not (planned.names or planned.addresses):
            return False  # a boot is about to find that out as well
        _replace(run, boot.for_help_pages(key, template, planned, state, own, made=reading.uptime))
    return True


def _replace(run: Run, texts: "dict[str, str]") -> None:
    try:
        batch = Batch(run)
    except OSError as error:
        raise Absent("no-set", f"{run.current} has no probe: {error.strerror}") from None
    try:
        new = probe.renumbered(texts, batch.first + probe.CERTIFICATES)
        here = os.stat(batch.folder)
        group, secret = (here.st_gid, 0o640) if here.st_mode & 0o040 else (None, 0o600)
        contents = {name: (text.encode(), secret if "PRIVATE KEY" in text else 0o644) for name, text in new.items()}
        place = os.open(batch.folder, files.FOLDER_ITSELF)
        try:
            for name in contents:
                files.remove(name, place=place)  # without a mark: what a full disk or a kill has left, shown to nobody
            files.write_set(batch.folder, contents, group=group)
            for name in (probe.mark(batch.first), *map(probe.file, probe.numbers(batch.first))):
                os.unlink(name, dir_fd=place)
        finally:
            os.close(place)
    except OSError as error:
        raise Refused("file-unwritable", f"{batch.folder} can't be written: {error.strerror}") from None
    finally:
        batch.close()
