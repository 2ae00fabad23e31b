"""Everybody on a network can announce any number of devices, at any number of hosts."""

from __future__ import annotations

from dotlocal.browser import discover
from dotlocal.browser.dns_message import PTR, SRV, A, Record
from dotlocal.browser.mdns import Heard


def test_a_neighbour_who_announces_thousands_of_hosts_is_asked_about_few() -> None:
    """One instance at 4000 hosts, none of which has an address: they are asked about up to a limit."""
    name = f"press.{discover.SERVICE}"
    told = [Record(discover.SERVICE, PTR, target=name)]
    told += [Record(name, SRV, target=f"host-{number}.local", port=443) for number in range(4000)]
    asked: list[tuple[str, int]] = []

    def network(*questions: tuple[str, int], seconds: float, enough: int | None = None) -> list[Heard]:
        asked.extend(questions)
        return [Heard(record, 0) for record in told] if questions[0][1] == PTR else []

    assert len(discover.announced(network)) == discover.MOST_DEVICES
    assert len([name for name, kind in asked if kind == A]) == discover.MOST_DEVICES
