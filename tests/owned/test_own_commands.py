"""`dotlocal device own` as it is installed: with a watching process, without one, without any third-party package."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from box import make_box, options_of
from cryptography import x509
from customer import NAME, Customer, key_pem, pem

from dotlocal.core.errors import Refused
from dotlocal.device.boot import Options
from dotlocal.device.owned import timer
from dotlocal.device.owned.slots import Slots
from dotlocal.device.store import State
from dotlocal.testing import World
from installed import Command, Done, tree
from others import WATCHER, Others, give, owners

BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
SECONDS = 4  # of probation, where a test waits for its end


class Installed:
    """A device in a folder, and the installed command on it."""

    def __init__(self, path: Path, command: Command, port: int) -> None:
        self.path = path
        self.command = command
        self.port = port
        self.places = [f"--{place}={path / name}" for place, name in (
            ("state", "state"), ("run", "run"), ("config", "device.toml"))]  # fmt: skip

    def own(self, *words: str | Path, before: tuple[str, ...] = ()) -> Done:
        return self.command("device", "own", *words, *self.places, before=before)

    def boot(self, command: Command | None = None) -> Done:
        return (command or self.command)("device", "boot", *self.places, "--json")

    @property
    def options(self) -> Options:
        return options_of(self.path)

    @property
    def served(self) -> str:
        """Whose certificate run/current has; nothing while it is being switched."""
        try:
            return str(json.loads((self.path / "run" / "current" / "status.json").read_text())["served"])
        except (OSError, ValueError):
            return ""

    @property
    def leaf(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.path / "run" / "current" / "fullchain.pem").read_bytes())

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """`device watch` or `device serve`, ended afterwards."""
        places = self.places if words[0] == "watch" else self.places[1:]
        child = self.command.start("device", *words, *places)
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=20)

    def until(self, true: Callable[[], object], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, (
                self.served,
                (self.path / "run" / "current" / "status.json").read_text(),
            )
            time.sleep(0.05)


@pytest.fixture
def device(tmp_path: Path, world: World, dotlocal: Command) -> Iterator[Installed]:
    """It answers to press-07.local and 192.168.77.7, and to no interface of this machine's."""
    make_box(tmp_path, world)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "www").mkdir()
    (tmp_path / "device.toml").write_text(
        f'hostnames = ["{NAME}"]\naddresses = ["192.168.77.7"]\ninterfaces = ["none0"]\nsuffixes = false\n'
        f'[serve]\nlisten = "127.0.0.1:{port}"\nfolder = "{tmp_path / "www"}"\n'
    )
    made = Installed(tmp_path, dotlocal, port)
    yield made
    made.own("revert")  # nobody sleeps for it any more


@pytest.fixture
def upload(tmp_path: Path, customer: Customer) -> Path:
    path = tmp_path / "upload.pem"
    key, leaf = customer.pair()
    path.write_bytes(key_pem(key) + pem(leaf, customer.middle.certificate))
    return path


def test_import_confirm_status_revert(device: Installed, upload: Path) -> None:
    """Checked, served on probation, confirmed by a connection, shown, reverted."""
    assert device.boot().status == 0
    before = tree(device.path / "state")
    checked = device.own("import", upload, "--check")
    assert (checked.status, checked.out) == (0, "")
    assert tree(device.path / "state") == before
    assert device.own("confirm").code == "own-none-on-probation"
    imported = device.own("import", upload, "--json")
    assert imported.status == 0, imported
    told = json.loads(imported.out)
    assert told["served"] == "certificate"
    assert 590 < told["own"]["probation"]["seconds"] <= 600
    assert "unless somebody confirms" in imported.err
    assert device.own("confirm").code == "own-unreachable"
    assert re.search(r"^probation   (600|5\d\d) seconds left", device.own("status").out, re.M)
    with device.running("serve"):
        device.until(lambda: socket.socket().connect_ex(("127.0.0.1", device.port)) == 0)
        assert device.own("confirm").status == 0
    assert "customer's own certificate" in device.command("device", "status", device.places[1]).out
    status = json.loads(device.own("status", "--json").out)
    assert (status["served"], status["own"]["certificate"]["state"]) == ("certificate", "served")
    assert device.own("revert", "--to", "vendor").status == 0
    assert device.served == "vendor"
    assert device.own("revert", "--to", "previous").status == 0
    assert device.served == "certificate"


