"""A device of the story whose certificates are handed over."""

from __future__ import annotations

import grp
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from folders import Folders
from told import Told


@dataclass
class Device(Folders):
    """press-07, with a device.toml that each test writes anew."""

    told: Told
    path: Path

    def configure(self, handover: str = "") -> None:
        """Names, an address, the group of the web servers, and how to hand over."""
        self.config.write_text(
            f'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\n{group_setting()}{handover}'
        )

    def boot(self, *, fine: bool = True) -> dict[str, Any]:
        words = [*self.told.boot_words("07"), "--json"]
        done = self.told.command.ok(*words) if fine else self.told.command(*words)
        report: dict[str, Any] = json.loads(done.out)
        return report

    def hand_over(self, *, status: int = 0) -> dict[str, Any]:
        done = self.told.command("device", "handover", "--json", "--config", self.config, "--run", self.run)
        assert done.status == status, done
        report: dict[str, Any] = json.loads(done.out)
        return report


def group_setting() -> str:
    try:
        grp.getgrnam("www-data")
    except KeyError:
        return ""
    return 'group = "www-data"\n' if os.geteuid() == 0 else ""
