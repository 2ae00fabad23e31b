"""Lives of a device's clock with the installed command: OpenSSL and Chromium, which have the right time, are asked.

The device was made three years ago. A library in front of the C library gives the command a clock that is off, and
tells it whether the kernel calls that clock synchronised; nothing else about it is different.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from installed import Command, read_only
from peers.chromium import Chromium
from told import Told, tell
from tools import program

pytestmark = [pytest.mark.peer, pytest.mark.xdist_group("chromium")]

DAY = 86400
YEAR = 365.25 * DAY
SHELF = 3 * YEAR + 5 * DAY
NAME, ADDRESS = "press-07.local", "192.168.77.7"

LIBRARY = """\
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t id, struct timespec *t) {
    long done = syscall(SYS_clock_gettime, id, t);
    const char *off = getenv("CLOCK_OFF");
    if (id == CLOCK_REALTIME && off) t->tv_sec += atol(off);
    return done;
}
int adjtimex(struct timex *t) { return getenv("CLOCK_SYNCHRONISED") ? TIME_OK : TIME_ERROR; }
"""


@dataclass(frozen=True)
class Stage:
    """One boot: seconds that the clock is off, or None for 1970; and whether a browser can accept what it makes.

    `fooled`: the clock is called synchronised and is wrong, against which no rule helps; the browser must refuse it.
    """

    off: float | None
    synchronised: bool = False
    fooled: bool = False


RIGHT = Stage(0, synchronised=True)
IN_1970 = Stage(None)
LIVES = {
    "in 1970, then corrected": [IN_1970, RIGHT],
    "lifted to a file's date, years behind": [Stage(-SHELF + DAY), Stage(-SHELF + DAY), RIGHT],
    "two days behind": [Stage(-2 * DAY), Stage(-2 * DAY, synchronised=True), RIGHT],
    "ten years ahead": [RIGHT, Stage(10 * YEAR), RIGHT],
    "a bad answer, then corrected": [RIGHT, Stage(10 * YEAR, synchronised=True, fooled=True), RIGHT],
    "a bad answer, then in 1970": [Stage(10 * YEAR, synchronised=True, fooled=True), IN_1970, RIGHT],
    "a bad answer, three years behind": [Stage(-SHELF + 9 * DAY, synchronised=True, fooled=True), IN_1970, RIGHT],
    "three years on a shelf": [Stage(-SHELF + DAY, synchronised=True), IN_1970, RIGHT],
}  # the first boot on the shelf's first day is right then, and looked at by nobody
LOOKED_AT_LATER = (LIVES["three years on a shelf"][0],)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clock")
    (folder / "clock.c").write_text(LIBRARY)
    made = folder / "clock.so"
    subprocess.run([program("gcc"), "-shared", "-fPIC", "-o", str(made), str(folder / "clock.c")], check=True)
    return made


def environment(library: Path, stage: Stage) -> dict[str, str]:
    off = -time.time() + 40 if stage.off is None else stage.off
    synchronised = {"CLOCK_SYNCHRONISED": "1"} if stage.synchronised else {}
    return {"LD_PRELOAD": str(library), "CLOCK_OFF": f"{int(off)}", **synchronised}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, dotlocal: Command, library: Path) -> Told:
    """The story, told three years ago; its devices have seen the clock of the factory, and none since."""
    then = environment(library, Stage(-SHELF, synchronised=True))
    told = tell(tmp_path_factory.mktemp("shelf"), Command(dotlocal.path, then))
    return Told(told.folder, dotlocal)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    made = Chromium()
    if missing := made.missing():
        program("chromium")  # skips, or fails in CI
        pytest.skip(missing)
    yield made
    made.close()


@dataclass
class Life:
    """A device from the shelf, in a copy of its story; `before` are words in front of its commands."""

    told: Told
    library: Path
    before: tuple[str, ...]

    @property
    def device(self) -> Path:
        return self.told.device("07")

    @property
    def key(self) -> bytes:
        return (self.device / "state" / "device-ca.key").read_bytes()

    def boot(self, stage: Stage) -> str:
        """The quality of the clock, as it was judged."""
        words = self.told.boot_words("07")
        done = self.told.command(*words, "--json", before=self.before, **environment(self.library, stage))
        assert done.status == 0, done
        return str(json.loads(done.out)["clock"]["quality"])

    def openssl(self) -> list[str]:
        """What OpenSSL says of both certificates with the right time; nothing when it accepts them."""
        verify = [program("openssl"), "verify", "-x509_strict", "-CAfile", str(self.told.root)]
        said = []
        for chain, wanted in (("fullchain", ("-verify_ip", ADDRESS)), ("names", ("-verify_hostname", NAME))):
            path = str(self.device / "run" / "current" / f"{chain}.pem")
            done = subprocess.run([*verify, *wanted, "-untrusted", path, path], capture_output=True, text=True)
            said += re.findall(r"error \d+ at .*", done.stdout + done.stderr) if done.returncode else []
        return said


@pytest.fixture(params=["writable", pytest.param("read-only", marks=pytest.mark.long)])
def life(request: pytest.FixtureRequest, shelf: Told, library: Path, tmp_path: Path) -> Life:
    for part in ("root", "press-07"):
        shutil.copytree(shelf.folder / part, tmp_path / part, symlinks=True)
    told = Told(tmp_path, shelf.command)
    with (told.device("07") / "device.toml").open("a") as config:
        config.write(time.strftime("built = %Y-%m-%d\n", time.gmtime(time.time() - SHELF - DAY)))
    return Life(told, library, read_only(told.device("07") / "state") if request.param == "read-only" else ())


@pytest.mark.parametrize("name", LIVES)
def test_browsers_with_the_right_time(life: Life, name: str, chromium: Chromium) -> None:
    """At each stage accepted, unless the clock is believed and wrong, and then refused; the key stays what it was."""
    key = life.key
    for number, stage in enumerate(LIVES[name]):
        quality = life.boot(stage)
        assert life.key == key
        if stage in LOOKED_AT_LATER:
            continue
        assert bool(life.openssl()) == stage.fooled, f"stage {number}, {quality}: {life.openssl()}"
        with life.told.served("07") as port:
            verdicts = [chromium.visit(life.told.root, host, port) for host in (NAME, ADDRESS)]
        assert [verdict.accepted for verdict in verdicts] == [not stage.fooled] * 2, f"stage {number}: {verdicts}"
    assert quality == "synchronised"
