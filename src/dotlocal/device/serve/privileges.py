# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""Giving up root, for good."""

from __future__ import annotations

import posix as os
import pwd

from dotlocal.core.errors import Refused


def drop_to(user: str) -> None:
    """Become `user` with that user's groups, and make sure that there is no way back.

    Nothing is done when the process is that user already. Refuses `no-such-user`, `user-is-root`, `cannot-change-user`
    (not started as root), and `privileges-kept` if the system did not do as it said.
    """
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise Refused("no-such-user", f"there is no user {user}") from None
    if entry.pw_uid == 0:
        raise Refused("user-is-root", f"user {user} is root, which is what was to be given up")
    if os.getresuid() == (entry.pw_uid,) * 3:
        return
    # Groups first: once the user is changed, the right to change groups is gone (setuid(2), initgroups(3)).
    try:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    except OSError as error:
        message = f"can't change from user {os.geteuid()} to {user}: {(error.strerror or '').lower()}"
        raise Refused("cannot-change-user", message, hint="start as root, or as that user") from None
    groups = set(os.getgrouplist(user, entry.pw_gid))
    as_told = os.getresuid() == (entry.pw_uid,) * 3 and os.getresgid() == (entry.pw_gid,) * 3
    if not as_told or not groups.issuperset(os.getgroups()) or _can_return():
        raise Refused("privileges-kept", f"the system still lets this process act as root after changing to {user}")


def _can_return() -> bool:
    try:
        os.setresuid(-1, 0, -1)
    except OSError:
        return False
    return True
