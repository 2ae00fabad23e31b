# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Where a device keeps what: the state directory, which lasts, and the run directory, which is made at boot."""

import posix as os

from dotlocal.core import template
from dotlocal.core.errors import Absent, Refused
from dotlocal.core.template import Template, seal, unseal
from dotlocal.device import CONFIG as CONFIG
from dotlocal.device import RUN as RUN
from dotlocal.device import STATE as STATE
from dotlocal.device.time import Floor, Hint
from dotlocal.host import files, keys, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.host.keys import SigningKey

_FLOOR_HEADING = "dotlocal floor 1"
_HINT_HEADING = "dotlocal time hint 1"
_NO_BOOT_ID = "-"
# What a reset does with the files of the state; what is in neither list is somebody else's, and is left alone.
KEPT = ("device-ca.key", "request.pem", "birth.pem", "template", "floor", "pin-refused")
SERVER_KEYS = ("kept-known", "kept-unknown")  # of `keep_while_unchanged`, by the clock that they were made by
DROPPED = (*SERVER_KEYS, "settings", "hint")
_READING_SECONDS = 3  # within which a server that was told of a set has read it
OWNED = "owned"  # a folder: the customer's own certificate


class State:
    """The state directory. Reading refuses what is damaged by name; what can be made again is then made again."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def file(self, name: str) -> str:
        """The path of one of its files: device-ca.key, request.pem, birth.pem, template, settings, floor …"""
        return paths.join(self.path, name)

    def has(self, name: str) -> bool:
        """Whether the file is there and not empty: a power cut may leave a name without contents. Refuses
        `file-unreadable`.
        """
        try:
            return os.stat(self.file(name)).st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise Refused("file-unreadable", f"{self.file(name)} can't be read: {error.strerror}") from None

    def of_another_user(self) -> bool:
        """Whether this is root, and the state is another user's. One look at the folder, and for root alone."""
        try:
            return os.geteuid() == 0 and os.stat(self.path).st_uid != 0
        except OSError:
            return False  # what isn't there yet is whoever's who makes it

    def act_as_owner(self, run: "Run | None" = None, config: str = "") -> None:
        """Have root become the owner of the state, for good, where that is another user; to be called before anything
        in state or run is read or written. A `run` that root alone can make is made. Refuses as `ownership.become`.
        """
        if self.of_another_user():
            from dotlocal.device import ownership  # who boots every day is the owner

            ownership.become(self.path, run.path if run else "", config)

    def ours(self, name: str) -> bool:
        """Whether this process may do what the file says: root takes no orders from one that is another user's."""
        try:
            return os.geteuid() != 0 or os.stat(self.file(name)).st_uid == 0
        except OSError:
            return False

    def text(self, name: str) -> str:
        """A file as text; refuses `file-missing`, `file-unreadable` and `file-damaged`."""
        try:
            return files.read(self.file(name)).decode()
        except UnicodeDecodeError:
            raise Refused("file-damaged", f"{self.file(name)} is not text") from None

    def demand_key(self) -> None:
        """Refuses `no-state` where nothing has been made yet."""
        if not self.has("device-ca.key"):
            raise Absent(
                "no-state", f"{self.path} has no device CA key",
                hint="`dotlocal device init` makes one; --state names another place",
            )  # fmt: skip

    def key(self) -> "SigningKey":
        """The device CA's key, wherever it lives."""
        self.demand_key()
        text = self.text("device-ca.key")
        if text.startswith("-----BEGIN "):
            return keys.read_pem(text)
        from dotlocal.host import custody  # sealed or in a token: a plain file's boot doesn't pay for it

        return custody.load(text, self.file("device-ca.key"))

    def template(self) -> Template:
        """The prepared server certificate; refuses `template-damaged`."""
        try:
            return template.load(self.text("template"))
        except (Refused, KeyError, ValueError):
            raise Refused(
                "template-damaged", f"{self.file('template')} is missing or damaged",
                hint="`dotlocal device adopt BIRTH.pem` prepares it again",
            ) from None  # fmt: skip

    def adoption(self) -> "tuple[int, int] | None":
        """What is another one after each adoption of a birth record, or None while one is under way."""
        try:
            found = os.stat(self.file("template"))
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def floor(self) -> "Floor | None":
        """The saved time, or None when there is none that can be read."""
        try:
            (line,) = unseal(self.text("floor"), _FLOOR_HEADING, "floor-damaged")
            moment, uptime, boot_id = line.split()
            return Floor(int(moment), int(uptime), "" if boot_id == _NO_BOOT_ID else boot_id)
        except (Refused, ValueError):
            return None

    def save_floor(self, floor: Floor) -> None:
        """Save the time; refuses `file-unwritable`."""
        line = f"{floor.moment} {floor.uptime} {floor.boot_id or _NO_BOOT_ID}"
        self._write("floor", seal([_FLOOR_HEADING, line]))
        files.sweep(self.path)  # at most once a day: what power cuts have left must not add up

    def hint(self) -> "Hint | None":
        """The time that somebody handed over, or None when there is none that can be read."""
        try:
            (line,) = unseal(self.text("hint"), _HINT_HEADING, "hint-damaged")
            moment, uptime, boot_id, source = line.split()
            return Hint(int(moment), int(uptime), boot_id, source)
        except (Refused, ValueError):
            return None

    def save_hint(self, hint: Hint) -> None:
        """Save a time that was handed over; refuses `file-unwritable`."""
        line = f"{hint.moment} {hint.uptime} {hint.boot_id} {hint.source}"
        self._write("hint", seal([_HINT_HEADING, line]))

    def _write(self, name: str, text: str) -> None:
        files.write(self.file(name), text.encode(), mode=0o600, owner=files.owner_of(self.path))

    def forget_server_keys(self) -> None:
        """Destroy what `keep_while_unchanged` kept; a state that can't be written keeps it."""
        for name in SERVER_KEYS:
            if self.has(name):
                try:
                    files.destroy(self.file(name))
                except Refused:
                    pass  # read-only by now; tried again when the settings are next read


