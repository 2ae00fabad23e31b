"""`kill -9` at random moments of the installed commands: whatever was cut short, the next run finds one truth."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from dotlocal.core import pem
from dotlocal.core.chain import signed_by
from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY
from dotlocal.device import adoption
from dotlocal.device.store import State
from dotlocal.factory.ledger import Entry, Ledger
from dotlocal.wire.birth import BirthRecord
from hierarchy import PASSPHRASE, device_request, make_root, make_station, open_root, open_station
from installed import Command

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

FILES = ("privkey.pem", "fullchain.pem", "names.pem", "bundle.pem", "names-bundle.pem", "status.json")
KILLS = 200
FEWER = 40
NOW = int(time.time())
TOML = 'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\nsuffixes = false\ninterfaces = ["none0"]\n'


class Killer:
    """Starts a command and kills it at a random moment of the time that it usually takes."""

    def __init__(self, command: Command, seed: int = 20261123) -> None:
        self.command = command
        self.random = random.Random(seed)
        self.killed = 0
        self.pace = 1.0  # how busy this machine is now, compared with when the words were measured

    def rounds(self, kills: int) -> Iterator[int]:
        """Numbers, until so many runs were really killed; those that were faster don't count."""
        for number in range(4 * kills):
            if self.killed >= kills:
                return
            yield number
        raise AssertionError(f"only {self.killed} of {4 * kills} runs were killed: the times are not those measured")

    def measure(self, *words: str | Path, runs: int = 5) -> float:
        """Seconds that the words take, whatever comes of them."""
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            self.command(*words)
            times.append(time.perf_counter() - start)
        return statistics.median(times)

    def kill(self, *words: str | Path, dull: float, whole: float) -> bytes:
        """Kill the command; what it had written to stdout by then.

        Four of five kills fall after the `dull` seconds, in which a Python starts and imports, and before the end.
        """
        start = 0.9 * dull if self.random.random() < 0.8 else 0
        delay = self.pace * self.random.uniform(start, whole)
        running = self.command.start(*words)
        try:
            out, err = running.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGKILL)
            out, err = running.communicate()
        assert b"Traceback" not in err, err
        if running.returncode == -signal.SIGKILL:
            self.killed += 1
            self.pace *= 1.01
        else:
            self.pace *= 0.97
        return out


def told(line: str) -> None:
    """For whoever runs pytest with -s and wonders whether the kills hit anything."""
    sys.stderr.write(f"\n{line}\n")


