"""The life of one device, command by command, as its owner and its factory lead it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from booting import issue_record, reading, served, surroundings

from dotlocal.core import keys as core_keys
from dotlocal.core.errors import Refused
from dotlocal.core.request import parse_device
from dotlocal.core.window import DAY
from dotlocal.device import adoption, boot, fallback, reset
from dotlocal.device.settings import Settings
from dotlocal.device.store import Run, State
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.time import Hint
from dotlocal.testing import World
from dotlocal.wire.birth import BirthRecord

SERIAL = "SN0001"
FILES = {"privkey.pem", "fullchain.pem", "names.pem", "bundle.pem", "names-bundle.pem", "status.json"}
SETTINGS = 'hostnames = ["press-07.local"]\naddresses = ["192.168.77.7"]\n'


@dataclass
class Home:
    """The folders of one device below one folder, its settings elsewhere, and what its factory answers."""

    base: Path
    config: Path
    world: World
    records: dict[tuple[bytes, int], BirthRecord] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return State(str(self.base / "var" / "state"))

    @property
    def run(self) -> Run:
        return Run(str(self.base / "run"))

    def init(self) -> None:
        adoption.init(self.state, SERIAL, force=False)

    def init_anew(self) -> None:
        adoption.init(self.state, SERIAL, force=True)

    def adopt(self, number: int = 0) -> None:
        """Adopt the first birth record, or a renewed one; the factory gives the same answer each time."""
        request = self.state.text("request.pem").encode()
        key = (core_keys.spki_of(parse_device(request).public_key), number)
        if key not in self.records:
            self.records[key] = issue_record(self.world, request, SERIAL, years=20 + number)
        adoption.adopt(self.state, self.records[key].encode().encode(), now=None)

    def renew(self) -> None:
        self.adopt(1)

    def boot(self) -> None:
        options = boot.Options()
        options.state, options.run, options.config = self.state.path, self.run.path, str(self.config)
        boot.boot(options)

    def boot_on(self, day: int, around: Surroundings | None = None) -> None:
        """Boot with a clock that says so many days later, and surroundings of its own."""
        settings = Settings()
        moment = reading(self.world.now + day * DAY, boot_id=f"boot-{day}")
        boot.issue(
            self.state.key(), self.state.template(), settings, around or surroundings(), moment,
            state=self.state, run=self.run, findings=[],
        )  # fmt: skip

    def boot_nameless(self) -> None:
        self.boot_on(2, Surroundings("", []))

    def change_settings(self) -> None:
        self.config.write_text(SETTINGS + "days = 30\n")
        self.boot()

    def keep_keys(self) -> None:
        self.config.write_text(SETTINGS + "keep_while_unchanged = true\n")
        self.boot()

    def hand_over(self) -> None:
        """Boot, and hand over to a web server that isn't there: the lock, and the outcome in the set's status."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        table = f'[handover]\nserver = "command"\ncommand = ["true"]\nconnect = "127.0.0.1:{port}"\n'
        self.config.write_text(SETTINGS + table)
        self.boot()

    def fail_while_watching(self) -> None:
        """What `device watch` puts into the status when an issue fails."""
        refused = Refused("file-unreadable", "the template can't be read: input/output error")
        fallback.tell_failure(self.run, refused, "another medium")

    def take_hint(self) -> None:
        self.state.save_hint(Hint(self.world.now, 60, "boot-1", "browser"))

    def reset(self) -> None:
        reset.reset(self.state, self.run)

    def scrap(self) -> None:
        reset.scrap(self.state, self.run, SERIAL)


@dataclass(frozen=True)
class Step:
    """One command in the life of a device; `again` is what its owner does after a cut, before it has to boot."""

    name: str
    do: Callable[[Home], None]
    again: tuple[Callable[[Home], None], ...] = ()
    new_key: bool = False


LIFE = (
    Step("init", Home.init, (Home.init, Home.adopt), new_key=True),
    Step("adopt", Home.adopt, (Home.adopt,)),
    Step("first boot", Home.boot),
    Step("the next day", lambda home: home.boot_on(3)),
    Step("settings changed", Home.change_settings),
    Step("no name left", Home.boot_nameless),
    Step("renewal", Home.renew),
    Step("keep_while_unchanged", Home.keep_keys),
    Step("boot with the kept key", Home.boot),
    Step("handed over", Home.hand_over),
    Step("a failed issue while watching", Home.fail_while_watching),
    Step("time from a browser", Home.take_hint),
    Step("reset", Home.reset, (Home.reset,)),
    Step("init --force", Home.init_anew, (Home.init_anew, Home.adopt), new_key=True),
    Step("adopt for the new key", Home.adopt, (Home.adopt,)),
)
# the end, looked at by a test of its own
SCRAP = Step("scrap", Home.scrap)


def check_no_torn_set(home: Home) -> None:
    """Whatever a web server finds in run/current is whole, or nothing is there."""
    if not home.run.has_current():
        return
    found = served(Path(home.run.path))
    assert {path.name for path in found.folder.iterdir()} >= FILES
    json.loads((found.folder / "status.json").read_text())
    private = (found.folder / "privkey.pem").read_text()
    assert (found.folder / "bundle.pem").read_text() == private + (found.folder / "fullchain.pem").read_text()
    assert (found.folder / "names-bundle.pem").read_text() == private + (found.folder / "names.pem").read_text()
