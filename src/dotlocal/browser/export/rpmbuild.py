"""Running rpmbuild, where it is installed: the format has no other writer that distributions vouch for."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from dotlocal.browser.export import rpm
from dotlocal.browser.export.handout import File, Handout
from dotlocal.core.errors import Absent, Refused

_PATIENCE_SECONDS = 60
_SAME_OCTETS = {  # what would otherwise differ between two builds, and a compression that every rpm reads
    "_buildhost": "localhost", "use_source_date_epoch_as_buildtime": "1", "clamp_mtime_to_source_date_epoch": "1",
    "source_date_epoch_from_changelog": "0", "_binary_payload": "w9.gzdio", "_build_id_links": "none",
    "debug_package": "%{nil}",
}  # fmt: skip


def build(handout: Handout) -> File:
    """The package. Refuses `rpmbuild-missing`, with nothing to look at, and `rpmbuild-failed` with its last words."""
    command = shutil.which("rpmbuild")
    if command is None:
        raise Absent(
            "rpmbuild-missing", "there is no rpmbuild here, so the .rpm was left out",
            hint="install rpm-build (Fedora, SUSE) or rpm (Debian) and export again, or build the spec elsewhere",
        )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="dotlocal-rpm-") as top:
        for file in rpm.files(handout):
            (Path(top) / Path(file.path).name).write_bytes(file.contents)
        defined = {"_topdir": top, "_sourcedir": top, "_rpmdir": top, "_tmppath": top, **_SAME_OCTETS}
        words = [command, "-bb", "--quiet"]
        for name, value in defined.items():
            words += ["--define", f"{name} {value}"]
        # a home without ~/.rpmmacros: whoever builds must not change what is built
        environment = {
            "PATH": os.environ.get("PATH", os.defpath), "HOME": top, "LC_ALL": "C",
            "SOURCE_DATE_EPOCH": str(handout.date),
        }  # fmt: skip
        words.append(str(Path(top) / f"{handout.entry}.spec"))
        said = _run(words, environment, top)
        made = sorted(Path(top).rglob("*.noarch.rpm"))
        if len(made) != 1:
            raise Refused("rpmbuild-failed", f"rpmbuild made no package: {said[-400:].strip()}")
        return rpm.built(handout, made[0].read_bytes())


def _run(words: list[str], environment: dict[str, str], folder: str) -> str:
    try:
        done = subprocess.run(
            words, env=environment, cwd=folder, capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL, timeout=_PATIENCE_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused("rpmbuild-failed", f"rpmbuild did not end well: {error}") from None
    return done.stdout + done.stderr
