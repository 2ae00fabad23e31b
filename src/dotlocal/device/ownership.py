# Boot path of root on another user's state: no typing, dataclasses, enum, re or json at run time.
"""Root on a state that belongs to another user: it becomes that user before it reads or writes anything in there.

So no link that the owner plants leads root anywhere, and what root has written the owner can read (docs/adr/0022).

1. the run directory is made and given to the owner, where only root can     2. can the owner reach what a boot needs?
3. groups, group, user: for good
"""

import os
import sys
from stat import S_ISVTX, S_IWGRP, S_IWOTH

from dotlocal.core.errors import Refused
from dotlocal.host import files
from dotlocal.host.privileges import Acting, User, drop_to

_MOST_LINKS = 40  # as the kernel's own (path_resolution(7))


def become(state: str, run: str, config: str) -> None:
    """Become the owner of the folder `state`, who must be able to read `config`, if there is one; the folder `run`, if
    one is named, is made where root alone can. Refuses `run-other-owner`, `owner-shut-out`, `cannot-change-user` and
    `privileges-kept`.
    """
    user = User.owner(os.stat(state))
    if run:
        _give(run, user)
    with Acting(user):
        for path in (state, config, sys.executable, os.__file__, __file__):
            _reach(path, user)
    drop_to(user)


def _reach(path: str, user: User) -> None:
    # Said while this process is still root: what it says may have to be imported first.
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except PermissionError:
        raise Refused(
            "owner-shut-out", f"{path} is closed to user {user.name}, whom the state belongs to",
            hint="open it, and the folders above it, to that user; or give state and run to root",
        ) from None  # fmt: skip
    except OSError:
        pass  # not there for root either


def _give(path: str, user: User) -> None:
    """Make the run directory, or take the empty one of root's that a unit has made, and give it to the user."""
    folder = _of_root_alone(os.path.abspath(path))
    if folder is None:
        return  # the user makes it then, or is refused
    try:
        owner = os.fstat(folder).st_uid
        if owner == 0 and not os.listdir(folder):
            os.fchown(folder, user.uid, user.gid)
        elif owner != user.uid:
            raise Refused(
                "run-other-owner", f"{path} belongs to user {owner}, and the state to user {user.name}",
                hint=f"chown -R {user.name}: {path}",
            )  # fmt: skip
    except OSError as error:
        raise Refused("file-unwritable", f"{path} can't be given to {user.name}: {error.strerror}") from None
    finally:
        os.close(folder)


def _of_root_alone(path: str) -> "int | None":
    """A descriptor of the folder, made where it is missing; None when anybody but root could have put it there, or a
    folder or link on the way to it.
    """
    names, links = path.split("/")[::-1], 0
    place = os.open("/", files.FOLDER_ITSELF)
    while names:
        name, below = names.pop(), None
        if not name:
            continue
        if _closed(place):
            target = _link(place, name) if links < _MOST_LINKS else ""
            if target:  # /var/run
                links += 1
                names += target.split("/")[::-1]
                below = os.open("/", files.FOLDER_ITSELF) if target.startswith("/") else os.dup(place)
            else:
                below = _below(place, name)
        os.close(place)
        if below is None:
            return None
        place = below
    return place


def _closed(place: int) -> bool:
    """Whether root alone can change what is in a folder; of a sticky one, what is root's."""
    found = os.fstat(place)
    return found.st_uid == 0 and (not found.st_mode & (S_IWGRP | S_IWOTH) or found.st_mode & S_ISVTX != 0)


def _link(place: int, name: str) -> str:
    """What a link of root's leads to; nothing for what is no link, or anybody else's."""
    try:
        found = os.lstat(name, dir_fd=place)
        # one that has another name too may have been brought here by anybody
        return os.readlink(name, dir_fd=place) if found.st_uid == 0 and found.st_nlink == 1 else ""
    except OSError:
        return ""


def _below(place: int, name: str) -> "int | None":
    made = False
    try:
        os.mkdir(name, 0o700, dir_fd=place)
        made = True
    except OSError:
        pass  # it is there, or is found not to be
    try:
        below = os.open(name, files.FOLDER_ITSELF, dir_fd=place)
    except OSError:
        return None
    if made:
        os.fchmod(below, 0o755)
    return below
