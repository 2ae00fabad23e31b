"""What the commands of `dotlocal device own` tell: data on stdout, talk on stderr."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dotlocal.cli import terms

if TYPE_CHECKING:
    from dotlocal.core.findings import Finding


def status_lines(report: dict[str, Any]) -> list[str]:
    """`own status`, for people."""
    lines = [f"served      {report['served'] or 'nothing yet'} {report['serial']}".rstrip()]
    for name in ("candidate", "certificate", "issuer"):
        if each := report["own"].get(name):
            names = ", ".join([*each.get("names", ()), *each.get("addresses", ())])
            told = f" for {names}" if names else ""
            until = f", until {each['not_after']}" if "not_after" in each else ""
            lines.append(f"{name:<12}{each['state']}{until}{told}")
    if report["left"]:
        lines.append(f"probation   {report['left']} seconds left to confirm it")
    lines += [f"waiting     {each}" for each in report["waiting"]]
    if acme := report.get("acme"):
        lines.append(f"acme        next attempt {next_attempt(acme)}")
        lines += [f"            {acme['error']['message']} ({acme['error']['code']})"] if acme["error"] else []
    return lines + [f"{each['severity']}: {each['message']} ({each['code']})" for each in report["findings"]]


def next_attempt(report: dict[str, Any]) -> str:
    """When the ACME server is asked again, for people; `report` is the client's status."""
    if report["next_in"] is None:
        return "no attempt: another certificate has taken its place"
    hours, minutes = divmod(report["next_in"] // 60, 60)
    return str(report["next_attempt"] or f"in {hours} h {minutes} min; what time that is, the device does not know")


def judged(options: argparse.Namespace, findings: Sequence[Finding]) -> int:
    """Tell what was found and nothing else was done about; the exit status."""
    if options.json:
        terms.deliver_json({"findings": as_data(findings)})
    say_findings(findings)
    if not findings:
        terms.say("nothing speaks against it")
    return 1 if any(each.severity == "error" for each in findings) else 0


def served(options: argparse.Namespace, report: dict[str, Any], findings: Sequence[Finding]) -> int:
    """Tell what is served by now, and what was found before; the exit status."""
    say_findings(findings)
    if options.json:
        told = {key: report.get(key) for key in ("served", "serial", "not_after", "names", "addresses", "own")}
        terms.deliver_json({**told, "findings": [*as_data(findings), *report["findings"]]})
    say_served(report)
    return 0


def say_served(report: dict[str, Any]) -> None:
    """Say what is served, and for how long it is on probation."""
    names = ", ".join([*report["names"], *report["addresses"]])
    terms.say(f"serves {report['served']} {report['serial']} for {names}, until {report['not_after']}")
    if probation := report.get("own", {}).get("probation"):
        terms.say(f"on probation: it goes back in {probation['seconds']} seconds unless somebody confirms it")
    for each in report["findings"]:
        if each["code"] == "own-unwatched":
            terms.say(f"{each['severity']}: {each['message']} ({each['code']}); {each['hint']}")


def say_findings(findings: Sequence[Finding]) -> None:
    """Say what was found, each with its hint."""
    for each in findings:
        terms.say(f"{each.severity}: {each.message} ({each.code})")
        if each.hint:
            terms.say(f"hint: {each.hint}")


def as_data(findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Findings as in status.json."""
    from dotlocal.device import status

    return status.findings(list(findings))
