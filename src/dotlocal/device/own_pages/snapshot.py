"""What the pages say about the device, of one moment."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.device.acme.steps import Acme
from dotlocal.device.owned import pending, proposal, slots
from dotlocal.device.owned.awaited import Awaited
from dotlocal.device.owned.pending import Pending
from dotlocal.device.owned.steps import Owned
from dotlocal.device.web import hosts
from dotlocal.host import files


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`report` is status.json, or empty before the first boot; `left` the seconds of probation; `until` tells one
    probation from another; `awaited` is what the connection that confirms must have been given.
    """

    report: dict[str, Any]
    left: int = 0
    until: int = 0
    awaited: Awaited = field(default_factory=Awaited)
    previous: bool = False
    issuer: bool = False
    anchor: bool = False
    request: Pending | None = None
    issuer_request: Pending | None = None
    findings: tuple[dict[str, str], ...] = ()
    answers: tuple[str, ...] = ()
    acme: dict[str, Any] = field(default_factory=dict)

    @property
    def served(self) -> str:
        """`certificate`, `issuer`, `vendor`, or nothing before the first boot."""
        return str(self.report.get("served", ""))

    @property
    def own(self) -> dict[str, Any]:
        """The slots that hold something, by name."""
        told: dict[str, Any] = self.report.get("own", {})
        return told

    @property
    def on_probation(self) -> bool:
        """Whether something waits to be confirmed."""
        return self.left > 0 and "candidate" in self.own

    @property
    def probation(self) -> str:
        """A name for what is on probation that nothing else ever has."""
        return f"{self.own['candidate']['serial']}@{self.until}" if self.on_probation else ""

    @property
    def hosts(self) -> list[hosts.Host]:
        """What the served certificate holds for, but for names that stand for many."""
        texts = [*self.report.get("names", ()), *self.report.get("addresses", ())]
        return [host for host in map(hosts.of, map(str, texts)) if host]

    @property
    def known(self) -> frozenset[str]:
        """Every name that the device goes by, served or left out."""
        left_out = [each["value"] for each in self.report.get("left_out", ()) if each["kind"] == "dns"]
        parsed = [host.text for host in map(hosts.of, map(str, left_out)) if host]
        return frozenset((*(host.text for host in self.hosts), *self.report.get("names", ()), *parsed, *self.answers))


def take(owned: Owned) -> Snapshot:
    """Look at the slots and at the current set."""
    status, report = owned.status(), _report(owned)
    candidate = _or_none(lambda: owned.slots.held(slots.CANDIDATE))
    probation = candidate.probation if candidate else None
    return Snapshot(
        report, left=status["left"], until=probation.until if probation else 0,
        awaited=_or_none(owned.awaited) or Awaited(), previous=bool(status["previous"]),
        issuer="issuer" in status["own"], anchor=_or_none(owned.anchor) is not None,
        request=_or_none(lambda: pending.load(owned.slots)),
        issuer_request=_or_none(lambda: pending.load(owned.slots, pending.ISSUER_SLOT)),
        findings=tuple(status["findings"]), answers=tuple(_or_none(owned.answers) or ()),
        acme=_or_none(Acme(owned.options, read_clock=owned.read_clock).status) or {"set_up": False},
    )  # fmt: skip


def asked(waiting: Pending) -> list[str]:
    """What a waiting request asks for, as a person reads it."""
    if waiting.names or waiting.addresses:
        return [*(each.text for each in waiting.names), *(each.text for each in waiting.addresses)]
    return proposal.spoken(proposal.asked(waiting.request))


def _report(owned: Owned) -> dict[str, Any]:
    try:
        report = json.loads(files.read(os.path.join(owned.run.current, "status.json")))
    except (Refused, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def _or_none(look: Any) -> Any:
    try:
        return look()
    except Refused:
        return None
