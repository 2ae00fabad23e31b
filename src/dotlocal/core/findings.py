# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Findings: named, coded observations by lint, verify, boot and doctor."""

NOTE = "note"
WARNING = "warning"
ERROR = "error"


class Finding:
    """One observation. `code` is stable and listed in docs/codes.md; `hint` says who must do what, or is empty."""

    __slots__ = ("code", "hint", "message", "severity", "subject")

    def __init__(self, code: str, severity: str, subject: str, message: str, *, hint: str = "") -> None:
        self.code = code
        self.severity = severity
        self.subject = subject
        self.message = message
        self.hint = hint

    def __repr__(self) -> str:
        return f"Finding({self.code}, {self.severity}, {self.subject}: {self.message})"


class LeftOut:
    """A wanted name that is not in the certificate: its text, its kind (`dns` or `ip`), and why."""

    __slots__ = ("code", "kind", "reason", "value")

    def __init__(self, value: str, kind: str, code: str, reason: str) -> None:
        self.value = value
        self.kind = kind
        self.code = code
        self.reason = reason

    def __repr__(self) -> str:
        return f"LeftOut({self.value}: {self.code})"


def worst(findings: "list[Finding]") -> str:
    """The gravest severity among the findings; `note` when there are none."""
    severities = {finding.severity for finding in findings}
    return ERROR if ERROR in severities else WARNING if WARNING in severities else NOTE
