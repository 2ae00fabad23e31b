"""What a boot costs as a whole process, beside its peers: `make bench`.

Everybody writes to the same tmpfs, where there is one, since that is what /run is.

  boot -I -S      `device boot` as the unit dotlocal-boot starts it, without Python's site: one key, two certificates,
                  five files, status
  boot            the installed `dotlocal device boot`
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
from dataclasses import dataclass
from pathlib import Path

from stopwatch import Times, finished, in_some_order, spread

import device

RUNS = int(os.environ.get("RUNS", "40"))

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


BARS = {"openssl": 0.45, "openssl twice": 0.45, "mkcert": 1.0}  # of CPU time


@dataclass
class Contestant:
    """A command, and what its runs took."""

    words: list[str]
    times: Times

    def instructions(self, folder: Path) -> str:
        """Instructions in millions, by callgrind; children are counted too."""
        if not shutil.which("valgrind"):
            return "valgrind?"
        with tempfile.TemporaryDirectory() as logs:
            valgrind = ["valgrind", "--tool=callgrind", "--trace-children=yes", "--callgrind-out-file=/dev/null"]
            words = [*valgrind, f"--log-file={logs}/%p", *self.words]
            subprocess.run(words, cwd=folder, capture_output=True, check=False)
            told = "".join(log.read_text() for log in Path(logs).iterdir())
        counts = [int(count) for count in re.findall(r"Collected : ([0-9]+)", told)]
        return f"{sum(counts) / 1e6:.0f}" if counts else "?"


def main() -> None:
    """Prepare, run, print."""
    with device.made() as made:
        contestants = _contestants(made)
        for number in range(RUNS + 1):
            for contestant in in_some_order(contestants, number):
                taken = finished(contestant.words, made.folder)
                if number:
                    contestant.times.add(*taken)
        _print(contestants, made.folder)


def _contestants(made: device.Device) -> list[Contestant]:
    _openssl_ca(made.folder)
    commands = {
        "boot -I -S": made.bare_boot,
        "boot": made.boot,
        "openssl": ["sh", "openssl.sh"],
        "openssl twice": ["sh", "twice.sh"],
        "mkcert": ["mkcert", "-ecdsa", "-cert-file", "m.pem", "-key-file", "m.key", device.NAME, "192.168.77.7"],
        "python": [sys.executable, "-I", "-S", "-c", "pass"],
    }
    os.environ["CAROOT"] = str(made.folder / "mkcert")
    return [Contestant(words, Times(name)) for name, words in commands.items() if shutil.which(words[0])]


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


def _print(contestants: list[Contestant], folder: Path) -> None:
    boot = contestants[0].times
    print(f"{RUNS} interleaved runs each; ratios are those of `boot -I -S`; no peak can read below the last line's")
    print(f"{'':15}  cpu ms  wall ms  peak MiB  M instr.    cpu ratio (quartiles)   bar   wall ratio")
    for contestant in contestants:
        times = contestant.times
        cpu, wall = statistics.median(times.cpu), statistics.median(times.wall)
        print(
            f"{times.name:15} {cpu:7.1f} {wall:8.1f} {times.peak / 1024:9.1f} {contestant.instructions(folder):>9}"
            f"   {spread(boot.cpu, times.cpu):>22} {BARS.get(times.name, ''):>5}"
            f"   {statistics.median(boot.wall) / wall:10.2f}"
        )


if __name__ == "__main__":
    main()
