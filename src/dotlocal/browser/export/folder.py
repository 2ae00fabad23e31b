"""Writing an export: a new folder appears whole; one of ours is brought up to date; somebody else's is left alone.

A file is ours if the folder's manifest names it with what it holds, or if it holds what is about to be written: so an
export that was cut short is finished by the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from errno import EEXIST, ENOTEMPTY

from dotlocal.browser.export.making import MANIFEST, SCHEMA
from dotlocal.core.errors import Refused
from dotlocal.host import files

Contents = Mapping[str, tuple[bytes, int]]
_MOST_FOUND = 2000  # files that are looked at, and how much is read of each
_MOST_OCTETS = 16 << 20
_MOST_SHOWN = 3
_LOCK_SECONDS = 5.0
_MOST_PREFIX = 100  # a name has 255 octets


def write(path: str, contents: Contents, *, force: bool = False) -> list[str]:
    """Write the files; returns those that an earlier export had left and this one does not have, which are removed.

    Refuses `export-foreign` for a folder with files that aren't ours, before anything is written; with `force` they
    stay, unless they have the name of one that is written. Refuses `file-unwritable`, and `busy` while another export
    writes there.
    """
    path = os.path.realpath(path)
    if not os.path.lexists(path) or (os.path.isdir(path) and not os.listdir(path)):
        _appear(path, contents)
        return []
    if not os.path.isdir(path):
        raise Refused("file-unwritable", f"{path} is no folder")
    with files.Lock(path, _LOCK_SECONDS, folder=True) if sys.platform != "win32" else nullcontext():
        return _bring_up_to_date(path, contents, force=force)


def _bring_up_to_date(path: str, contents: Contents, *, force: bool) -> list[str]:
    found, known = _found(path), _known(path)
    foreign = [name for name in found if not _ours(path, name, known, contents)]
    if foreign and not force:
        shown = ", ".join(foreign[:_MOST_SHOWN]) + (" and more" if len(foreign) > _MOST_SHOWN else "")
        raise Refused(
            "export-foreign", f"{path} holds what no export has put there: {shown}",
            hint="name an empty folder, or one of an earlier export; --force writes between them",
        )  # fmt: skip
    stale = [name for name in found if name not in contents and name in known and name not in foreign]
    _update(path, contents, stale)
    return stale


def _appear(path: str, contents: Contents) -> None:
    above, name = os.path.split(path)
    files.folder(above)
    try:
        # of a name that nobody knows before, and closed: in a folder like /tmp others could have put a link there
        temporary = tempfile.mkdtemp(prefix=f".{name[:_MOST_PREFIX]}.", suffix=".tmp", dir=above)
    except OSError as error:
        raise Refused("file-unwritable", f"{path} can't be written: {error.strerror}") from None
    try:
        _below(temporary, contents)
        os.chmod(temporary, _usual_mode())
        os.rename(temporary, path)
        files.sync_folder(above)
    except OSError as error:
        if error.errno in (ENOTEMPTY, EEXIST):
            raise Refused("busy", f"another export has just made {path}", hint="look at it, and try again") from None
        raise Refused("file-unwritable", f"{path} can't be written: {error.strerror}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _usual_mode() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return 0o777 & ~umask


def _update(path: str, contents: Contents, stale: list[str]) -> None:
    for name in (*(each for each in contents if each != MANIFEST), *stale):
        folder = os.path.join(path, os.path.dirname(name))
        if os.path.realpath(folder) != os.path.normpath(folder):
            raise Refused("export-foreign", f"{folder} leads somewhere else", hint="name an empty folder")
    # The manifest last: until then the old one tells what was ours.
    _below(path, {name: value for name, value in contents.items() if name != MANIFEST})
    for name in stale:
        files.remove(os.path.join(path, name))
        try:
            os.removedirs(os.path.join(path, os.path.dirname(name)))
        except OSError:
            pass  # there is more in it
    _below(path, {MANIFEST: contents[MANIFEST]} if MANIFEST in contents else {})


def _below(path: str, contents: Contents) -> None:
    for name, (data, mode) in contents.items():
        target = os.path.join(path, name)
        files.folder(os.path.dirname(target))
        files.write(target, data, mode=mode)


def _found(path: str) -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        inside = [*names, *(each for each in folders if os.path.islink(os.path.join(folder, each)))]
        found += [os.path.relpath(os.path.join(folder, name), path) for name in inside]
        if len(found) > _MOST_FOUND:
            raise Refused(
                "export-foreign", f"{path} holds thousands of files", hint="name an empty folder",
            )  # fmt: skip
    return sorted(found)


def parse_manifest(data: bytes) -> dict[str, str]:
    """Which files a manifest names, and the SHA-256 of what each holds; nothing if it is none of ours."""
    try:
        manifest = json.loads(data)
        if manifest["schema"] != SCHEMA:
            return {}
        return {str(file["path"]): str(file["sha256"]) for file in manifest["files"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}


def _known(path: str) -> dict[str, str]:
    try:
        return parse_manifest(files.read(os.path.join(path, MANIFEST), most=_MOST_OCTETS))
    except Refused:
        return {}


def _ours(path: str, name: str, known: Mapping[str, str], contents: Contents) -> bool:
    whole = os.path.join(path, name)
    if os.path.islink(whole) or not os.path.isfile(whole):
        return False
    if known and name in (MANIFEST, "SHA256SUMS"):
        return True
    if name.endswith(".tmp") and os.path.basename(name).startswith("."):
        return True  # of an export that was cut short
    try:
        data = files.read(whole, most=_MOST_OCTETS)
    except Refused:
        return False
    if name in contents and contents[name][0] == data:
        return True
    return known.get(name) == hashlib.sha256(data).hexdigest()