class Run:
    """The run directory: sets of files, one of them the current one."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def make(self) -> None:
        """Make the directory, if it isn't there; refuses `file-unwritable`. Root refuses another user's, whose links
        could lead it anywhere (`run-other-owner`).
        """
        try:
            owner = os.stat(self.path).st_uid
        except OSError:
            files.folder(self.path)
            return
        if owner and os.geteuid() == 0:
            raise Refused(
                "run-other-owner", f"{self.path} belongs to user {owner}, and the state does not",
                hint="give state and run to the same user",
            )  # fmt: skip

    @property
    def current(self) -> str:
        """The link to the current set."""
        return paths.join(self.path, "current")

    @property
    def lock(self) -> str:
        """Held while a set is made."""
        return paths.join(self.path, "lock")

    @property
    def handover_lock(self) -> str:
        """Held while a web server is told of a set, for as long as that takes; no boot waits for it."""
        return paths.join(self.path, "handover")

    def allow_handover(self) -> None:
        """Make its lock, for whoever owns the run directory: root may come first, and isn't the only one to hold it.
        Refuses `file-unwritable`.
        """
        if paths.exists(self.handover_lock):
            return
        flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self.handover_lock, flags, 0o600)
        except FileExistsError:
            return  # somebody was faster
        except OSError as error:
            raise Refused("file-unwritable", f"{self.handover_lock} can't be written: {error.strerror}") from None
        try:
            os.fchown(descriptor, os.stat(self.path).st_uid, -1)
        except OSError:
            pass  # a root without that power
        finally:
            os.close(descriptor)

    @property
    def handover_due(self) -> str:
        """There while a set waits to be handed over by whoever is to do that: `handover.when = "asked"`.

        A file, and not the change of one: what comes while a hand-over is running is due after it.
        """
        return paths.join(self.path, "handover-due")

    @property
    def changed(self) -> str:
        """Written when somebody has changed the customer's own certificate and booted: see `look_at`."""
        return paths.join(self.path, "own")

    def look_at(self) -> "float | None":
        """The moment (of `time.monotonic`) when that will change again by itself, or None."""
        try:
            return float(files.read(self.changed, 64))
        except (Refused, ValueError):
            return None

    def tell_change(self, look_at: "float | None") -> None:
        """Tell a watching process; refuses `file-unwritable`."""
        files.write(self.changed, b"" if look_at is None else b"%.1f\n" % look_at)

    def has_current(self) -> bool:
        """Whether a complete set is there to go on with."""
        return paths.exists(paths.join(self.current, "fullchain.pem"))

    def publish(self, name: str, contents: "dict[str, tuple[bytes, int]]", *, group: "int | None") -> None:
        """Write a set (file name to contents and mode), whole, and make it the current one; refuses `file-unwritable`.

        The set before it stays for whoever is reading it; older ones are removed.
        """
        folder = paths.join(self.path, name)
        try:
            os.mkdir(folder, 0o700)
            files.write_set(folder, contents, group=group)
            before = self._named()
            if before:
                self.wait_for_readers(before)
            files.switch(self.current, name)
        except OSError as error:
            if self._named() != name:
                self._drop(folder)  # a watching device tries for years
            raise Refused("file-unwritable", f"{folder} can't be written: {error.strerror}") from None
        self._sweep(keep=(name, before))

    def _named(self) -> str:
        return os.readlink(self.current) if paths.islink(self.current) else ""

    def wait_for_readers(self, name: str) -> None:
        """Give a server that is being told of this set the time to read it, a few seconds and no more.

        One that reads while the link moves gets one set's key and the next one's chain; Apache ends over that.
        """
        try:  # whoever hands a set over locks its folder
            with files.Lock(paths.join(self.path, name), _READING_SECONDS, folder=True):
                pass
        except Refused:
            pass

    def _sweep(self, keep: "tuple[str, str]") -> None:
        try:
            names = os.listdir(self.path)
        except OSError:
            return  # a failing disk: the new set is current, which is what counts
        for name in names:
            if name.startswith("set-") and name not in keep:
                self._drop(paths.join(self.path, name))
            elif name.endswith(".tmp"):
                files.remove(paths.join(self.path, name))

    def _drop(self, folder: str) -> None:
        try:
            # not the one that a server is being told of; and by descriptor, for links could lead root elsewhere
            with files.Lock(folder, 0, folder=True) as held:
                for file in os.listdir(held.descriptor):
                    os.unlink(file, dir_fd=held.descriptor)
                os.rmdir(folder)
        except (OSError, Refused):
            return  # somebody's leftovers in our folder: not worth a boot