class Seen:
    """Certificates that were seen anywhere: a serial number belongs to one of them."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def add(self, certificate: x509.Certificate) -> None:
        der = certificate.public_bytes(Encoding.DER)
        known = self._known.setdefault(certificate.serial_number, der)
        assert known == der, f"two certificates have the serial number {certificate.serial_number:x}"

    def __len__(self) -> int:
        return len(self._known)


# provision


def explained(entries: list[Entry]) -> dict[str, str]:
    """How each serial number of a ledger ended; every row follows from one before it, or the test fails here."""
    ends: dict[str, str] = {}
    intents: dict[str, Entry] = {}
    for entry in entries:
        if entry.what == "intent":
            assert entry.serial not in intents
            intents[entry.serial] = entry
            ends[entry.serial] = "intent"
            continue
        intent = intents[entry.serial]
        assert (entry.identity, entry.key_id) == (intent.identity, intent.key_id)
        assert ends[entry.serial] == {"signature": "intent", "abandoned": "intent", "release": "signature"}[entry.what]
        ends[entry.serial] = entry.what
    return ends


def test_kills_of_provision(tmp_path: Path, dotlocal: Command) -> None:
    """200 devices, each killed once while it is made: the same request then gets its one birth record.

    Every signature has an intent before it, every intent ended, every record that left was released before.
    """
    home = make_station(tmp_path / "factory", make_root(tmp_path / "root", now=NOW - DAY), now=NOW - DAY)
    line = open_station(home, now=NOW)
    killer, seen = Killer(dotlocal), Seen()
    request, answer = tmp_path / "request.pem", tmp_path / "birth.pem"
    words = ("factory", "provision", request, "--home", home.path)
    request.write_bytes(b"")
    dull = killer.measure(*words)
    whole = []
    for number in range(5):
        request.write_bytes(device_request(f"WARM{number}"))
        whole.append(killer.measure(*words, runs=1))
    for number in killer.rounds(KILLS):
        request.write_bytes(device_request(f"SN{number:04}"))
        answer.unlink(missing_ok=True)
        aside = ("--out", answer) if number % 2 else ()
        left = killer.kill(*words, *aside, dull=dull, whole=statistics.median(whole)).decode()
        left = answer.read_text() if answer.exists() else left
        released = {entry.identity for entry in entries_of(home.ledger) if entry.what == "release"}
        record = BirthRecord.parse(dotlocal.ok(*words).out.encode())
        assert record.serial_number == f"SN{number:04}"
        seen.add(record.device_ca)
        if left.count("END CERTIFICATE") == 3:
            assert left == record.encode()
            assert record.serial_number in released
        assert f"SN{number:04}" in {entry.identity for entry in entries_of(home.ledger) if entry.what == "release"}
    ledger = Ledger(line.home.ledger, create=False)
    ends = explained(list(ledger.entries()))
    assert set(ends.values()) <= {"release", "abandoned"}
    assert list(ends.values()).count("release") == number + 1 + 5
    for serial, end in ends.items():
        if end == "release":
            assert f"{pem.certificate(ledger.certificate(serial), 'the ledger').serial_number:x}" == serial
    ledger.close()
    told(f"provision: {killer.killed} of {number + 1} killed, {len(ends) - number - 6} intents abandoned")


def entries_of(path: Path) -> list[Entry]:
    ledger = Ledger(path, create=False)
    try:
        return list(ledger.entries())
    finally:
        ledger.close()


def test_kills_of_root_sign(tmp_path: Path, dotlocal: Command) -> None:
    """A vendor without a station: the transcript has each intent before its answer, and the answers stay the same."""
    home = make_root(tmp_path / "root", now=NOW - DAY)
    (tmp_path / "pass").write_bytes(PASSPHRASE)
    killer, seen = Killer(dotlocal), Seen()
    request = tmp_path / "request.pem"
    words = ("root", "sign", request, "--device", "--home", home.path, "--passphrase-file", tmp_path / "pass")
    request.write_bytes(b"")
    dull = killer.measure(*words)
    request.write_bytes(device_request("WARM"))
    whole = killer.measure(*words, runs=1)
    for number in killer.rounds(FEWER):
        request.write_bytes(device_request(f"SN{number:04}"))
        left = killer.kill(*words, dull=dull, whole=whole).decode()
        record = BirthRecord.parse(dotlocal.ok(*words).out.encode())
        if left.count("END CERTIFICATE") == 2:
            assert left == record.encode()
        seen.add(record.device_ca)
    entries = open_root(home).home.transcript.entries()
    intents = [entry["serial"] for entry in entries if entry["what"] == "device-intended"]
    assert len(set(intents)) == len(intents)
    released = [entry["serial"] for entry in entries if entry["what"] == "released"]
    for path in home.issued.glob("*.pem"):
        assert intents.count(path.stem) == released.count(path.stem) == 1
        assert len(BirthRecord.parse(path.read_bytes()).certificates) == 2


# boot


class Reader:
    """Reads run/current all the time, as a web server would, and holds what it finds to the light."""

    def __init__(self, run: Path, above: x509.Certificate, seen: Seen) -> None:
        self.run, self.above, self.seen = run, above, seen
        self.reads = 0
        self.failure: BaseException | None = None
        self._stop = threading.Event()

    def look(self) -> None:
        """The current set: whole, of one key, signed by the device CA. FileNotFoundError: swept while it was read."""
        folder = (self.run / "current").resolve(strict=True)
        texts = {name: (folder / name).read_bytes() for name in FILES}
        key = load_pem_private_key(texts["privkey.pem"], None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        status = json.loads(texts["status.json"])
        for chain, bundle, serial in (
            ("fullchain.pem", "bundle.pem", "serial"),
            ("names.pem", "names-bundle.pem", "names_serial"),
        ):
            leaf, device_ca, _ = pem.certificates(texts[chain], chain)
            assert public(leaf.public_key()) == public(key.public_key())
            assert device_ca == self.above
            assert signed_by(leaf, self.above)
            assert status[serial] == f"{leaf.serial_number:x}"
            assert texts[bundle] == texts["privkey.pem"] + texts[chain]
            self.seen.add(leaf)
        self.reads += 1

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the block ends; what was wrong is raised then."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
        if self.failure:
            raise self.failure

    def _watch(self) -> None:
        while not self._stop.wait(0.002):
            try:
                self.look()
            except FileNotFoundError:
                continue  # resolved two boots ago; a web server that is so slow resolves again
            except BaseException as failure:
                self.failure = failure
                return


def public(key: object) -> bytes:
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Device:
    """A device in a folder, and what a boot of it may have to do beside issuing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = State(str(path / "state"))
        self.run = path / "run"
        self.config = path / "device.toml"
        self.config.write_text(TOML)
        root = make_root(path / "root", now=NOW - DAY)
        request = adoption.init(self.state, "SN0001", force=False).encode()
        self.line = open_station(make_station(path / "factory", root, now=NOW - DAY), now=NOW)
        self.record = self.line.provision(request)
        adoption.adopt(self.state, self.record.encode().encode(), now=NOW)

    @property
    def words(self) -> tuple[str | Path, ...]:
        return ("device", "boot", "--state", self.state.path, "--run", self.run, "--config", self.config)

    def plain(self) -> None:
        """The floor is due, and nothing else."""
        self._forget("floor")

    def changed(self) -> None:
        """device.toml is new: it is read in a child process, and kept."""
        self._forget("settings")

    def torn(self) -> None:
        """The template is torn: it is prepared again in a child process."""
        (self.path / "state" / "template").write_text(self.state.text("template")[:100])

    def _forget(self, name: str) -> None:
        (self.path / "state" / name).unlink(missing_ok=True)


