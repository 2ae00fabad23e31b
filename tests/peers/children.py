"""The clients' processes: a bare environment, a time limit on each answer, and no child left behind."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .peer import Trouble, Verdict

CLIENTS = Path(__file__).with_name("clients")
NOWHERE = Path("/nonexistent")
ANSWER_SECONDS = 20.0
START_SECONDS = 60.0


def cache() -> Path:
    """Where downloads and build caches of the peers stay from one run to the next."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "dotlocal-peers")


def lacking(*programs: str, package: str) -> str | None:
    """What to install when one of the programs is not there."""
    absent = [program for program in programs if shutil.which(program) is None]
    return f"{', '.join(absent)} not found: install {package}" if absent else None


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment from scratch.

    Not a copy with a few variables removed: SSL_CERT_FILE, CURL_CA_BUNDLE, NODE_EXTRA_CA_CERTS, HTTPS_PROXY and their
    like would each make a verdict about something else.
    """
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8", **more}


def run(argv: Sequence[str | Path], *, home: Path = NOWHERE, send: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a client that makes one visit and ends."""
    try:
        return subprocess.run(
            argv, input=send, capture_output=True, timeout=ANSWER_SECONDS, env=environment(home), check=False
        )
    except subprocess.TimeoutExpired as late:
        raise Trouble(f"{argv[0]} did not end within {ANSWER_SECONDS:.0f} s: {late.stderr!r}") from late


class Scratch:
    """A folder of one peer, with a home for its children; it goes when the peer is closed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True)

    @property
    def path(self) -> Path:
        return Path(self._folder.name)

    def close(self) -> None:
        self._folder.cleanup()


class Child:
    """A process that lives through many visits, in a group of its own, so that its children end with it."""

    def __init__(self, argv: Sequence[str | Path], *, home: Path, **more: str) -> None:
        # Not a pipe: nobody reads it meanwhile, and a full pipe would stop the child.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
            env=environment(home, **more),
            cwd=home,
            start_new_session=True,
        )

    def send(self, data: bytes) -> None:
        """Write to the child's standard input."""
        assert self._process.stdin
        # A child that has ended is noticed by whoever waits for its answer.
        with suppress(BrokenPipeError):
            self._process.stdin.write(data)

    def receive(self, deadline: float) -> bytes:
        """At least a byte of what the child writes to its standard output, by this `time.monotonic()`."""
        assert self._process.stdout
        ready, _, _ = select.select([self._process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        data = os.read(self._process.stdout.fileno(), 1 << 16) if ready else b""
        if not data:
            raise Trouble(f"the client {'ended' if ready else 'is silent'}: {self._last_words()}")
        return data

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self._log.close()

    def _last_words(self) -> str:
        """The end of what the child wrote to its standard error."""
        end = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, end - 2000))
        return self._log.read().decode(errors="replace")


class OneShot:
    """A peer that is a process of its own for every visit."""

    def close(self) -> None:
        """Nothing is left to end."""


class LineClient:
    """A peer whose client is a small program of ours that answers one line of text per visit.

    It reads root, host and port, with tabs between them, and answers `accepted`, `refused` or `trouble`, a tab, and
    its own words.
    """

    def __init__(self) -> None:
        self._scratch: Scratch | None = None
        self._child: Child | None = None

    def command(self, scratch: Path) -> Sequence[str | Path]:
        """What to run; `scratch` is an empty folder for whatever must be built first."""
        raise NotImplementedError

    def visit(self, root: Path, host: str, port: int) -> Verdict:
        deadline = time.monotonic() + ANSWER_SECONDS
        if self._child is None:
            self._scratch = self._scratch or Scratch()
            self._child = Child(self.command(self._scratch.path), home=self._scratch.path)
            deadline = time.monotonic() + START_SECONDS
        try:
            verdict, says = self._ask(self._child, f"{root.resolve()}\t{host}\t{port}\n", deadline)
        except Trouble:
            # Whatever state it is in now, the next visit deserves a fresh one.
            self.close()
            raise
        if verdict not in {"accepted", "refused"}:
            raise Trouble(says)
        return Verdict(verdict == "accepted", says)

    def close(self) -> None:
        for part in (self._child, self._scratch):
            if part:
                part.close()
        self._child = self._scratch = None

    def _ask(self, child: Child, line: str, deadline: float) -> tuple[str, str]:
        child.send(line.encode())
        answer = b""
        while not answer.endswith(b"\n"):
            answer += child.receive(deadline)
        verdict, _, says = answer.decode(errors="replace").partition("\t")
        return verdict, says.strip()
