"""Other ACME servers play the customer's CA: Caddy's, OpenBao's, and acme2certifier, which has renewal information."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from acme_servers import acme2certifier, caddy, openbao
from customers import NAME as CUSTOMER_NAME
from customers import Customer, accepted, week_without
from plants import ADDRESS, NAME, Device, inside, names_of

from dotlocal.device.acme.job import RENEWED
from namespaces import Host

pytestmark = pytest.mark.xdist_group("acme")  # one story and one plant for all

SERVERS = {"caddy": caddy, "openbao": openbao, "acme2certifier": acme2certifier}

NO_ROLL_OVER = {"caddy": "acme-not-implemented", "openbao": "acme-not-implemented"}  # and goes on with the old key


@pytest.mark.parametrize("name", ["caddy", "openbao", pytest.param("acme2certifier", marks=pytest.mark.long)])
def test_issued_renewed_and_rolled_over(name: str, device: Device, plant: Host, tmp_path: Path) -> None:
    """By name and by address where the CA does both; renewed; the account with a new key; renewed again."""
    with SERVERS[name](tmp_path / name, host=ADDRESS, inside=tuple(plant.inside()), names=(NAME,)) as server:
        assert server.log
        done = device.set_up(server, "--confirm")
        assert done.status == 0, done.err + server.log.read_text()[-2000:]
        assert sorted(names_of(device.leaf)) == [ADDRESS, NAME]
        assert device.refused(server, NAME) == device.refused(server, ADDRESS) == []
        serials = {device.leaf.serial_number}
        for words in (["--renew", "--now"], ["--rollover-key"], ["--renew", "--now"]):
            done = device.acme(*words)
            wanted = NO_ROLL_OVER.get(name, "") if words == ["--rollover-key"] else ""
            assert done.code == wanted, done.err + server.log.read_text()[-2000:]
            serials.add(device.leaf.serial_number)
        assert len(serials) == 3
        assert device.status["failures"] == 0


def test_renewal_information_is_heeded(device: Device, plant: Host, tmp_path: Path) -> None:
    """acme2certifier suggests the second half of 30 days: a moment in it is chosen, told, and asked about again in an
    hour; a suggestion that has come moves the renewal to now.
    """
    with acme2certifier(tmp_path / "a2c", host=ADDRESS, inside=tuple(plant.inside()), names=(NAME,)) as server:
        assert device.set_up(server, "--confirm").status == 0
        first, report = device.leaf, device.status
        suggested = report["suggested"]
        assert suggested["start"] <= report["renew_at"] <= suggested["end"]
        assert report["next_in"] <= 3600, "it looks again before"
        _backdate(device, 3601)
        done = device.acme("--renew")
        assert "not to be renewed yet" in done.err, done.err
        assert device.leaf.serial_number == first.serial_number
    with acme2certifier(
        tmp_path / "a2c", host=ADDRESS, inside=tuple(plant.inside()), names=(NAME,), now=True
    ) as server:
        assert server.log
        _backdate(device, 7 * 3600)  # nothing is renewed twice within six hours
        done = device.acme("--renew")
        assert "issued and installed" in done.err, done.err + server.log.read_text()[-3000:]
        assert device.leaf.serial_number != first.serial_number


def _backdate(device: Device, seconds: int) -> None:
    """As if the record had been written so many seconds earlier."""
    from dotlocal.device.acme.standing import load
    from dotlocal.device.store import State

    record = load(State(str(device.folder / "state")))
    record.uptime -= seconds
    record.moment -= seconds
    record.look_at -= seconds
    record.last_success -= seconds
    (device.folder / "state/owned/acme-record").write_text(record.dump())


def test_a_week_without_caddy(plant: Host, tmp_path: Path) -> None:
    """Its certificates live for twelve hours, so one ends meanwhile: tried again all the time, and renewed when Caddy
    is back, which kept its CA and the account.
    """
    customer = Customer(tmp_path)
    place: dict[str, Any] = {"host": ADDRESS, "inside": tuple(plant.inside()), "names": (CUSTOMER_NAME,)}

    def play() -> None:
        with caddy(tmp_path / "caddy", **place) as server:
            customer.set_up(server, listen=":80")
            customer.attempt()
            account = customer.store.account().url
        week_without(customer)
        with caddy(tmp_path / "caddy", **place) as server:
            assert customer.attempt() == RENEWED
            assert accepted(customer.chain, server.root.read_bytes(), CUSTOMER_NAME)
        assert customer.store.account().url == account

    inside(plant, play)
