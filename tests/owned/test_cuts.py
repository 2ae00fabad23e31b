"""The plug is pulled between any two calls to the operating system while a customer's certificate comes, stays, goes.

As tests/power does it for the device's own files: what was not synced is lost in every way that it may be. After each
cut the device boots, serves a whole set, and of certificates that were confirmed none is lost.
"""

from __future__ import annotations

import os
import posix
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from box import Box, make_box
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from customer import Customer, key_pem, pem
from disk import Disk, Tree, fingerprint, lay_out
from recording import Recording

from dotlocal.device import adoption, reset
from dotlocal.device.owned.material import Upload
from dotlocal.device.owned.slots import Slots
from dotlocal.device.store import Run
from dotlocal.testing import World

VENDOR = "vendor"


@dataclass(frozen=True)
class Step:
    """What somebody does, and what a boot after a cut in it may serve: names of certificates, or the vendor's."""

    name: str
    do: Callable[[Life], None]
    may: frozenset[str]
    kept: frozenset[str] = frozenset()


class Life:
    """One device, two certificates of the customer's, and an issuer."""

    def __init__(self, box: Box, customer: Customer) -> None:
        self.box = box
        self.customer = customer
        self.pairs = {name: customer.pair() for name in ("first", "second")}

    def take(self, name: str) -> None:
        key, leaf = self.pairs[name]
        self.box.take(key_pem(key) + pem(leaf, self.customer.middle.certificate))

    def confirm(self) -> None:
        self.box.owned.confirm(self.box.status()["serial"])

    def ask_for_issuer(self) -> None:
        self.box.owned.issuer_request(("local", "192.168.0.0/16"))

    def take_issuer(self) -> None:
        request, _ = self.box.owned.issuer_request()
        wanted = x509.load_pem_x509_csr(request.encode())
        answer = self.customer.root.sign(
            wanted.public_key(), subject="device CA SN0001 AAAA",
            extensions=[(each.value, each.critical) for each in wanted.extensions],
        )  # fmt: skip
        files = [Upload("answer", pem(answer, self.customer.root.certificate))]
        self.box.owned.take_issuer(self.box.owned.examine_issuer(files))

    def reset_settings(self) -> None:
        reset.reset_settings(self.box.state, Run(str(self.box.run)))

    def adopt(self) -> None:
        adoption.adopt(self.box.state, self.box.record.encode().encode(), now=None)


def only(*names: str) -> frozenset[str]:
    return frozenset(names)


LIFE = (
    Step("the first on probation", lambda life: life.take("first"), only(VENDOR)),
    Step("the first confirmed", Life.confirm, only(VENDOR, "first")),
    Step("a restart", lambda life: life.box.restart() and None, only("first"), only("first")),
    Step("a reset of settings", Life.reset_settings, only("first"), only("first")),
    Step("a new birth record", Life.adopt, only("first"), only("first")),
    Step("the second on probation", lambda life: life.take("second"), only("first"), only("first")),
    Step("a restart that reverts", lambda life: life.box.restart() and None, only("first"), only("first")),
    Step("the second again", lambda life: life.take("second"), only("first"), only("first")),
    Step("the second confirmed", Life.confirm, only("first", "second"), only("first")),
    Step("back to the first", lambda life: life.box.owned.revert() and None, only("first", "second"),
         only("first", "second")),
    Step("a request", lambda life: life.box.owned.request() and None, only("first"), only("first", "second")),
    Step("an issuer asked for", Life.ask_for_issuer, only("first"), only("first", "second")),
    Step("the issuer on probation", Life.take_issuer, only("first"), only("first", "second")),
    Step("the issuer confirmed", Life.confirm, only("first", "issuer"), only("first")),
    Step("a boot below it", lambda life: life.box.restart() and None, only("issuer"), only("first")),
    Step("back to the vendor", lambda life: life.box.owned.revert("vendor") and None, only("issuer", VENDOR),
         only("first")),
)  # fmt: skip


