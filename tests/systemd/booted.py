"""A machine that boots systemd: process 1 of namespaces of its own, with this machine's /usr and a folder for the rest.

What it can't have here, a test is told by `permitted`. `machine.sh` says what of this machine it can't touch.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import cffi
import cryptography
import pycparser
import pytest
from cryptography import x509

from tools import file, program

_SCRIPT = Path(__file__).with_name("machine.sh")
_PYTHON = "/usr/bin/python3"
PATIENCE = 30.0
# What a system needs before anything of ours is in it. No bus, no logins: nothing of ours asks for them.
_ETC = {
    "passwd": "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/usr/sbin/nologin\nnobody:x:65534:65534::/:/bin/false\n",
    "group": "root:x:0:\ntty:x:5:\nutmp:x:43:\nwww-data:x:33:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "hosts": "127.0.0.1 localhost\n",
    "hostname": "press-07\n",
    "machine-id": "07" * 16 + "\n",
    "fstab": "",
}
_FOLDERS = (
    "usr", "installed/usr", "etc/systemd/system", "var/lib", "var/log", "var/tmp", "run", "tmp", "proc", "sys", "dev",
    "root", "home", "mnt", "opt",
)  # fmt: skip
_MASKED = ("dbus.socket", "dbus.service", "systemd-logind.service", "console-getty.service", "getty@.service")


def permitted() -> None:
    """Go on only where such a machine can be made."""
    for needed in ("unshare", "nsenter", "setpriv", "systemctl", "systemd-sysusers"):
        program(needed)
    for path in ("/lib/systemd/systemd", _PYTHON):
        file(path)
    asked = "import sys; print(*sys.version_info[:2], sep='.')"
    version = subprocess.check_output([_PYTHON, "-c", asked], text=True).strip()
    if version != f"{sys.version_info[0]}.{sys.version_info[1]}":
        _refused(f"{_PYTHON} is {version}, for which the cryptography of these tests was not built")
    tried = (
        "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mkdir /mnt/a /mnt/b && mount -t cgroup2 none /mnt/a"
        " && mount -t overlay none -o lowerdir=/mnt/b:/usr /mnt/b && mknod /mnt/null c 1 3"
    )
    spaces = ["unshare", "--cgroup", "--pid", "--net", "--uts", "--ipc", "--mount", "--fork"]
    done = subprocess.run([*spaces, "sh", "-c", tried], capture_output=True, text=True)
    if done.returncode:
        _refused(f"a machine of one's own takes root, namespaces and cgroup2: {done.stderr.strip()}")


def _refused(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@dataclass(frozen=True)
class Served:
    """What a TLS server sends to a customer's computer that trusts the root alone."""

    verified: bool
    certificate: x509.Certificate
    verdict: str  # of openssl, in its words

    @property
    def serial(self) -> int:
        return self.certificate.serial_number


