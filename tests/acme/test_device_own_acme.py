"""`device own acme` as it is installed, in a plant of its own: a device at 10.77.0.7, and the customer's Pebble."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from acme_servers import KID, MAC_KEY, AcmeServer, pebble, resolving
from plants import ADDRESS, NAME, PATIENCE, Device, for_everybody, names_of

from installed import PROJECT
from namespaces import Host
from peers.chromium import Chromium
from told import Told

pytestmark = pytest.mark.xdist_group("acme")  # one story and one plant for all


@contextmanager
def served_pebble(plant: Host, folder: Path, **more: Any) -> Iterator[AcmeServer]:
    """Pebble at the device's own address, which asks at the ports that the RFC says."""
    words = tuple(plant.inside())
    with pebble(folder, host=ADDRESS, inside=words, http=80, tls=443, **more) as server:
        got = subprocess.run(
            [*words, "curl", "-sS", "--cacert", str(server.tls_root), f"{server.management}/roots/0"],
            capture_output=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        server.root.write_bytes(got.stdout)
        yield server


@pytest.fixture(scope="module")
def server(plant: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AcmeServer]:
    capricious = {"PEBBLE_WFE_NONCEREJECT": "25", "PEBBLE_AUTHZREUSE": "0"}
    with served_pebble(plant, tmp_path_factory.mktemp("pebble"), environment=capricious) as started:
        yield started


def until(wanted: Callable[[], object], log: Path) -> None:
    """Wait, and show the log when it was in vain."""
    began = time.monotonic()
    while not wanted():
        assert time.monotonic() - began < PATIENCE, log.read_text()
        time.sleep(0.1)


def test_set_up_probation_confirmed_renewed(device: Device, server: AcmeServer) -> None:
    """The first certificate is on probation; confirmed, its renewals need nobody."""
    done = device.set_up(server)
    assert done.status == 0, done.err
    assert device.served["served"] == "certificate"
    assert "probation" in device.served["own"]
    assert sorted(names_of(device.leaf)) == [ADDRESS, NAME]
    first = device.leaf.serial_number
    device("device", "own", "acme", "--renew")
    assert device.leaf.serial_number == first, "nothing was due"
    assert device.set_up(server, "--confirm").status == 0
    assert "probation" not in device.served["own"]
    second = device.leaf.serial_number
    done = device.acme("--renew", "--now", "--json")
    assert done.status == 0, done.err
    assert "probation" not in device.served["own"]
    assert len({first, second, device.leaf.serial_number}) == 3
    assert device.status["next_attempt"] in (device.status["renew_at"], None)  # None: this machine's clock is unknown
    assert device.status["next_in"] > 0


def test_chromium_accepts_the_device_with_the_customers_root_alone(
    device: Device, server: AcmeServer, told: Told
) -> None:
    """Before: refused, by name and by address. After: accepted by both, and the vendor's root is not asked."""
    peer = Chromium()
    if missing := peer.missing():
        pytest.skip(missing)
    www = device.folder / "www"
    www.mkdir()
    (www / "index.html").write_text("<p>press-07")
    try:
        with _serving(device, www) as port:
            before = [peer.visit(server.root, each, port).accepted for each in (NAME, ADDRESS)]
            assert device.set_up(server, "--confirm").status == 0
            after = [peer.visit(server.root, each, port) for each in (NAME, ADDRESS)]
            vendor = peer.visit(told.root, NAME, port)
    finally:
        peer.close()
    assert before == [False, False]
    assert [each.accepted for each in after] == [True, True], after
    assert not vendor.accepted


def test_tls_alpn_through_device_serve(device: Device, server: AcmeServer) -> None:
    """`device serve` has port 443: names and addresses are proved there, and nobody needs port 80."""
    www = device.folder / "www"
    www.mkdir()
    refused = device.set_up(server, "--challenge", "tls-alpn-01")
    assert refused.code == "acme-not-served"
    with device.running("device", "serve", "--listen", ":443", "--folder", str(www)) as serving:
        until(lambda: b"serving https" in (device.folder / "serve.log").read_bytes(), device.folder / "serve.log")
        done = device.set_up(server, "--challenge", "tls-alpn-01", "--confirm")
        assert done.status == 0, done.err + (device.folder / "serve.log").read_text()
        assert serving.poll() is None
    assert sorted(names_of(device.leaf)) == [ADDRESS, NAME]
    assert not (device.folder / "run/acme-tls").exists()


def test_http_where_device_serve_has_port_80(device: Device, server: AcmeServer) -> None:
    """`device serve` has it for its help pages: it answers the challenges as well, and tokens of nobody with 404."""
    www = device.folder / "www"
    www.mkdir()
    log = device.folder / "serve.log"
    with device.running("device", "serve", "--listen", ":443", "--folder", str(www), "--http-listen", ":80"):
        until(lambda: b"serving https" in log.read_bytes(), log)
        done = device.set_up(server, "--confirm")
        assert done.status == 0, done.err + log.read_text()
        asked = f"http://{ADDRESS}/.well-known/acme-challenge/" + "x" * 40
        told = subprocess.run(
            [*device.plant.inside(), "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", asked],
            capture_output=True, check=True, timeout=PATIENCE,
        )  # fmt: skip
        assert told.stdout == b"404"
    assert not (device.folder / "run/acme-http").exists()


def test_as_root_for_a_state_of_another_user(device: Device, server: AcmeServer) -> None:
    """`sudo dotlocal device own acme`: root opens port 80, and everything else is done, and kept, as the state's owner;
    the account is made anew meanwhile, so that the port is used twice.
    """
    device.command = for_everybody(device.command, device.folder / "everybody")
    for name in ("state", "run"):
        subprocess.run(["chown", "-R", "nobody", str(device.folder / name)], check=True)
    for folder in (device.folder, *device.folder.parents):
        if "pytest" in str(folder):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = device.set_up(server, "--confirm")
    assert done.status == 0, done.err
    account = device.folder / "state/owned/acme-account"
    account.write_text(
        json.dumps({**json.loads(account.read_text()), "url": f"{server.directory}/nobody"})
    )  # another server's
    done = device.acme("--renew", "--now")
    assert done.status == 0, done.err
    owners = {path.owner() for path in (device.folder / "state/owned").iterdir()}
    assert owners == {"nobody"}


def test_external_account_key_roll_over_and_end(device: Device, plant: Host, tmp_path: Path) -> None:
    """The key comes from a file; the account gets a new one; it is ended, and everything about it forgotten."""
    with served_pebble(plant, tmp_path / "pebble", eab=True) as server:
        refused = device.set_up(server)
        assert refused.code == "acme-eab-required"
        assert device.acme("--status").code == "acme-not-set-up", "what was refused is not kept"
        (tmp_path / "mac").write_text(MAC_KEY + "\n")
        done = device.set_up(server, "--confirm", "--eab-kid", KID, "--eab-key-file", str(tmp_path / "mac"))
        assert done.status == 0, done.err
        key = (device.folder / "state/owned/acme-account.key").read_text()
        assert device.acme("--rollover-key").status == 0
        assert (device.folder / "state/owned/acme-account.key").read_text() != key
        assert device.acme("--renew", "--now").status == 0
        assert device.acme("--deactivate").status == 0
    left = [path.name for path in (device.folder / "state/owned").iterdir() if path.name.startswith("acme-")]
    assert set(left) <= {"acme-lock"}
    assert device.served["served"] == "certificate", "the certificate is served until its end"


def test_the_walk_of_the_docs(device: Device, plant: Host, tmp_path: Path) -> None:
    """docs/own-acme.md, its commands as they stand: set up, renewed, rolled over, ended."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (PROJECT / "docs/own-acme.md").read_text(), re.M | re.S)
    assert len(blocks) == 3
    places = {f"DOTLOCAL_{name.upper()}": str(device.folder / name) for name in ("state", "run")}
    environment = device.command.env(**places)
    environment["PATH"] = f"{device.command.path.parent}:{environment['PATH']}"
    with served_pebble(plant, tmp_path / "pebble", port=14000, name="ca.customer.test") as server:
        shutil.copy(server.tls_root, tmp_path / "ca-root.pem")
        words = resolving(tmp_path, tuple(plant.inside()), ADDRESS, "ca.customer.test")
        script = [*words, "sh", "-eu", "-c", "\n".join(blocks)]
        walked = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert walked.returncode == 0, walked.stderr
    assert walked.stderr.count("issued and installed") == 2
    assert "the account has a new key" in walked.stderr
    assert device.served["served"] == "certificate"


def test_a_watching_device_renews_by_itself(device: Device, plant: Host, server: AcmeServer, tmp_path: Path) -> None:
    """Due in a few seconds: renewed by a child of `device watch`, and nobody has to confirm. The server away: the old
    certificate stays, the next attempt is planned, status tells both.
    """
    assert device.set_up(server, "--confirm").status == 0
    first, log = device.leaf.serial_number, device.folder / "watch.log"
    with device.running("device", "watch"):
        until(lambda: b"issued for" in log.read_bytes(), log)
        _due_in(device, 3)
        until(lambda: device.leaf.serial_number != first, log)
        second = device.leaf.serial_number
        until(lambda: b"renewed by ACME" in log.read_bytes(), log)
        assert "probation" not in device.served["own"]
        _due_in(device, 1, directory="https://10.77.0.7:1/gone")
        until(lambda: device.status["error"], log)
        assert device.status["error"]["code"] == "acme-unreachable"
        assert device.status["failures"] == 1
        assert device.leaf.serial_number == second
    assert device.acme("--status").status == 1
    told = device("device", "own", "status")
    assert re.search(r"next attempt (20|in [0-9]+ h)", told.out)
    assert "(acme-unreachable)" in told.out


def test_what_the_customer_replaced_is_not_renewed(device: Device, server: AcmeServer) -> None:
    """Back to the vendor's chain: no attempt is planned any more, until ACME is asked for again."""
    assert device.set_up(server, "--confirm").status == 0
    owned = device.folder / "state/owned"
    (owned / "certificate").rename(owned / "previous")
    assert device.status["superseded"]
    assert (device.status["next_attempt"], device.status["next_in"]) == (None, None)
    assert "nothing is due" in device.acme("--renew").err


@pytest.mark.parametrize(("words", "code"), [
    (["--directory", "http://ca.test/dir"], "acme-url"),
    (["--directory", "https://ca.test/dir"], "acme-no-name"),
    (["--directory", "https://ca.test/dir", "--name", NAME], "acme-no-root"),
    (["--directory", "https://ca.test/dir", "--name", "*.customer.test", "--system-roots"], "wildcard"),
    (["--directory", "https://ca.test/dir", "--address", "127.0.0.1", "--system-roots"], "loopback"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--ca-file", "/dev/null"], "acme-no-root"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--ca-file", "/etc/passwd"], "acme-root"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--system-roots", "--challenge", "dns-01"],
     "acme-challenge-choice"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--system-roots", "--webroot", "www"],
     "acme-challenge-choice"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--system-roots", "--listen", "99999"], "acme-listen"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--system-roots", "--contact", "nobody"], "acme-contact"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--system-roots", "--eab-kid", "k"], "acme-eab-key"),
    (["--directory", "https://ca.test/dir", "--name", NAME, "--system-roots", "--minutes", "0"], "own-minutes"),
    (["--renew"], "acme-not-set-up"),
    (["--rollover-key"], "acme-not-set-up"),
    (["--deactivate"], "acme-not-set-up"),
    ([], "acme-not-set-up"),
    (["--name", NAME], "usage"),
    (["--now"], "usage"),
    (["--renew", "--status"], "usage"),
])  # fmt: skip
def test_mistakes_are_told_by_their_code(device: Device, words: list[str], code: str) -> None:
    """And nothing is kept of them."""
    done = device.acme(*words)
    assert (done.code, done.hinted) == (code, True), done.err
    assert not (device.folder / "state/owned/acme-settings").exists()


