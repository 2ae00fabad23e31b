"""Handing a new set over to the web server, and proving it: who connects afterwards is served the new certificates.

1. load the set, and check that key and certificates go together     2. tell the server, through its adapter
3. connect, naming a host and naming none, until it serves that set  4. put the outcome into the status

Imported only where `[handover]` is configured. Whatever happens here, the set in run/current stays. One hand-over at a
time, and no boot waits for its end: the set's folder is locked, for which a boot puts its own set off by moments
(`store.Run.publish`); a set that is no longer current is given up for the one that is.
"""

from __future__ import annotations

import os
from importlib import import_module
from time import monotonic, sleep

from dotlocal.core.errors import Refused
from dotlocal.device import status
from dotlocal.device.handover import offered, proof
from dotlocal.device.handover.offered import OfferedSet
from dotlocal.device.handover.outcome import CODES, FAILED, NOT_RUNNING, SERVED, SUPERSEDED, Outcome
from dotlocal.device.handover.patience import begin, left
from dotlocal.device.handover.servers import Server, row_of
from dotlocal.host import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotlocal.device.settings import Settings
    from dotlocal.device.store import Run

_FIRST_PAUSE, _MOST_PAUSE = 0.02, 0.5
_LOOKS, _MOST_LOOKS, _LOOK_PAUSE = 4, 16, 0.08  # old and new workers accept side by side for a moment (nginx: 0.1 s)
_LOCK_SECONDS = 10


def hand_over(report: dict[str, Any], settings: Settings, run: Run, *, started: bool = False) -> dict[str, Any]:
    """Hand the current set over as `[handover]` says; returns `report` with `handover` and its findings, which are in
    status.json as well. Never raises for what the server, the network or the disk do.

    `started`: the server may have started since then, and isn't told of a set that it serves already.
    """
    outcome = Outcome(settings.handover.get("server", ""))
    new = None
    try:
        server = Server(settings.handover, settings.handover_command)
        with _turn(run, server):
            new = offered.load(run)
            if proof.serial_of(new.with_addresses) != report["serial"]:
                outcome.outcome = SUPERSEDED  # before its turn came
            else:
                name = report["names"][0] if report["names"] else None
                with files.Lock(new.folder, _LOCK_SECONDS, folder=True):
                    carry_out(server, new, name, outcome, started=started)
    except Refused as refused:
        outcome.reason, outcome.hint = f"{refused}", refused.hint
    except OSError as error:
        outcome.reason = f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror or error}"
    except ValueError as error:  # a NUL in a command or a path
        outcome.reason = f"{error}"
    if outcome.outcome == FAILED and new and not new.is_current():
        outcome.outcome = SUPERSEDED
    kept = [finding for finding in report["findings"] if finding["code"] not in CODES]
    told = {**report, "handover": outcome.as_status()}
    told["findings"] = kept + status.findings(outcome.findings(new))
    _save(told, new)
    return told


def carry_out(server: Server, new: OfferedSet, name: str | None, outcome: Outcome, *, started: bool = False) -> None:
    """Tell the server and wait for the proof, into `outcome`; within `seconds`. Raises what its adapter does."""
    adapter = import_module(f"dotlocal.device.handover.{row_of(server.name).module}")
    began = begin(server)
    # Where its ports are held by somebody else, that they are listened on says nothing.
    if not adapter.running(server) and (
        hasattr(adapter, "HELD") or not proof.listens(server.connect, left(server, proof.SECONDS))
    ):
        outcome.outcome = NOT_RUNNING
        if not hasattr(adapter, "HELD"):
            host, port = server.connect
            outcome.reason = f"nothing listens at {host} port {port}"
        return
    # Told again halfway: a signal that comes while the server is still starting is lost.
    for deadline in (began + server.seconds / 2, began + server.seconds):
        if not started or not _look(server, new, name, outcome):
            adapter.tell(server, new)
        since = _proven(server, new, name, outcome, deadline)
        outcome.after_ms = int(((since or monotonic()) - began) * 1000)
        if since:
            outcome.outcome, outcome.reason = SERVED, ""
            return
        if not new.is_current() or monotonic() >= began + server.seconds:
            return


def _proven(server: Server, new: OfferedSet, name: str | None, outcome: Outcome, deadline: float) -> float | None:
    """Since when every look has shown the new certificates; None when there weren't enough of them in time, or others
    are current by now. Each time that others come between, twice as many are wanted: of two servers at one port (an old
    process that was left behind) it is chance who answers.
    """
    pause, since, looks, wanted = _FIRST_PAUSE, 0.0, 0, _LOOKS
    while new.is_current():
        if _look(server, new, name, outcome):
            looks += 1
            since = since or monotonic()
            if looks == wanted:
                return since
            sleep(_LOOK_PAUSE)
            continue
        if looks:
            wanted = min(wanted * 2, _MOST_LOOKS)
        since, looks = 0.0, 0
        if monotonic() + pause > deadline:
            if wanted == _MOST_LOOKS:
                outcome.hint = "some connections get the new ones: another process serves at that port, too; end it"
            return None
        sleep(pause)
        pause = min(pause * 2, _MOST_PAUSE)
    return None


def _look(server: Server, new: OfferedSet, name: str | None, outcome: Outcome) -> bool:
    host, port = server.connect
    try:
        outcome.served = proof.served(server.connect, None, left(server, proof.SECONDS))
        by_name = proof.served(server.connect, name, left(server, proof.SECONDS)) if name else outcome.served
        outcome.served_by_name = by_name
    except OSError as error:
        outcome.reason = f"no TLS at {host} port {port}: {error.strerror or error}"
        outcome.hint = "look whether it runs and serves there; handover.connect says where"
        return False
    for got, wanted in ((outcome.served, new.with_addresses), (by_name, new.names_only)):
        if got not in (new.with_addresses, new.names_only):
            serials = proof.serial_of(got) or "none that can be read", proof.serial_of(wanted)
            outcome.reason = f"{host} port {port} serves certificate {serials[0]}, not {serials[1]}"
            outcome.hint = ""
            return False
    return True


def _save(told: dict[str, Any], new: OfferedSet | None) -> None:
    # Into the set that was handed over, and only if that is the one the report is about: another boot may have come.
    if new is None or proof.serial_of(new.with_addresses) != told["serial"]:
        return
    try:
        place = os.open(new.folder, files.FOLDER_ITSELF)
        try:
            files.write("status.json", (status.encode(told) + "\n").encode(), place=place)
        finally:
            os.close(place)
    except (OSError, Refused):
        pass  # a user who may read the set and not write it; the outcome is on stderr


def _turn(run: Run, server: Server) -> files.Lock:
    run.allow_handover()
    # the one before may be at its server's last second; it gives up as soon as it sees that this set is current
    return files.Lock(run.handover_lock, server.seconds + _LOCK_SECONDS)
