"""What a test on the booted machine tells when it fails: what was there then, and what the units had said."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from booted import Machine

_LEFT = (
    "systemctl list-units 'dotlocal*' --all --plain --no-legend; ip -brief address; "
    "ls -lanR /run/dotlocal /var/lib/dotlocal; openssl x509 -noout -text -in /run/dotlocal/current/fullchain.pem; "
    "journalctl --no-pager --output=short-precise --unit='dotlocal*' --lines=100"
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    machine = getattr(item, "funcargs", {}).get("machine")
    if report.failed and isinstance(machine, Machine):
        report.sections.append(("the machine", machine("sh", "-c", _LEFT)))
    return report