def _due_in(device: Device, seconds: int, directory: str = "") -> None:
    """Let the record say so, as if the time had come, and tell the watching process."""
    from dotlocal.device.acme.standing import load
    from dotlocal.device.store import Run, State

    state = State(str(device.folder / "state"))
    record = load(state)
    record.renew_at = record.moment + seconds
    (device.folder / "state/owned/acme-record").write_text(record.dump())
    if directory:
        settings = device.folder / "state/owned/acme-settings"
        settings.write_text(json.dumps({**json.loads(settings.read_text()), "directory": directory}))
    Run(str(device.folder / "run")).tell_change(None)


@contextmanager
def _serving(device: Device, www: Path) -> Iterator[int]:
    """`device serve` on loopback, where the browser's tunnel leads."""
    words = ["device", "serve", "--listen", "127.0.0.1:0", "--folder", str(www), "--run", str(device.folder / "run")]
    process = device.command.start(*words)
    try:
        found = None
        while process.stderr and not found:
            found = re.search(rb"port (\d+)", process.stderr.readline())
        assert found
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


@pytest.mark.long
def test_a_watching_device_with_acme_rests(device: Device, server: AcmeServer) -> None:
    """A renewal is due in years: not one turn on a processor in ten seconds, until somebody asks for one now."""
    assert device.set_up(server, "--confirm").status == 0
    log = device.folder / "watch.log"
    with device.running("device", "watch") as process:
        until(lambda: b"issued for" in log.read_bytes(), log)
        before = _settled(process.pid)
        time.sleep(10)
        assert _turns(process.pid) == before
        issued, first = log.read_bytes().count(b"issued"), device.leaf.serial_number
        assert device.acme("--renew", "--now").status == 0
        time.sleep(1)
        assert device.leaf.serial_number != first
        assert log.read_bytes().count(b"issued") == issued, "whoever renews has booted already"


