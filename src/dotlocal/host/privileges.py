# Serve path, and boot path of root on another user's state: no dataclasses, typing, enum, re or json at run time.
"""Giving up root: for good, or for as long as another user's folder is read and written."""

from __future__ import annotations

import posix as os
import pwd

from dotlocal.core.errors import Refused

_NOGROUP = 65534  # the kernel's overflow group (proc_sys_kernel(5)), which no file is given to


class User:
    """Whom a process can become: `uid`, `gid` and `groups` by number, and a `name` to speak of."""

    __slots__ = ("gid", "groups", "name", "uid")

    def __init__(self, uid: int, gid: int, groups: list[int], name: str) -> None:
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.name = name

    @classmethod
    def named(cls, name: str) -> User:
        """By name; refuses `no-such-user`."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise Refused("no-such-user", f"there is no user {name}") from None
        return cls._of(entry)

    @classmethod
    def owner(cls, found: os.stat_result) -> User:
        """Whom a folder belongs to. One without an entry in passwd, as images have them, is in the folder's group."""
        try:
            return cls._of(pwd.getpwuid(found.st_uid))
        except KeyError:
            gid = found.st_gid or _NOGROUP  # root's group is no ordinary user's
            return cls(found.st_uid, gid, [gid], f"{found.st_uid}")

    @classmethod
    def _of(cls, entry: pwd.struct_passwd) -> User:
        groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
        return cls(entry.pw_uid, entry.pw_gid, groups, entry.pw_name)


def name_of(uid: int) -> str:
    """What people call the user; the number of one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"{uid}"


def drop_to(user: User) -> None:
    """Become `user` with that user's groups, and make sure that there is no way back.

    Nothing is done when the process is that user already. Refuses `user-is-root`, `cannot-change-user` (not started as
    root), and `privileges-kept` if the system did not do as it said.
    """
    if user.uid == 0:
        raise Refused("user-is-root", f"user {user.name} is root, which is what was to be given up")
    if os.getresuid() == (user.uid,) * 3:
        return
    # Groups first: once the user is changed, the right to change groups is gone (setuid(2), setgroups(2)).
    try:
        os.setgroups(user.groups)
        os.setgid(user.gid)
        os.setuid(user.uid)
    except OSError as error:
        raise _refused(user, error) from None
    as_told = os.getresuid() == (user.uid,) * 3 and os.getresgid() == (user.gid,) * 3
    if not as_told or not {*user.groups, user.gid}.issuperset(os.getgroups()) or _can_return():
        message = f"the system still lets this process act as root after changing to {user.name}"
        raise Refused("privileges-kept", message)


def _can_return() -> bool:
    try:
        os.setresuid(-1, 0, -1)
    except OSError:
        return False
    return True


class Acting:
    """A context in which root acts as `user` and can go back. Nothing where there is nobody to act as.

    For reading and writing files alone: a program that is run in here is given the way back as well.
    """

    __slots__ = ("_gid", "_groups", "_user")

    def __init__(self, user: User | None) -> None:
        self._user = user
        self._gid = os.getegid()
        self._groups = os.getgroups() if user else []

    @classmethod
    def as_owner_of(cls, folder: str) -> Acting:
        """As the owner of a folder, where root would be in another user's."""
        try:
            found = os.stat(folder)
        except OSError:
            return cls(None)  # whoever reads in there will say so
        return cls(User.owner(found) if os.geteuid() == 0 and found.st_uid else None)

    def __enter__(self) -> Acting:
        """Refuses `cannot-change-user`."""
        if self._user:
            try:
                os.setgroups(self._user.groups)
                os.setegid(self._user.gid)
                os.seteuid(self._user.uid)
            except OSError as error:
                self.__exit__()
                raise _refused(self._user, error) from None
        return self

    def __exit__(self, *exception: object) -> None:
        if self._user:
            os.seteuid(0)
            os.setegid(self._gid)
            if os.getgroups() != self._groups:  # or the power was lacking, and nothing has changed
                os.setgroups(self._groups)


def _refused(user: User, error: OSError) -> Refused:
    message = f"can't change from user {os.geteuid()} to {user.name}: {(error.strerror or '').lower()}"
    return Refused("cannot-change-user", message, hint="start as root, or as that user")
