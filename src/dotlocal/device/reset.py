"""`device reset`: back to what the factory made, for the next owner; and `--scrap`: the end of a device's key.

A reset that was cut short is repeated; each step leaves a device that boots. What is destroyed is overwritten first,
as far as the medium lets a program do that.
"""

from __future__ import annotations

import os
from binascii import Error, a2b_base64
from dataclasses import dataclass, field
from stat import S_ISLNK

from dotlocal.core import der
from dotlocal.core.errors import Absent, Refused
from dotlocal.device.store import DROPPED, KEPT, OWNED, Run, State
from dotlocal.host import custody, files

_LOCK_SECONDS = 10
_FLASH = "flash may keep copies of what was overwritten, out of every program's reach"


@dataclass
class Report:
    """What became of the files: names relative to the state, or to the run directory where they start with `run/`."""

    kept: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def reset(state: State, run: Run) -> Report:
    """Drop what the owner and the boots have added; keep the device CA, its birth record and what belongs to them.

    `left` names what is nobody's that we know. Refuses `no-state`, `busy` and `file-unwritable`.
    """
    if not state.has("device-ca.key"):
        raise Absent("no-state", f"{state.path} has no device CA key", hint="there is nothing to reset here")
    run.make()
    with files.Lock(run.lock, _LOCK_SECONDS):
        report = Report(kept=[name for name in KEPT if state.has(name)])
        _drop(state, DROPPED, report)
        report.left = sorted(set(_names(state.path)) - set(KEPT))
        _drop_sets(run, report)
    report.notes = ["device.toml is not in the state, and stays", "`dotlocal device boot` makes new certificates"]
    return report


def reset_settings(state: State, run: Run) -> Report:
    """Forget what follows from settings, and what boots have kept; the customer's own certificate stays, and so does
    what is being served. For a product's "factory settings" button; device.toml is the product's to replace.
    Refuses `no-state`, `busy` and `file-unwritable`.
    """
    if not state.has("device-ca.key"):
        raise Absent("no-state", f"{state.path} has no device CA key", hint="there is nothing to reset here")
    run.make()
    with files.Lock(run.lock, _LOCK_SECONDS):
        report = Report(kept=[name for name in KEPT if state.has(name)])
        _drop(state, DROPPED, report, owned=False)
        report.left = sorted(set(_names(state.path)) - {*KEPT, OWNED})
        report.kept += [f"{OWNED}/"] if OWNED in _names(state.path) else []
    report.notes = ["device.toml is not in the state, and stays", "`dotlocal device boot` makes new certificates"]
    return report


def scrap(state: State, run: Run, serial: str) -> Report:
    """Destroy the device's key and all that belongs to it; `serial` must be this device's serial number.

    Can be repeated when it was cut short, then with any serial number once nothing tells the right one any more.
    Refuses `scrap-other-serial`, `no-state`, `busy`, `file-unwritable`, and what a token refuses.
    """
    ours = {*KEPT, *DROPPED, OWNED}.intersection(_names(state.path))
    if not ours and not any(name.startswith("set-") for name in _names(run.path)):
        raise Absent("no-state", f"{state.path} holds nothing of a device", hint="--state names another place")
    _check_serial(state, serial)
    run.make()
    with files.Lock(run.lock, _LOCK_SECONDS):
        report = Report()
        key = state.file("device-ca.key")
        if state.has("device-ca.key"):
            _end_in_token(state, key)
        # the key first: whatever comes after it, this device can vouch for nothing any more
        _drop(state, (*KEPT, *DROPPED), report)
        report.left = sorted(_names(state.path))
        _drop_sets(run, report)
    report.notes = [_FLASH, "tell the vendor, so that the device CA is revoked and its serial number written off"]
    return report


def _end_in_token(state: State, path: str) -> None:
    try:
        custody.destroy(state.text("device-ca.key"), path)
    except Refused as refused:
        if refused.code not in ("key-damaged", "file-damaged"):
            raise  # the token is away: without it, its key would live on unseen


def _check_serial(state: State, serial: str) -> None:
    told = [contents for contents in (_request(state), _issuer(state)) if contents]
    # looked for as it is encoded, and not parsed: a device may have no X.509 library
    wanted = der.sequence(der.oid("2.5.4.5"), der.printable_string(serial)) if serial.isascii() else None
    if told and not any(wanted is not None and wanted in contents for contents in told):
        raise Refused(
            "scrap-other-serial", f"{serial} is not the serial number of the device in {state.path}; nothing was done",
            hint="it is on the label, and in the device CA's subject",
        )  # fmt: skip


def _request(state: State) -> bytes:
    try:
        return a2b_base64("".join(state.text("request.pem").splitlines()[1:-1]))
    except (Refused, Error):
        return b""


def _issuer(state: State) -> bytes:
    try:
        return state.template().issuer
    except Refused:
        return b""


def _drop(state: State, names: tuple[str, ...], report: Report, *, owned: bool = True) -> None:
    present = _names(state.path)
    leftovers = [name for name in present if name.startswith(".") and name.endswith(".tmp")]
    for name in (*(name for name in names if name in present), *leftovers):
        files.destroy(state.file(name))
        report.dropped.append(name)
    if owned and OWNED in present:
        _drop_folder(state.file(OWNED))
        report.dropped.append(f"{OWNED}/")


def _drop_folder(path: str) -> None:
    """A folder of files and links; one below it is somebody else's, and refused. Where a link is in its place, that
    alone goes: whoever owns the folder above would have root destroy what it leads to.
    """
    try:
        if os.path.islink(path):
            os.unlink(path)
        else:
            place = os.open(path, files.FOLDER_ITSELF)
            try:
                for name in os.listdir(place):
                    found = os.lstat(name, dir_fd=place)
                    # root's in another user's folder: the outcome of a hand-over, which holds no secret
                    if S_ISLNK(found.st_mode) or found.st_uid != os.geteuid() != 0:
                        os.unlink(name, dir_fd=place)
                    else:
                        files.destroy(name, place=place)
            finally:
                os.close(place)
            os.rmdir(path)
        files.sync_folder(os.path.dirname(path))
    except OSError as error:
        raise Refused("file-unwritable", f"{path} can't be removed: {error.strerror}") from None


def _drop_sets(run: Run, report: Report) -> None:
    if os.path.islink(run.current):
        try:
            run.wait_for_readers(os.readlink(run.current))
            os.unlink(run.current)  # first: what is being emptied must not be anybody's current set
            files.sync_folder(run.path)
        except OSError as error:
            raise Refused("file-unwritable", f"{run.current} can't be removed: {error.strerror}") from None
        report.dropped.append("run/current")
    for name in _names(run.path):
        if name.startswith("set-"):
            _drop_folder(os.path.join(run.path, name))
            report.dropped.append(f"run/{name}")


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []
