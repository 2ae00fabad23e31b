"""The computer whose stores are looked at, as a value: whose it is, where its folders are, and how its programs run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from dotlocal.host.commands import Programs, Runner

# where the tools of stores are, also for people whose PATH has no sbin
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True, slots=True)
class Machine:
    """`system` as Python's `sys.platform`; `below` a folder that stands for `/`, in tests of other systems."""

    system: str
    home: str
    root: bool
    run: Runner
    environment: Mapping[str, str] = field(default_factory=dict)
    below: str = ""

    @classmethod
    def here(cls) -> Machine:
        """This computer, and the person who asks."""
        home = os.path.expanduser("~")
        path = os.pathsep.join((os.environ.get("PATH", os.defpath), *(_SBIN if sys.platform != "win32" else ())))
        return cls(sys.platform, home, _is_root(), Programs(home, path), dict(os.environ))

    def path(self, absolute: str) -> str:
        """A path of the system."""
        return self.below + absolute

    def at_home(self, *parts: str) -> str:
        """A path below the home folder."""
        return os.path.join(self.home, *parts)

    def xdg(self, name: str, default: str) -> str:
        """A folder of the XDG base directory specification: absolute, or the default below home. Root that acts for a
        person has that person's, and doesn't go there.
        """
        named = self.environment.get(name, "")
        return named if os.path.isabs(named) and not self.by_sudo else self.at_home(default)

    @property
    def by_sudo(self) -> bool:
        """Whether root acts for a person, whose browsers have their stores elsewhere."""
        return self.root and self.environment.get("SUDO_UID", "0") != "0"

    @property
    def home_is_another_persons(self) -> bool:
        """Whether files made here would be root's in somebody's home (`sudo` that keeps HOME)."""
        try:
            return self.root and self.system != "win32" and os.stat(self.home).st_uid != os.geteuid()
        except OSError:
            return False


def _is_root() -> bool:
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return os.geteuid() == 0
