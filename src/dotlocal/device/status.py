# Boot path: no typing, dataclasses, enum, re or json at run time.
"""status.json: what is served, until when, what was left out and why. Written by boot, read by everybody."""

from dotlocal.core.findings import ERROR, NOTE, Finding
from dotlocal.core.template import Template
from dotlocal.core.window import rfc3339
from dotlocal.device.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1


def of(plan: Plan, template: Template, *, serial: int, names_serial: int) -> "dict[str, Any]":
    """The status of a set that was made: `serial` of fullchain.pem, `names_serial` of names.pem."""
    return {
        "schema": SCHEMA,
        "issued": rfc3339(plan.issued),
        "serial": f"{serial:x}",
        "names_serial": f"{names_serial:x}",
        "not_before": rfc3339(plan.window.not_before),
        "not_after": rfc3339(plan.window.not_after),
        "names": [name.text for name in plan.names],
        "addresses": [address.text for address in plan.addresses],
        "left_out": [
            {"value": each.value, "kind": each.kind, "code": each.code, "reason": each.reason} for each in plan.left_out
        ],
        "clock": {
            "quality": plan.clock.quality, "now": rfc3339(plan.clock.now), "floor": rfc3339(plan.clock.floor),
            **_hint(plan), **_known_in(plan),
        },
        "device_ca": {
            "serial": f"{template.issuer_serial:x}", "not_after": rfc3339(template.issuer_window.not_after),
        },
        "served": "vendor",
        "own": {},
        "findings": findings(plan.findings),
    }  # fmt: skip


def _hint(plan: Plan) -> "dict[str, Any]":
    hint = plan.clock.hint
    return {"hint": {"at": rfc3339(hint.moment), "source": hint.source}} if hint else {}


def _known_in(plan: Plan) -> "dict[str, Any]":
    return {} if plan.clock.known_in is None else {"known_in": plan.clock.known_in}


def remarks(report: "dict[str, Any]") -> "list[str]":
    """What a person should know about a report beyond what it names: left-out names and findings, a line each."""
    lines = []
    if (handed := report.get("handover")) and handed["outcome"] == "served":
        lines.append(f"{handed['server']} serves the new certificates, after {handed['after_ms']} ms")
    lines += [f"left out {each['value']}: {each['reason']} ({each['code']})" for each in report["left_out"]]
    for finding in report["findings"]:
        lines.append(f"{finding['severity']}: {finding['message']} ({finding['code']})")
        if finding["hint"]:
            lines.append(f"hint: {finding['hint']}")
    return [printable(line) for line in lines]


def printable(line: str) -> str:
    """The line with an escape for whatever a terminal might obey: host names and file names are other people's."""
    if line.isprintable():
        return line
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)


def since(report: "dict[str, Any]", now: int, *, waits: bool) -> "list[Finding]":
    """What became of a set since it was made: `set-expired`; and `handover-waiting` where it `waits` for the unit."""
    found = []
    if waits and "handover" not in report:
        found.append(
            Finding(
                "handover-waiting", NOTE, "hand-over", "this set waits to be handed over to the web server",
                hint="`dotlocal device handover` does it; dotlocal-handover.path does it by itself, once it is enabled",
            )
        )  # fmt: skip
    told = [finding["code"] for finding in report["findings"]]
    if report["not_after"] >= rfc3339(now) or "ca-expired" in told:
        return found
    message = f"what is served ended {report['not_after']}, and by the clock it is {rfc3339(now)}"
    found.append(
        Finding(
            "set-expired", ERROR, "server certificate", message,
            hint="`dotlocal device boot` makes a new set; see why nothing has done that before",
        )
    )  # fmt: skip
    return found


def findings(found: "list[Finding]") -> "list[dict[str, str]]":
    """Findings as data."""
    return [
        {"code": f.code, "severity": f.severity, "subject": f.subject, "message": f.message, "hint": f.hint}
        for f in found
    ]


def encode(value: "Any", indent: str = "\n") -> str:
    """JSON of plain values, one key a line, without importing `json`."""
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{encode(key)}: {encode(item, deeper)}" for key, item in value.items()]
        return "{" + deeper + ("," + deeper).join(items) + indent + "}" if items else "{}"
    if isinstance(value, list):
        items = [encode(item, deeper) for item in value]
        return "[" + deeper + ("," + deeper).join(items) + indent + "]" if items else "[]"
    if not isinstance(value, str):
        return str(value)
    if value.isascii() and value.isprintable():
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    import json  # somebody's odd host name, not an everyday boot

    return json.dumps(value)