def _settled(pid: int) -> int:
    """The turns of a process that has had none for five seconds."""
    seen: list[int] = []
    began = time.monotonic()
    while len(seen) < 10 or len(set(seen[-10:])) > 1:
        assert time.monotonic() - began < 60
        seen.append(_turns(pid))
        time.sleep(0.5)
    return seen[-1]


def _turns(pid: int) -> int:
    return sum(int(each) for each in re.findall(r"ctxt_switches:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()))


def test_what_the_maker_has_configured_is_the_default(device: Device) -> None:
    """[own.acme] says how challenges are answered; a customer who says it otherwise is heard. A server that is away is
    remembered, and one that is none is not.
    """
    with (device.folder / "device.toml").open("a") as settings:
        settings.write('[own.acme]\nwebroot = "/srv/www"\n[serve]\nlisten = "10.77.0.7:8443"\nfolder = "/srv/www"\n')
    kept = device.folder / "state/owned/acme-settings"
    away = ["--directory", f"https://{ADDRESS}:1/dir", "--system-roots", "--name", NAME]
    assert device.acme(*away).code == "acme-unreachable"
    assert json.loads(kept.read_text())["webroot"] == "/srv/www"
    assert device.status["failures"] == 1
    assert device.acme(*away, "--challenge", "tls-alpn-01").code == "acme-unreachable"
    found = json.loads(kept.read_text())
    assert (found["webroot"], found["challenge"], found["listen"]) == ("", "tls-alpn-01", f"[{ADDRESS}]:8443")
    assert device.acme(*away, "--hook", "/bin/true", "--webroot", "/srv").code == "acme-challenge-choice"
    assert json.loads(kept.read_text()) == found