def test_a_confirmed_one_survives(device: Installed, upload: Path, bare: Command) -> None:
    """A boot by an installation without any package, as after an update; a reset of settings; not the next owner."""
    assert device.own("import", upload, "--confirm").status == 0
    assert device.boot(bare).status == 0
    leaf = device.leaf
    assert device.served == "certificate"
    assert device.command("device", "reset", "--settings", *device.places[:2]).status == 0
    device.boot()
    assert (device.served, device.leaf) == ("certificate", leaf)
    assert device.command("device", "reset", *device.places[:2]).status == 0
    device.boot()
    assert device.served == "vendor"


def test_a_watching_process_ends_a_probation(device: Installed, upload: Path) -> None:
    """Watch is started anew in the middle of it: the end comes all the same, and the status says why."""
    with device.running("watch"):
        device.until(lambda: device.served == "vendor")
        began = time.monotonic()
        assert device.own("import", upload, "--minutes", f"{SECONDS / 60}").status == 0
        assert device.served == "certificate"
    assert device.served == "certificate"
    with device.running("watch"):
        device.until(lambda: device.served == "vendor")
    assert SECONDS - 1 < time.monotonic() - began < SECONDS + 12
    status = device.own("status", "--json")
    assert [each["code"] for each in json.loads(status.out)["findings"]] == ["own-unconfirmed"]


def test_without_a_watching_process_a_shell_does(device: Installed, upload: Path) -> None:
    """Hooks only: nothing of ours runs, and it goes back."""
    device.boot()
    assert device.own("import", upload, "--minutes", f"{SECONDS / 60}").status == 0
    assert device.served == "certificate"
    device.until(lambda: device.served == "vendor")


def test_without_a_shell_a_python_sleeps(device: Installed, upload: Path, tmp_path: Path) -> None:
    """An image with neither /bin/sh nor sleep: it goes back all the same."""
    device.boot()
    assert device.own("import", upload, "--minutes", f"{SECONDS / 60}").status == 0
    assert timer.start(device.options, SECONDS, shell=str(tmp_path / "none"))
    sleeper = int((device.path / "run" / "probation").read_text())
    assert "python" in os.readlink(f"/proc/{sleeper}/exe")
    assert device.served == "certificate"
    device.until(lambda: device.served == "vendor")


def test_nobody_sleeps_for_a_probation_that_is_over(device: Installed, upload: Path) -> None:
    """The shell that waits for its end is ended with it."""
    device.boot()
    assert device.own("import", upload).status == 0
    sleeper = int((device.path / "run" / "probation").read_text())
    assert "dotlocal-probation" in Path(f"/proc/{sleeper}/cmdline").read_text()
    assert device.own("revert").status == 0
    device.until(lambda: not _alive(sleeper))


def _alive(pid: int) -> bool:
    try:
        return "dotlocal-probation" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_a_watching_process_stays_with_what_was_confirmed(device: Installed, upload: Path) -> None:
    """It hears of the import, and does not make a certificate of its own over it."""
    with device.running("watch") as watching:
        device.until(lambda: device.served == "vendor")
        assert device.own("import", upload, "--confirm").status == 0
        leaf = device.leaf
        watching.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert device.leaf == leaf


def test_a_name_that_leads_nowhere_goes_back(device: Installed, tmp_path: Path, customer: Customer) -> None:
    """A good certificate for a name that nobody can open: warned about, accepted, and back by itself."""
    (tmp_path / "odd.pem").write_bytes(customer.files(hosts=("oven.nowhere.example",)))
    device.boot()
    refused = device.own("import", tmp_path / "odd.pem")
    assert (refused.status, refused.code) == (1, "own-unaccepted")
    assert "own-names-other" in refused.err
    assert device.own("import", tmp_path / "odd.pem", "--accept", "--minutes", f"{SECONDS / 60}").status == 0
    assert device.served == "certificate"
    device.until(lambda: device.served == "vendor")


