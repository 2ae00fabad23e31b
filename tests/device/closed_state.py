"""What test_closed_state.py runs on a machine of its own: a device as `device install systemd` lays it out, and a user
who would like to have its key. Prints one JSON object; needs root, a private mount namespace, and nothing of ours but
the package in /run/lib.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, "/run/lib")
from dotlocal.host.privileges import User, drop_to

STATE, RUN = Path("/var/lib/dotlocal"), Path("/run/dotlocal")
WATCHES, SERVES = "dotlocal", "dotlocal-serve"
# P-256 in PKCS#8 as `device init` writes it: the scalar's place (RFC 5915 3)
_SCALAR = slice(36, 68)
_WATCHING = "exec 3< /var/lib/dotlocal/device-ca.key; echo; exec sleep 600"


def main() -> None:
    """Serve, try, look into the served process's memory, print."""
    python = {**os.environ, "PYTHONPATH": "/run/lib"}
    serve = [sys.executable, "-m", "dotlocal", "device", "serve", "--user", SERVES, *sys.argv[1:]]
    watching = subprocess.Popen(["setpriv", *_as(WATCHES), "sh", "-c", _WATCHING], stdout=subprocess.PIPE)
    serving = subprocess.Popen(serve, env=python, stderr=subprocess.PIPE, text=True)
    try:
        assert watching.stdout and watching.stdout.readline()
        assert serving.stderr
        said = [serving.stderr.readline()]
        while "serving https" not in said[-1]:
            assert said[-1], said
            said.append(serving.stderr.readline())
        files = [*sorted(STATE.iterdir())]
        tried = [str(path) for path in (STATE, *files)]
        tried += [f"/proc/{watching.pid}/{way}" for way in ("fd/3", "mem", f"root{STATE}/device-ca.key", "environ")]
        key = str(RUN / "current" / "privkey.pem")
        told = {
            "files": [path.name for path in files],
            "serves": _tried_as(SERVES, [*tried, key]),
            "watches": _tried_as(WATCHES, [*tried[: len(files) + 1], key]),
            "status": _status(serving.pid),
            "descriptors": [os.readlink(each) for each in Path(f"/proc/{serving.pid}/fd").iterdir()],
            "holds device key": _holds(serving.pid, STATE / "device-ca.key"),
            "holds server key": _holds(serving.pid, Path(key)),
        }
    finally:
        for process in (watching, serving):
            process.kill()
            process.wait()
    sys.stdout.write(json.dumps(told))


def _as(user: str) -> list[str]:
    return [f"--reuid={user}", f"--regid={user}", "--init-groups"]


def _tried_as(user: str, paths: list[str]) -> dict[str, str]:
    """What becomes of opening each path, and of ways around, in a child that has become the user for good."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        drop_to(User.named(user))
        ways: dict[str, Any] = {path: lambda path=path: os.open(path, os.O_RDONLY) for path in paths}
        ways["to write"] = lambda: os.open(STATE / "device-ca.key", os.O_WRONLY)
        ways["to rename"] = lambda: os.rename(STATE, STATE.with_name("mine"))
        ways["to chmod"] = lambda: os.chmod(STATE, 0o777)
        ways["to be root"] = lambda: os.setuid(0)
        ways["a link in run"] = lambda: os.symlink(STATE, RUN / "state")
        os.write(writes, json.dumps({name: _outcome(way) for name, way in ways.items()}).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        found: dict[str, str] = json.load(told)
    os.waitpid(child, 0)
    return found


def _outcome(way: Any) -> str:
    try:
        way()
    except OSError as error:
        return type(error).__name__
    return "done"


def _status(pid: int) -> dict[str, list[str]]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {line.partition(":")[0]: line.split()[1:] for line in lines if line.startswith(("Uid", "Gid", "Cap"))}


def _holds(pid: int, pem: Path) -> bool:
    """Whether the private scalar is anywhere in the process's memory: as written, turned round, or as PEM has it."""
    body = "".join(pem.read_text().split("-----")[2].split())
    scalar = base64.b64decode(body)[_SCALAR]
    wanted = (scalar, scalar[::-1], body[48:88].encode())
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not span:
                continue
            start, end = (int(each, 16) for each in span.groups())
            try:
                memory.seek(start)
                held = memory.read(end - start)
            except (OSError, OverflowError):  # the kernel's own pages
                continue
            if any(each in held for each in wanted):
                return True
    return False


if __name__ == "__main__":
    main()