def test_kills_of_boot(tmp_path: Path, dotlocal: Command) -> None:
    """200 boots cut short while a reader looks on: never half a set, never a serial number twice, and the next boots.

    Three of four with the floor to be written, some with settings to be read, some with a template to be healed.
    """
    device, seen = Device(tmp_path), Seen()
    killer = Killer(dotlocal)
    dull = killer.measure("device", "boot", "--state", tmp_path / "none", "--run", tmp_path / "nothing")
    whole: dict[Callable[[], None], float] = {}
    for prepare in (device.plain, device.changed, device.torn):
        prepare()
        whole[prepare] = killer.measure(*device.words, runs=1)
    whole[device.plain] = killer.measure(*device.words)
    reader = Reader(device.run, device.record.device_ca, seen)
    with reader.watching():
        for number in killer.rounds(KILLS):
            prepare = device.torn if number % 16 == 0 else device.changed if number % 4 == 0 else device.plain
            prepare()
            killer.kill(*device.words, "-q", dull=dull, whole=whole[prepare])
            for half in device.run.glob("set-*/*.pem"):
                collect(half, seen)
            dotlocal.ok(*device.words, "-q")
            reader.look()
    assert reader.reads > KILLS
    assert len(seen) >= 2 * KILLS
    left = sorted(path.name.partition("-")[0] for path in device.run.iterdir())
    assert left == ["current", "lock", "set", "set"]
    assert device.state.template().issuer_serial == device.record.device_ca.serial_number
    assert device.state.floor() is not None
    told(f"boot: {killer.killed} of {number + 1} killed, {reader.reads} reads, {len(seen)} certificates")


def collect(path: Path, seen: Seen) -> None:
    """Whatever of a set was written before the kill, served or not, counts."""
    try:
        seen.add(pem.certificates(path.read_bytes(), path.name)[0])
    except (Refused, OSError):
        return  # a key, half a file, or swept meanwhile


def test_kills_of_adopt(tmp_path: Path, dotlocal: Command) -> None:
    """Two birth records for one key, taken in turn and cut short: old or new, never a mixture, and it boots."""
    device = Device(tmp_path)
    root = make_root(tmp_path / "root-2", now=NOW - DAY)
    other = open_station(make_station(tmp_path / "second", root, now=NOW - DAY), now=NOW)
    records = [device.record, other.provision(device.state.text("request.pem").encode())]
    paths = [tmp_path / "birth-0.pem", tmp_path / "birth-1.pem"]
    for path, record in zip(paths, records, strict=True):
        path.write_text(record.encode())
    killer = Killer(dotlocal)
    (tmp_path / "empty.pem").write_bytes(b"")
    dull = killer.measure("device", "adopt", tmp_path / "empty.pem", "--state", device.state.path)
    whole = killer.measure("device", "adopt", paths[0], "--state", device.state.path)
    for number in killer.rounds(FEWER):
        killer.kill("device", "adopt", paths[number % 2], "--state", device.state.path, dull=dull, whole=whole)
        dotlocal.ok(*device.words, "-q")
        kept = BirthRecord.parse(device.state.text("birth.pem").encode())
        assert kept in records
        assert device.state.template().issuer_serial == kept.device_ca.serial_number
        Reader(device.run, kept.device_ca, Seen()).look()
        dotlocal.ok("device", "adopt", paths[number % 2], "--state", device.state.path)


# watch, hand-over, keep_while_unchanged, reset


