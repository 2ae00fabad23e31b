"""IMITATES Windows for the installed command: a Python that lacks what Windows' Python lacks, and shell scripts in
place of certutil.exe and powershell.exe. It proves that the command starts and finds its way, and nothing of Windows.
"""

from __future__ import annotations

import os
from pathlib import Path

_SITE = """
import ctypes, os, sys, types

for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "chown", "fchmod", "fchown", "getegid", "geteuid", "getgid", "getuid",
    "memfd_create", "mkfifo", "sync",
):
    if hasattr(os, name):
        delattr(os, name)
import shutil, socket, sqlite3, ssl, subprocess, tempfile  # before the platform changes: these are Linux's, and stay so

sys.platform = "win32"
ctypes.windll = types.SimpleNamespace(shell32=types.SimpleNamespace(IsUserAnAdmin=lambda: 0))
"""
_CERTUTIL = """#!/bin/sh
[ "$1" = -user ] && shift
case $1 in
-addstore) cp "$3" "{store}/$(sha1sum "$3" | cut -d' ' -f1)" ;;
-delstore) rm "{store}/$3" ;;
esac
echo "CertUtil: $1 command completed successfully."
"""
_POWERSHELL = """#!/bin/sh
for each in "{store}"/*; do [ -e "$each" ] && base64 -w0 "$each" && printf '\\r\\n'; done
exit 0
"""


def imitate(folder: Path) -> tuple[Path, dict[str, str]]:
    """The folder that stands for the person's root store, and the environment for the command."""
    store = folder / "store"
    store.mkdir()
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(_SITE)
    for name, script in (
        ("certutil.exe", _CERTUTIL), ("WindowsPowerShell\\v1.0\\powershell.exe", _POWERSHELL),
    ):  # fmt: skip
        program = Path(f"{folder}{os.sep}Windows\\System32\\{name}")  # to Linux the backslashes are part of the name
        program.write_text(script.format(store=store))
        program.chmod(0o755)
    return store, {"PYTHONPATH": str(folder / "site"), "SYSTEMROOT": f"{folder}{os.sep}Windows"}
