"""A plant of its own, a network namespace: a device at 10.77.0.7 whose commands run there, and the customer's CA."""

from __future__ import annotations

import ctypes
import json
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cryptography
import pytest
from acme_servers import AcmeServer
from cryptography import x509

from dotlocal.core.findings import Finding
from dotlocal.core.verify import verify
from dotlocal.testing import parse_host
from installed import Command, Done
from namespaces import Host, host
from told import Told

ADDRESS = "10.77.0.7"
NAME = "press-07.customer.test"
PATIENCE = 30.0
_CLONE_NEWNET = 0x40000000


@contextmanager
def plant_of() -> Iterator[Host]:
    """A namespace whose interface has the device's address."""
    with host() as made:
        made.ip("addr", "add", f"{ADDRESS}/24", "dev", made.device)
        yield made


def inside(plant: Host, body: Callable[[], None]) -> None:
    """Run it in this process, in a thread whose network is the plant's (setns(2): network namespaces are threads')."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with open(f"/run/netns/{plant.name}", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            body()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    for failure in failures:
        raise failure


@dataclass
class Device:
    """A copy of press-07, whose commands run in the plant."""

    folder: Path
    command: Command
    plant: Host

    @property
    def places(self) -> list[str]:
        return [f"--{name}={self.folder / name}" for name in ("state", "run")] + [f"--config={self.folder}/device.toml"]

    def __call__(self, *words: str, **more: str) -> Done:
        return self.command(*words, *self.places, before=tuple(self.plant.inside()), **more)

    def acme(self, *words: str) -> Done:
        return self("device", "own", "acme", *words)

    def set_up(self, server: AcmeServer, *words: str) -> Done:
        return self.acme(
            "--directory", server.directory, "--ca-file", str(server.tls_root), "--agree-terms", "--name", NAME,
            "--address", ADDRESS, "--contact", "admin@customer.test", *words,
        )  # fmt: skip

    @property
    def status(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.acme("--status", "--json").out)
        return report

    @property
    def served(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "run/current/status.json").read_text())
        return report

    @property
    def chain(self) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates((self.folder / "run/current/fullchain.pem").read_bytes())

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]

    def refused(self, server: AcmeServer, name: str) -> list[Finding]:
        """What a browser with the customer's root alone has against what is served now."""
        root = x509.load_pem_x509_certificate(server.root.read_bytes())
        moment = int(self.leaf.not_valid_before_utc.timestamp()) + 60
        return verify(self.chain, root, parse_host(name), moment)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = self.plant.inside(str(self.command.path), *words)
        places = [f"--run={self.folder / 'run'}"] if words[1] == "serve" else self.places
        with (self.folder / f"{words[1]}.log").open("wb") as log:
            return subprocess.Popen([*command, *places], env=self.command.env(), stderr=log, stdin=subprocess.DEVNULL)

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        process = self.start(*words)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE)


def device_in(plant: Host, told: Told, folder: Path) -> Device:
    """A copy of the story's press-07 that was booted in the plant."""
    made = Device(folder, told.command, plant)
    shutil.copytree(told.device("07") / "state", folder / "state")
    (folder / "device.toml").write_text(f'hostnames = ["press-07.local"]\naddresses = ["{ADDRESS}"]\n')
    assert made("device", "boot").status == 0
    return made


def names_of(leaf: x509.Certificate) -> list[str]:
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]


def for_everybody(command: Command, folder: Path) -> Command:
    """The same command on the system's Python, which every user may run; skips where that is another version."""
    python = "/usr/bin/python3"
    told = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True)
    version = told.stdout.decode().strip()
    if version != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip(f"{python} is {version or 'not there'}, and other users may not run this Python")
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = folder / "lib" / f"python{version}" / "site-packages"
    (installed,) = (command.path.parents[1] / "lib").glob("python*/site-packages")
    (packages / "theirs.pth").write_text(f"{installed}\n{Path(cryptography.__file__).parents[1]}\n")
    script = command.path.read_text().partition("\n")[2]
    (folder / "bin/dotlocal").write_text(f"#!{folder}/bin/python\n{script}")
    (folder / "bin/dotlocal").chmod(0o755)
    for each in (installed, *installed.parents):
        if "pytest" in str(each):
            each.chmod(each.stat().st_mode | 0o055)
    return Command(folder / "bin/dotlocal")
