"""What a boot costs as a whole process, beside its peers: `make bench`.

The runs are interleaved, so that a machine that slows down slows all of them; ratios are of medians, with the
quartiles of the ratios run by run as their spread. Times are user plus system time, in milliseconds. Everybody
writes to the same tmpfs, where there is one, since that is what /run is.

  boot            the installed `dotlocal device boot`: one key, two certificates, five files, status
  boot -I -S      the same without Python's site, as a unit file may start it
  openssl         a script: key, request, signed certificate, concatenated
  openssl twice   the same script making what a boot makes: a certificate for each kind of client
  mkcert          key and certificate
  python          an empty interpreter, `python3 -I -S -c pass`: the floor below which no Python gets
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

RUNS = int(os.environ.get("RUNS", "40"))
HERE = Path(__file__).resolve().parent.parent

# The kernel counts the memory of whoever starts a process into its peak, so a bare interpreter starts them.
STOPWATCH = """\
import posix, sys, time
silent = [(posix.POSIX_SPAWN_OPEN, fd, "/dev/null", posix.O_WRONLY, 0) for fd in (1, 2)]
started = time.perf_counter()
pid = posix.posix_spawnp(sys.argv[1], sys.argv[1:], posix.environ, file_actions=silent)
_, status, usage = posix.wait4(pid, 0)
print(status, usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss)
"""
OPENSSL = """\
set -e
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key 2>/dev/null
openssl req -new -key leaf.key -subj / -out leaf.csr
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -extfile full.ext -out leaf.pem 2>&1
cat leaf.pem ca.pem > fullchain.pem
"""
TWICE = """\
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -extfile names.ext -out names.only
cat names.only ca.pem > names.pem
"""
EXTENSIONS = """\
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = critical, DNS:press-07.local"""


@dataclass
class Contestant:
    """A command, and what its runs took."""

    name: str
    words: list[str]
    folder: Path
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    peak: int = 0

    def run(self, *, counted: bool) -> None:
        """Run it once, by the operating system's own accounting of the finished process."""
        watched = [sys.executable, "-I", "-S", "-c", STOPWATCH, *self.words]
        told = subprocess.run(watched, cwd=self.folder, capture_output=True, text=True, check=False).stdout.split()
        if len(told) != 4 or told[0] != "0":
            sys.exit(f"{self.name} failed: {' '.join(self.words)}")
        if counted:
            self.cpu.append(float(told[1]) * 1e3)
            self.wall.append(float(told[2]) * 1e3)
            self.peak = max(self.peak, int(told[3]))

    def instructions(self) -> str:
        """Instructions in millions, by callgrind; children are counted too."""
        if not shutil.which("valgrind"):
            return "valgrind?"
        with tempfile.TemporaryDirectory() as logs:
            valgrind = ["valgrind", "--tool=callgrind", "--trace-children=yes", "--callgrind-out-file=/dev/null"]
            words = [*valgrind, f"--log-file={logs}/%p", *self.words]
            subprocess.run(words, cwd=self.folder, capture_output=True, check=False)
            told = "".join(log.read_text() for log in Path(logs).iterdir())
        counts = [int(count) for count in re.findall(r"Collected : ([0-9]+)", told)]
        return f"{sum(counts) / 1e6:.0f}" if counts else "?"


def main() -> None:
    """Prepare, run, print."""
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="dotlocal-bench-", dir=shared) as made:
        folder = Path(made)
        contestants = _contestants(folder)
        for number in range(RUNS + 1):
            for contestant in contestants:
                contestant.run(counted=number > 0)
        _print(contestants)


def _contestants(folder: Path) -> list[Contestant]:
    installed = Path(sys.executable).parent / "dotlocal"
    environment = {**os.environ, "PATH": f"{installed.parent}:{os.environ['PATH']}"}
    story = [str(HERE / "examples" / "story.sh"), str(folder / "story")]
    subprocess.run(story, env=environment, check=True, capture_output=True)
    device = folder / "story" / "press-07"
    places = ["--quiet", "--state", f"{device}/state", "--run", f"{device}/run", "--config", f"{device}/device.toml"]
    packages = subprocess.run(
        [sys.executable, "-c", "import dotlocal, os; print(os.path.dirname(os.path.dirname(dotlocal.__file__)))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    bare = f"import sys; sys.path.append({packages!r}); from dotlocal.device.boot import run; run(sys.argv[1:])"
    _openssl_ca(folder)
    found = [
        Contestant("boot", [str(installed), "device", "boot", *places], folder),
        Contestant("boot -I -S", [sys.executable, "-I", "-S", "-c", bare, *places], folder),
        Contestant("openssl", ["sh", "openssl.sh"], folder),
        Contestant("openssl twice", ["sh", "twice.sh"], folder),
        Contestant("python", [sys.executable, "-I", "-S", "-c", "pass"], folder),
    ]
    if shutil.which("mkcert"):
        os.environ["CAROOT"] = str(folder / "mkcert")
        words = ["mkcert", "-ecdsa", "-cert-file", "m.pem", "-key-file", "m.key", "press-07.local", "192.168.77.7"]
        found.insert(4, Contestant("mkcert", words, folder))
    return found


def _openssl_ca(folder: Path) -> None:
    (folder / "openssl.sh").write_text(OPENSSL)
    (folder / "twice.sh").write_text(OPENSSL + TWICE)
    (folder / "names.ext").write_text(EXTENSIONS + "\n")
    (folder / "full.ext").write_text(EXTENSIONS + ", IP:192.168.77.7\n")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", "ca.key", "-subj", "/CN=device CA bench", "-days", "3000", "-out", "ca.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip


def _print(contestants: list[Contestant]) -> None:
    boot = contestants[0]
    print(f"{RUNS} interleaved runs each; ratios are boot's to the other's; no peak can read below the last line's")
    print(f"{'':15}  cpu ms  wall ms  peak MiB  M instr.   cpu ratio (quartiles)     wall ratio")
    for other in contestants:
        cpu, wall = statistics.median(other.cpu), statistics.median(other.wall)
        pairs = [mine / theirs for mine, theirs in zip(boot.cpu, other.cpu, strict=True)]
        low, _, high = statistics.quantiles(pairs, n=4)
        print(
            f"{other.name:15} {cpu:7.1f} {wall:8.1f} {other.peak / 1024:9.1f} {other.instructions():>9}"
            f"   {statistics.median(boot.cpu) / cpu:9.2f} ({low:.2f} to {high:.2f})"
            f"   {statistics.median(boot.wall) / wall:10.2f}"
        )


if __name__ == "__main__":
    main()
