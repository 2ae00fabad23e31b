# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""`device serve --boot`: a boot in a process of its own, beside the start of the service.

It is forked before anything is read, and is the only one of the two that ever opens the state: the device CA's key is
never in the memory of what faces the network. What the service imports meanwhile, it imports beside the boot.
"""

from __future__ import annotations

import posix as os
import sys

from dotlocal.core.errors import Absent, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ABSENT = 2
_INTERRUPTED = 130  # what a shell calls an end by SIGINT


class BootBeside:
    """A boot that has begun. Whoever began it has to wait for it."""

    __slots__ = ("_pid", "_status")

    def __init__(self, *, state: str, run: str, config: str) -> None:
        """Begins; `config` empty: not said. Refuses `boot-not-begun` where the system has no room for a process."""
        self._status: int | None = None
        try:
            self._pid = os.fork()
        except OSError as error:
            message = f"no process for the boot could be made: {(error.strerror or '').lower()}"
            raise Refused("boot-not-begun", message, hint="see what else runs, and the limits of this user") from None
        if self._pid == 0:
            _boot(state, run, config)

    def status(self) -> int:
        """The exit status as a shell has it, once the boot has ended. What it had to say, it has said by then."""
        if self._status is None:
            try:
                code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            except ChildProcessError:  # it was waited for, and an interrupt came before that was written down
                code = _INTERRUPTED
            self._status = code if code >= 0 else 128 - code
        return self._status

    def warn(self, say: Callable[[str], None], *, has_set: bool) -> None:
        """Wait for its end, and say what a failure means where there is a set to be served all the same; refuses
        `boot-failed` where there is none, as Absent when the boot found nothing to look at.
        """
        status = self.status()
        if not status:
            return
        if not has_set:
            message = f"the boot ended with status {status}, and there is no certificate to serve"
            hint = "mend what the boot has told above"
            if status == _ABSENT:
                raise Absent("boot-failed", message, hint=hint)
            raise Refused("boot-failed", message, hint=hint)
        say(f"warning: the boot ended with status {status}; serving the certificates of run/current")


def _boot(state: str, run: str, config: str) -> None:
    # never returns, and never takes down what the two have in common: buffers, and handlers of the one that serves
    status = 1
    try:
        from dotlocal.device import preload

        preload.load(preload.BOOT)
        from dotlocal.device import boot

        options = boot.Options()
        options.alone = True
        options.run, options.state = run, state or options.state
        if config:
            options.config, options.config_named = config, True
        status = boot.main(options)
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except Exception:
        sys.excepthook(*sys.exc_info())  # a fault of ours, told as `device boot` would
    finally:
        os._exit(status)
