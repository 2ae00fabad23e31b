"""The diagnosis for monitoring systems: one line and an exit status, as Nagios, Icinga, Checkmk and others read them.

https://www.monitoring-plugins.org/doc/guidelines.html: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; text, `|`, figures.
"""

from __future__ import annotations

from typing import Any

from dotlocal.browser.telling.words import verdict

_STATES = {"error": (2, "CRITICAL"), "warning": (1, "WARNING"), "note": (0, "OK"), "": (0, "OK")}


def line(report: dict[str, Any], warn_days: int | None) -> tuple[str, int]:
    """The line, and the exit status."""
    status, word = _STATES[report["worst"]]
    first = next((f"{each['message']} ({each['code']})" for each in report["findings"] if status), verdict(report))
    text = f"{word} - {report['target']}: {first}".replace("|", "/")
    if report["days_left"] is None:
        return text, status
    threshold = "" if warn_days is None else str(warn_days)
    return f"{text} | days_left={report['days_left']:.1f};;{threshold}:", status
