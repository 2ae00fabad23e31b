# Boot path: no typing, dataclasses, enum or re at run time; json only where there is an old status to read.
"""What a boot does instead where it can't do what it is for, and what it says then: with no name left, without a reader
for the key, when it was refused, and when nobody takes its report.
"""

import os
import sys

from dotlocal.core import der
from dotlocal.core.errors import Refused
from dotlocal.core.findings import ERROR, Finding
from dotlocal.core.names import HostName
from dotlocal.core.subtrees import UNCONSTRAINED
from dotlocal.core.template import KEY_ID_SLOT, NAMES_SLOT, Template, certificate
from dotlocal.core.window import Window
from dotlocal.device import boot, status
from dotlocal.device.store import Run
from dotlocal.host import entropy, files, keys
from dotlocal.host.keys import Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAME = "no-name-left.invalid"  # RFC 6761 6.4: can never be the name of anything


def self_signed(window: Window) -> "tuple[int, Key, str]":
    """Serial number, key and certificate (PEM). No browser accepts it, and none should."""
    key = keys.generate()
    serial = entropy.serial_number()
    subject = der.sequence(der.set_of(der.sequence(der.oid("2.5.4.3"), der.utf8_string("no name left"))))
    template = Template(
        profile="server", algorithm="ecdsa-sha256", issuer=subject, issuer_key_id=keys.key_id_of(key),
        issuer_serial=serial, issuer_window=window, permitted=UNCONSTRAINED, extensions=(NAMES_SLOT, KEY_ID_SLOT),
    )  # fmt: skip
    tbs = template.fill(
        serial=serial, window=window, subject=subject, spki=keys.spki_of(key), key_id=keys.key_id_of(key),
        names=[HostName(_NAME)],
    )  # fmt: skip
    return serial, key, keys.write_pem("CERTIFICATE", certificate(tbs, template.algorithm, key.sign(tbs)))


def without_names(report: "dict[str, Any]", window: Window, group: str, run: Run) -> "dict[str, Any]":
    """Go on with the set before, or start the web servers with a self-signed certificate; returns the status, which
    says so.
    """
    if run.has_current():
        return keep_serving(run, report)
    serial, key, chain = self_signed(window)
    report["serial"] = report["names_serial"] = f"{serial:x}"
    boot.publish(run, report, group, boot.set_of(keys.write_pem("PRIVATE KEY", key.pkcs8()), chain, chain))
    return report


def keep_serving(run: Run, report: "dict[str, Any]") -> "dict[str, Any]":
    """The status of the set that stays current, with the clock, the left-out names and the findings of now."""
    now = {name: report[name] for name in ("left_out", "clock", "own", "findings")}
    return _rewrite(run, now) or report


def no_reader(group: str, found: "int | None") -> Finding:
    """Why the group of device.toml gets no key: this system lacks it, or this user may not give it to `found`."""
    if found is None:
        return Finding(
            "group-unknown", ERROR, "device.toml", f"device.toml names the group {group!r}, which this system lacks",
            hint="add the group; until then only the owner of run/current can read it",
        )  # fmt: skip
    from dotlocal.host.privileges import name_of  # this module is at hand in `watch`, for years

    return Finding(
        "group-refused", ERROR, "device.toml",
        f"user {name_of(os.geteuid())} is not in the group {group!r} of device.toml, and can't give it the key",
        hint="name a group of that user's, and add the user that serves to it; until then only the owner can read",
    )  # fmt: skip


def tell_failure(run: Run, refused: Refused, hint: str) -> None:
    """Put into the status of the set that stays current why there is no newer one, and what to do."""
    finding = Finding(refused.code, ERROR, "server certificate", refused.message, hint=hint)
    _rewrite(run, {"findings": status.findings([finding])})


def _rewrite(run: Run, changed: "dict[str, Any]") -> "dict[str, Any]":
    import json

    path = os.path.join(run.current, "status.json")
    try:
        report = {**json.loads(files.read(path)), **changed}
        files.write(path, (status.encode(report) + "\n").encode())
    except (Refused, ValueError):
        return {}  # no set, or a status that can't be read or written: the caller has said it on stderr
    return report


def unreported(error: OSError) -> int:
    """Say that the report could not be written, if anybody still listens; the exit status."""
    if error.errno != 32:  # EPIPE: whoever read it has left
        try:
            sys.stderr.write(f"dotlocal: error: the report could not be written: {error.strerror} (file-unwritable)\n")
        except OSError:
            pass
    return 1
