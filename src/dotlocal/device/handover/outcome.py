"""What came of a hand-over, and what a person should know about it. Pure."""

from __future__ import annotations

from dotlocal.core.findings import ERROR, NOTE, WARNING, Finding
from dotlocal.device.handover.proof import serial_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dotlocal.device.handover.offered import OfferedSet

SERVED, NOT_RUNNING, SUPERSEDED, FAILED = "served", "not-running", "superseded", "failed"
CODES = _FAILED, _NOT_RUNNING, _ONE, _SUPERSEDED = (
    "handover-failed", "handover-not-running", "handover-one-certificate", "handover-superseded",
)  # fmt: skip


class Outcome:
    """What came of a hand-over: the certificates (DER) served without and with a name, after how many milliseconds."""

    __slots__ = ("after_ms", "hint", "outcome", "reason", "served", "served_by_name", "server")

    def __init__(self, server: str) -> None:
        self.server = server
        self.outcome = FAILED
        self.served = self.served_by_name = b""
        self.after_ms = 0
        self.reason = self.hint = ""

    def as_status(self) -> dict[str, Any]:
        """The key `handover` of status.json."""
        return {
            "server": self.server,
            "outcome": self.outcome,
            "serial_served": serial_of(self.served),
            "names_serial_served": serial_of(self.served_by_name),
            "after_ms": self.after_ms,
            "reason": self.reason,
        }

    def findings(self, new: OfferedSet | None) -> list[Finding]:
        """What a person should know: `handover-failed`, `handover-superseded`, `handover-not-running`,
        `handover-one-certificate`.
        """
        if self.outcome == FAILED:
            hint = (
                self.hint or "the certificates are in run/current; mend the cause, and run `dotlocal device handover`"
            )
            return [Finding(_FAILED, ERROR, self.server, f"not handed over to {self.server}: {self.reason}", hint=hint)]
        if self.outcome == SUPERSEDED:
            message = f"a newer set came while {self.server} was told of this one, and is handed over instead"
            return [Finding(_SUPERSEDED, NOTE, self.server, message)]
        if self.outcome == NOT_RUNNING:
            why = f": {self.reason}" if self.reason else ""
            message = f"{self.server} is not running{why}; it reads the new set when it starts"
            return [Finding(_NOT_RUNNING, NOTE, self.server, message)]
        if new and self.served == new.names_only != new.with_addresses:
            message = f"{self.server} serves names.pem also to browsers that open an address, which then refuse"
        elif new and self.served_by_name == new.with_addresses != new.names_only:
            message = f"{self.server} serves fullchain.pem to everybody; some clients refuse it (docs/adr/0005)"
        else:
            return []
        hint = f"`dotlocal device install --server {self.server}` prints a configuration that serves both"
        return [Finding(_ONE, WARNING, self.server, message, hint=hint)]
