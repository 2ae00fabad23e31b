"""A device whose key is in a place of the test's choice, led by the installed command from `init` to `serve`."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from booting import Set, issue_record, served
from cryptography.hazmat.primitives.serialization import Encoding
from tokens import PlainFile

from dotlocal.core.window import DAY
from dotlocal.testing import World
from installed import Command, Done
from tools import program

NAME, ADDRESS = "press-07.local", "192.168.77.7"


@dataclass
class Keyed:
    """The device, and the place of its key."""

    folder: Path
    command: Command
    place: PlainFile
    world: World = field(default_factory=lambda: World(now=int(time.time()) - DAY))

    def __post_init__(self) -> None:
        self.configure()
        root = self.world.root.public_bytes(Encoding.PEM)
        self.root.write_bytes(root)

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    @property
    def key_file(self) -> Path:
        return self.folder / "state" / "device-ca.key"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def current(self) -> Set:
        return served(self.run)

    def configure(self, key: str | None = None) -> None:
        """Write device.toml, with another `[key]` table if one is given."""
        table = self.place.settings if key is None else key
        text = f'hostnames = ["{NAME}"]\naddresses = ["{ADDRESS}"]\ninterfaces = ["none0"]\n{table}'
        (self.folder / "device.toml").write_text(text)

    def init(self, *more: str) -> Done:
        words = [*more, "--config", str(self.folder / "device.toml"), *self._state]
        return self.command("device", "init", "--serial", "SN0007", *words, **self.place.environment)

    def adopt(self, request: str) -> Done:
        record = issue_record(self.world, request.encode(), "SN0007").encode()
        words = ["device", "adopt", "-", *self._state]
        return self.command(*words, stdin=record, **self.place.environment)

    def boot(self, before: tuple[str, ...] = ()) -> Done:
        return self.command("device", "boot", "--json", *self.places, before=before, **self.place.environment)

    def made(self) -> Keyed:
        """Init, adopt and boot, all of which must succeed."""
        request = self.init()
        assert request.status == 0, request
        for done in (self.adopt(request.out), self.boot()):
            assert done.status == 0, done
        return self

    def verified(self) -> str:
        """What `openssl verify` says of the chain that is served now, for name and address."""
        chain = self.run / "current" / "fullchain.pem"
        command = [program("openssl"), "verify", "-x509_strict", "-CAfile", str(self.root), "-untrusted", str(chain)]
        for wanted in (["-verify_hostname", NAME], ["-verify_ip", ADDRESS]):
            done = subprocess.run([*command, *wanted, str(chain)], capture_output=True, text=True)
            if done.returncode:
                return done.stdout + done.stderr
        return "OK"

    @contextmanager
    def serving(self) -> Iterator[int]:
        """`device serve` in front of a folder, as somebody who knows nothing of the token; the port."""
        www = self.folder / "www"
        www.mkdir(exist_ok=True)
        (www / "index.html").write_text("<p>press-07</p>")
        words = ["--listen", "127.0.0.1:0", "--folder", str(www), "--run", str(self.run)]
        server = self.command.start("device", "serve", *words)
        try:
            assert server.stderr
            told = b""
            while not (found := re.search(rb"serving https on \S+ port (\d+)", told)):
                piece = os.read(server.stderr.fileno(), 4096)
                assert piece, told
                told += piece
            yield int(found[1])
        finally:
            server.kill()
            server.communicate()

    @property
    def places(self) -> list[str]:
        return [*self._state, "--run", str(self.run), "--config", str(self.folder / "device.toml")]

    @property
    def _state(self) -> list[str]:
        return ["--state", str(self.folder / "state")]