class Machine:
    """The folder is everything but /usr; what is `installed` there lies over that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._outer: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._group = f"dotlocal-test-{os.getpid()}-{folder.name}"

    def furnish(self) -> None:
        """An image without anything of ours."""
        for name in _FOLDERS:
            (self.folder / name).mkdir(parents=True, mode=0o755, exist_ok=True)
        for name in ("bin", "sbin", "lib", "lib64"):
            (self.folder / name).symlink_to(f"usr/{name}")
        (self.folder / "var/run").symlink_to("/run")
        for name, text in _ETC.items():
            self.write(f"etc/{name}", text)
        for unit in _MASKED:
            (self.folder / "etc/systemd/system" / unit).symlink_to("/dev/null")
        for name in ("ld.so.cache", "ssl/openssl.cnf"):
            self.write(f"etc/{name}", Path("/etc", name).read_bytes())

    def install(self, wheel: Path) -> None:
        """`dotlocal` with all it can need, in /opt/dotlocal, for the system's Python."""
        self.inside(_PYTHON, "-m", "venv", "--without-pip", "/opt/dotlocal")
        (packages,) = (self.folder / "opt/dotlocal/lib").glob("python*/site-packages")
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", str(packages), str(wheel)], check=True)
        for module in (cryptography, cffi, pycparser):
            origin = Path(module.__file__ or "").parent
            shutil.copytree(origin, packages / origin.name)
        for compiled in Path(cffi.__file__ or "").parents[1].glob("_cffi_backend*"):
            shutil.copy(compiled, packages)
        command = (packages / "bin/dotlocal").read_text().partition("\n")[2]
        self.write("opt/dotlocal/bin/dotlocal", f"#!/opt/dotlocal/bin/python\n{command}", mode=0o755)

    def write(self, path: str, contents: str | bytes, *, mode: int = 0o644) -> None:
        """A file of the image, whatever the umask is."""
        target = self.folder / path
        target.parent.mkdir(parents=True, mode=0o755, exist_ok=True)
        target.write_bytes(contents.encode() if isinstance(contents, str) else contents)
        target.chmod(mode)

    def inside(self, *words: str) -> str:
        """Run a command in the image, as its build does; nothing is booted."""
        command = ["unshare", "--mount", "sh", str(_SCRIPT), "inside", str(self.folder), "rw", *words]
        return _out(command)

    def boot(self, *, writable: bool = True) -> float:
        """Boot, and wait until everything that is enabled has been started; how long that took, in seconds."""
        began = time.monotonic()
        words = ["boot", str(self.folder), "rw" if writable else "ro", self._group]
        self._outer = subprocess.Popen(["unshare", "--mount", "sh", str(_SCRIPT), *words])
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        self._pid = 0
        while not self._pid:
            assert self._outer.poll() is None and time.monotonic() - began < PATIENCE, "it doesn't boot"
            time.sleep(0.02)
            with suppress(OSError):  # one that has ended meanwhile
                for child in children.read_text().split():
                    if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                        self._pid = int(child)
        while self("systemctl", "is-system-running") not in ("running", "degraded"):
            assert time.monotonic() - began < PATIENCE, self("systemctl", "list-jobs")
            time.sleep(0.05)
        return time.monotonic() - began

    def power_off(self) -> float:
        """As the button does it (systemd(1), signals); how long that took, in seconds."""
        assert self._outer
        began = time.monotonic()
        os.kill(self._pid, signal.SIGRTMIN + 4)
        self._outer.wait(PATIENCE)
        self._forget()
        return time.monotonic() - began

    def unplug(self) -> None:
        """End it at once, if it runs."""
        if self._outer:
            self._outer.kill()  # and with it, by --kill-child, all that is in there
            self._outer.wait(PATIENCE)
            self._forget()

    def _forget(self) -> None:
        self._outer, self._pid = None, 0
        swept = (
            'mount --make-rprivate / && mount -t cgroup2 none /mnt && find "/mnt/$0" -depth -type d -exec rmdir {} +'
        )
        sweep = ["unshare", "--mount", "sh", "-c", swept, self._group]
        for _ in range(50):  # until the kernel has buried them all
            if not subprocess.run(sweep, capture_output=True).returncode:
                return
            time.sleep(0.05)

    def __call__(self, *words: str) -> str:
        """What a command says in there, whatever its exit status is."""
        done = subprocess.run(self._entered(words), capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout.strip()

    def ok(self, *words: str) -> str:
        """What a command says in there; it must end well."""
        return _out(self._entered(words))

    def _entered(self, words: tuple[str, ...]) -> list[str]:
        into = ["nsenter", f"--target={self._pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
        environment = ["env", "-i", "PATH=/opt/dotlocal/bin:/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8"]
        return [*into, *environment, *words]

    def show(self, unit: str, what: str) -> str:
        """A property of a unit."""
        return self("systemctl", "show", "--value", "--property", what, unit)

    def main_pid(self, unit: str) -> str:
        """Of a service that runs."""
        return self.show(unit, "MainPID")

    def served(self, address: str, port: int = 443, *, name: str = "") -> Served:
        """Ask openssl, in there: by the name, or by the address without one."""
        asked = ["-servername", name, "-verify_hostname", name] if name else ["-noservername", "-verify_ip", address]
        words = ["s_client", "-connect", f"{address}:{port}", "-CAfile", "/customer/root.pem", *asked]
        said = self("sh", "-c", 'exec openssl "$@" </dev/null 2>&1', "sh", *words)
        found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", said, re.S)
        assert found, said
        verdict = re.search(r"Verify return code: (.*)", said)
        certificate = x509.load_pem_x509_certificate(found[0].encode())
        return Served("Verify return code: 0 (ok)" in said, certificate, verdict[1] if verdict else said)

    def journal(self, *words: str) -> str:
        """What units said."""
        return self("journalctl", "--no-pager", "--output=cat", *words)


def _out(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 2)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout.strip()