def test_kills_of_watch(tmp_path: Path, dotlocal: Command) -> None:
    """A watching process killed while it issues: never half a set for a reader, and the next one goes on."""
    device, seen, chance = Device(tmp_path), Seen(), random.Random(20261126)
    words = (device.words[0], "watch", *device.words[2:])
    dotlocal.ok(*device.words, "-q")
    reader = Reader(device.run, device.record.device_ca, seen)
    asked = 0
    with reader.watching():
        for number in range(FEWER):
            device.plain() if number % 2 else device.changed()
            before = os.readlink(device.run / "current")
            process = dotlocal.start(*words)
            while os.readlink(device.run / "current") == before:
                assert process.poll() is None
                time.sleep(0.002)
            process.send_signal(signal.SIGHUP)
            # 0.3 s of silence are waited for, and an issue takes some milliseconds
            time.sleep(chance.uniform(0.28, 0.36))
            process.kill()
            process.communicate()
            asked += len(list(device.run.glob("set-*"))) > 2
            reader.look()
    dotlocal.ok(*device.words, "-q")
    assert len(list(device.run.glob("set-*"))) == 2
    told(f"watch: {FEWER} killed, {asked} in the midst of a set, {reader.reads} reads, {len(seen)} certificates")


def test_kills_of_a_hand_over(tmp_path: Path, dotlocal: Command) -> None:
    """Killed while the server is told, or asked for its serial number: no lock stays, and the next one is served."""
    device, seen = Device(tmp_path), Seen()
    dotlocal.ok(*device.words, "-q")
    (tmp_path / "www").mkdir()
    with serving(dotlocal, device.run, tmp_path / "www") as port:
        device.config.write_text(
            f'{TOML}[handover]\nserver = "command"\ncommand = ["true"]\nconnect = "127.0.0.1:{port}"\n'
        )
        killer = Killer(dotlocal)
        dull, whole = killer.measure(*device.words[:4], tmp_path / "nothing"), killer.measure(*device.words)
        reader = Reader(device.run, device.record.device_ca, seen)
        with reader.watching():
            for _ in killer.rounds(FEWER):
                killer.kill(*device.words, "-q", dull=dull, whole=whole)
                report = json.loads(dotlocal.ok(*device.words, "--json").out)
                assert report["handover"]["outcome"] == "served"
                assert report["handover"]["serial_served"] == report["serial"]
                reader.look()
    told(f"hand-over: {killer.killed} killed, {reader.reads} reads, {len(seen)} certificates")


@contextmanager
def serving(dotlocal: Command, run: Path, www: Path) -> Iterator[int]:
    """`device serve` on a port of loopback, as the web server that follows."""
    server = dotlocal.start("device", "serve", "--listen", "127.0.0.1:0", "--folder", www, "--run", run)
    try:
        assert server.stderr
        while not (found := re.search(rb"serving https on \S+ port (\d+)", line := server.stderr.readline())):
            assert line
        threading.Thread(target=server.stderr.read, daemon=True).start()
        yield int(found[1])
    finally:
        server.terminate()
        server.wait(20)


def test_kills_of_keeping_and_reset(tmp_path: Path, dotlocal: Command) -> None:
    """`keep_while_unchanged`, a boot killed, then a reset: one certificate until then, and another one after it."""
    device, key = Device(tmp_path), (tmp_path / "state" / "device-ca.key").read_bytes()
    device.config.write_text(f"{TOML}keep_while_unchanged = true\n")
    reset = ("device", "reset", "--state", device.state.path, "--run", device.run)
    killer = Killer(dotlocal)
    dull = killer.measure("device", "boot", "--state", tmp_path / "none", "--run", tmp_path / "nothing")
    whole = {words: killer.measure(*words) for words in (device.words, reset)}
    kept: set[str] = set()
    for _ in killer.rounds(FEWER):
        for words in (device.words, reset):
            killer.kill(*words, dull=dull, whole=whole[words])
            reports = [json.loads(dotlocal.ok(*device.words, "--json").out) for _ in range(2)]
            assert reports[0]["serial"] == reports[1]["serial"]
            Reader(device.run, device.record.device_ca, Seen()).look()
        dotlocal.ok(*reset)
        assert reports[0]["serial"] not in kept
        kept.add(reports[0]["serial"])
        assert {path.name for path in (tmp_path / "state").iterdir()} & {
            "kept-known",
            "kept-unknown",
            "settings",
        } == set()
        assert (tmp_path / "state" / "device-ca.key").read_bytes() == key
    told(f"keeping and reset: {killer.killed} killed, {len(kept)} kept certificates")