def test_requests_and_refusals(device: Installed, tmp_path: Path, customer: Customer) -> None:
    """The same request when said again; an answer to another one; an encrypted key with and without its passphrase."""
    first = device.own("request")
    assert first.out.startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert device.own("request").out == first.out
    assert device.own("request", "--force").out != first.out
    assert device.own("request", "--name", "a b").code == "not-a-host-name"
    (tmp_path / "other.pem").write_bytes(pem(customer.pair()[1], customer.middle.certificate))
    other = device.own("import", tmp_path / "other.pem", "--json")
    assert (other.status, json.loads(other.out)["error"]["code"]) == (1, "own-refused")
    assert [each["code"] for each in json.loads(other.out)["findings"] if each["severity"] == "error"] == [
        "own-answer-other"
    ]
    key, leaf = customer.pair()
    (tmp_path / "key.pem").write_bytes(key_pem(key, b"correct horse") + pem(leaf, customer.middle.certificate))
    (tmp_path / "pass").write_text("correct horse\n")
    assert "own-passphrase-missing" in device.own("import", tmp_path / "key.pem").err
    opened = device.own("import", tmp_path / "key.pem", "--passphrase-file", tmp_path / "pass", "--confirm")
    assert opened.status == 0, opened
    assert device.own("revert", "--to", "issuer").code == "own-nothing"


def test_an_issuer_by_the_command(device: Installed, tmp_path: Path, customer: Customer) -> None:
    """Request and section for OpenSSL out, certificate in; `own root` prints what browsers must have."""
    for name, held in (("ca.pem", pem(customer.root.certificate)), ("ca.key", key_pem(customer.root.key))):
        (tmp_path / name).write_bytes(held)
    asked = device.own("issuer", "request", "--out", tmp_path / "csr", "--extensions", tmp_path / "ext")
    assert asked.status == 0, asked
    words = "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -days 900 -extfile ext -extensions device_ca -out made"
    subprocess.run(words.split(), cwd=tmp_path, check=True, capture_output=True)
    done = device.own("issuer", "import", tmp_path / "made", tmp_path / "ca.pem", "--confirm")
    assert (done.status, device.served) == (0, "issuer"), done
    assert device.own("root").out == pem(customer.root.certificate).decode()
    assert device.own("revert", "--to", "vendor").status == 0
    vendor = (device.path / "state" / "birth.pem").read_text().partition(END)[2].rpartition(BEGIN)
    assert device.own("root").out == vendor[1] + vendor[2], "back with the vendor: the vendor's"
    assert device.own("self-signed", "--confirm").out.startswith("-----BEGIN CERTIFICATE-----")


def test_nothing_to_work_on(tmp_path: Path, dotlocal: Command) -> None:
    """No state: exit 2, with the way out."""
    for words in (["status"], ["confirm"], ["revert"], ["root"]):
        done = dotlocal("device", "own", *words, "--state", tmp_path / "none", "--run", tmp_path / "run")
        assert done.status in (0, 2), done
    done = dotlocal("device", "own", "request", "--state", tmp_path / "none", "--run", tmp_path / "run")
    assert (done.status, done.code) == (2, "no-state")
    assert done.hinted


def test_who_may_not_read_the_state_is_told_who_may(device: Installed) -> None:
    """Not "import it again": nothing is wrong with what is there."""
    if os.geteuid() != 0:
        pytest.skip("root reads everything, and nobody else can become somebody")
    (device.path / "state").chmod(0o700)
    slots = Slots(State(str(device.path / "state")))
    os.seteuid(65534)
    try:
        with pytest.raises(Refused) as refused:
            slots.text("request")
    finally:
        os.seteuid(0)
    assert "owner of the state" in refused.value.hint


def test_root_acts_as_the_owner_of_the_state(device: Installed, upload: Path) -> None:
    """What root imports, from a file of root's, the user who boots can read: state and run stay that user's."""
    others = Others(device.path, device.command)
    state, run = device.path / "state", device.path / "run"
    give(WATCHER, state, run)
    upload.chmod(0o600)
    done = device.own("import", upload, "--confirm", before=others.root)
    assert done.status == 0, done
    assert owners(state) | owners(run) == {WATCHER}
    status = device.own("status", "--json", before=others.user(WATCHER))
    assert (status.status, json.loads(status.out)["served"]) == (0, "certificate"), status