@dataclass(frozen=True)
class Lived:
    """A recorded step, and the clock at its start."""

    step: Step
    calls: tuple[tuple[object, ...], ...]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, world: World, customer: Customer) -> Life:
    folder = tmp_path_factory.mktemp("cuts")
    (folder / "disk").mkdir()
    return Life(make_box(folder / "disk", world), customer)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (os, posix):
        monkeypatch.setattr(module, "fsync", lambda descriptor: None)


@pytest.fixture
def memory() -> Iterator[Path]:
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else None) as folder:
        yield Path(folder)


def test_no_cut_takes_what_was_confirmed(life: Life, memory: Path) -> None:
    """Every prefix of every step, and what it may leave: the boot after it serves what it may, whole."""
    before = Path(life.box.path).parent / "before"
    shutil.copytree(life.box.path, before, symlinks=True)
    recording = Recording(life.box.path)
    lived = []
    for step in LIFE:
        start = len(recording.ops)
        with recording.running():
            step.do(life)
        lived.append(Lived(step, tuple(recording.ops[start:])))
    disk = _disk_of(before)
    distinct = 0
    for each in lived:
        seen: set[bytes] = set()
        for op in (None, *each.calls):
            if op:
                disk.carry_out(op)
            for tree in disk.cuts():
                # the run directory is in memory: after a cut it is empty, which is also the harder case
                left = {name: held for name, held in tree.items() if not name.startswith("run")}
                if (print_of := fingerprint(left)) not in seen:
                    seen.add(print_of)
                    distinct += 1
                    _check(life, each.step, left, memory / str(distinct))
    assert distinct >= 150, f"only {distinct} cuts"


def _check(life: Life, step: Step, tree: Tree, folder: Path) -> None:
    lay_out(tree, folder)
    box = replace(life.box, path=folder, boot_id="after the cut", uptime=9)
    try:
        if step.do is Life.adopt:  # its own cuts are those of tests/power
            adoption.adopt(box.state, box.record.encode().encode(), now=None)
        box.boot()
        served = _named(life, box)
        assert served in step.may, f"{served} is served"
        private = load_pem_private_key((box.run / "current" / "privkey.pem").read_bytes(), None)
        assert private.public_key() == box.leaf.public_key()
        everything = _kept(life, box)
        assert everything >= step.kept, f"only {everything} are left"
        if "request" in step.name or "asked" in step.name:
            assert box.owned.request() == box.owned.request()
    except BaseException as error:
        error.add_note(f"in {step.name!r}: {sorted(tree)}")
        raise
    shutil.rmtree(folder)


def _named(life: Life, box: Box) -> str:
    leaf = box.leaf
    for name, (_, certificate) in life.pairs.items():
        if leaf == certificate:
            return name
    return "issuer" if box.status()["served"] == "issuer" else VENDOR


def _kept(life: Life, box: Box) -> set[str]:
    """Certificates that are in some slot, with the key."""
    slots = Slots(box.state)
    held = [slots.held(name) for name in ("certificate", "previous", "swapped")]
    serials = {each.serial for each in held if each}
    return {name for name, (_, leaf) in life.pairs.items() if leaf.serial_number in serials}


def _disk_of(folder: Path) -> Disk:
    """A disk on which these files are for certain."""
    disk, handle = Disk(), 1000
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            disk.carry_out(("symlink", name, os.readlink(path)))
        elif path.is_dir():
            disk.carry_out(("mkdir", name, path.stat().st_mode & 0o777))
        else:
            handle += 1
            disk.carry_out(("open", name, handle, False, path.stat().st_mode & 0o777))
            disk.carry_out(("write", handle, path.read_bytes()))
            disk.carry_out(("fsync", handle))
    for path in (folder, *(each for each in folder.rglob("*") if each.is_dir() and not each.is_symlink())):
        handle += 1
        disk.carry_out(("open", str(path.relative_to(folder)), handle, False, 0o700))
        disk.carry_out(("fsync", handle))
    return disk
