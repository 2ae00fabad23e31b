"""The folder of the current set, for whoever reads what another user may have put there. No TLS: status asks too."""

from __future__ import annotations

import os
from contextlib import contextmanager

from dotlocal.core.errors import Absent, Refused
from dotlocal.host import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dotlocal.device.store import Run


@contextmanager
def current(run: Run) -> Iterator[tuple[str, int]]:
    """The folder of the current set, and its descriptor. Below the run directory alone, and through no link: root may
    be handing over what another user has put there. Refuses `no-set` and `set-unreadable`.
    """
    try:
        name = os.readlink(run.current)
    except FileNotFoundError:
        raise Absent("no-set", f"{run.current} does not exist", hint="`dotlocal device boot` makes it") from None
    except OSError as error:
        raise Refused("set-unreadable", f"{run.current} can't be read: {error.strerror}") from None
    folder = os.path.join(run.path, name)
    if os.path.basename(name) != name:
        raise Refused("set-unreadable", f"{run.current} leads out of {run.path}", hint="see who has changed it")
    try:
        place = os.open(folder, files.FOLDER_ITSELF)
    except OSError as error:
        raise unreadable(f"{folder} can't be read: {error.strerror}") from None
    try:
        yield folder, place
    finally:
        os.close(place)


def unreadable(message: str) -> Refused:
    """What to raise where a set can't be read."""
    return Refused("set-unreadable", message, hint="hand over as root, or as a user in the group of device.toml")
