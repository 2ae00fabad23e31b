# Boot path: no typing, dataclasses, enum, re or json at run time.
"""status.json: what is served, until when, what was left out and why. Written by boot, read by everybody."""

from dotlocal.core.findings import Finding
from dotlocal.core.template import Template
from dotlocal.core.window import rfc3339
from dotlocal.device.plan import Plan

try:
    from _json import encode_basestring_ascii as _quoted
except ImportError:  # no C accelerator in this Python
    from json.encoder import py_encode_basestring_ascii as _quoted  # type: ignore[no-redef]

SCHEMA = 1


def of(plan: Plan, template: Template, *, serial: int, names_serial: int) -> "dict[str, object]":
    """The status of a set that was made: `serial` of fullchain.pem, `names_serial` of names.pem."""
    return {
        "schema": SCHEMA,
        "issued": rfc3339(plan.clock.now),
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
        },
        "device_ca": {
            "serial": f"{template.issuer_serial:x}", "not_after": rfc3339(template.issuer_window.not_after),
        },
        "findings": findings(plan.findings),
    }  # fmt: skip


def findings(found: "list[Finding]") -> "list[dict[str, str]]":
    """Findings as data."""
    return [
        {"code": f.code, "severity": f.severity, "subject": f.subject, "message": f.message, "hint": f.hint}
        for f in found
    ]


def encode(value: object, indent: str = "\n") -> str:
    """JSON of plain values, one key a line, without importing `json`."""
    deeper = indent + " "
    if isinstance(value, dict):
        items = [f"{_quoted(key)}: {encode(item, deeper)}" for key, item in value.items()]
        return "{" + deeper + ("," + deeper).join(items) + indent + "}" if items else "{}"
    if isinstance(value, list):
        items = [encode(item, deeper) for item in value]
        return "[" + deeper + ("," + deeper).join(items) + indent + "]" if items else "[]"
    return str(value) if isinstance(value, int) else _quoted(value)
