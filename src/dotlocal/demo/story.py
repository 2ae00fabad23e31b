"""`dotlocal demo`: two devices of one vendor, from the ceremony to the padlock, and what a thief can't do.

1. ceremony             2. station              3. two devices: key, birth record, boot, HTTPS
4. a client that trusts only the root           5. renamed, and another address
6. what a thief of a device CA would sign       7. stay up for a browser
"""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dotlocal.core.errors import Refused
from dotlocal.demo import thief
from dotlocal.demo.client import Visit, visit

Say = Callable[[str], None]
_SERVE_SECONDS = 15
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<body style="font: 1.2em sans-serif; margin: 4em auto; max-width: 34em">
<h1>{name}</h1><p>This page came over HTTPS, from a certificate that this device made for itself when it booted.</p>
"""


@dataclass(slots=True)
class DemoDevice:
    """One device of the story: its folder, its names of the moment, and the server in front of its page."""

    folder: Path
    serial: str
    name: str
    address: str
    port: int = 0
    server: subprocess.Popen[str] | None = None

    def configure(self) -> None:
        """Write device.toml, and the page that names the device."""
        text = f'hostnames = ["{self.name}"]\naddresses = ["{self.address}"]\n'
        (self.folder / "device.toml").write_text(text)
        (self.folder / "www").mkdir(exist_ok=True)
        (self.folder / "www" / "index.html").write_text(_PAGE.format(name=self.name))

    @property
    def boot_words(self) -> list[str]:
        """`device boot`, for this device."""
        folder = self.folder
        places = ["--state", f"{folder}/state", "--run", f"{folder}/run", "--config", f"{folder}/device.toml"]
        return ["device", "boot", "--quiet", *places]


@dataclass(slots=True)
class Story:
    """The demo at work in a folder. `failures` counts the checks that did not come out as told."""

    folder: Path
    say: Say
    devices: list[DemoDevice] = field(default_factory=list)
    failures: int = 0

    @property
    def root(self) -> Path:
        """The root certificate."""
        return self.folder / "root" / "root.pem"

    def tell(self) -> None:
        """The story up to the thief; the devices stay up until `stop`."""
        self._ceremony()
        for serial, name, address in (
            ("SN0007", "press-07.local", "192.168.77.7"),
            ("SN0008", "press-08.local", "192.168.77.8"),
        ):
            self._device(serial, name, address)
        self._visits()
        self._rename(self.devices[0])
        self._thief()

    def stop(self) -> None:
        """End the servers."""
        for device in self.devices:
            if device.server:
                device.server.terminate()
        for device in self.devices:
            if device.server:
                device.server.wait(timeout=10)

    def _ceremony(self) -> None:
        self.say("1. the vendor's ceremony: a root from a reviewed plan, rehearsed first")
        secret = self.folder / "passphrase"
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(24) + "\n")
        opened = ["--home", f"{self.folder}/root", "--passphrase-file", str(secret)]
        plan = f"{self.folder}/plan.toml"
        self._run("root", "plan", "--out", plan)
        self._run("root", "create", plan, "--rehearse")
        self._run("root", "create", plan, *opened)
        self.say("2. the production station: its request, the root's answer")
        station = ["--home", f"{self.folder}/factory"]
        self._run("factory", "init", "--name", "line 1", *station, "--out", f"{self.folder}/station.pem")
        self._run("root", "sign", f"{self.folder}/station.pem", *opened, "--out", f"{self.folder}/factory.pem")
        self._run("factory", "accept", f"{self.folder}/factory.pem", *station)

    def _device(self, serial: str, name: str, address: str) -> None:
        self.say(f"3. device {serial}: its own key, its device CA, and its first boot as {name}")
        device = DemoDevice(self.folder / serial, serial, name, address)
        device.folder.mkdir()
        device.configure()
        self.devices.append(device)
        state = ["--state", f"{device.folder}/state"]
        request, birth = f"{device.folder}/request.pem", f"{device.folder}/birth.pem"
        self._run("device", "init", "--serial", serial, *state, "--out", request)
        self._run("factory", "provision", request, "--home", f"{self.folder}/factory", "--out", birth)
        self._run("device", "adopt", birth, *state)
        self._run(*device.boot_words)
        self._serve(device)

    def _serve(self, device: DemoDevice) -> None:
        words = ["device", "serve", "--listen", "127.0.0.1:0", "--folder", f"{device.folder}/www"]
        device.server = subprocess.Popen(
            [*_command(), *words, "--run", f"{device.folder}/run"], stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + _SERVE_SECONDS
        told: list[str] = []
        while device.server.stderr and time.monotonic() < deadline and (line := device.server.stderr.readline()):
            told.append(line.strip())
            if "serving https on" in line:
                device.port = int(line.rsplit(" ", 1)[1])
                return
        raise Refused("demo-failed", f"`dotlocal device serve` did not start: {'; '.join(told)}")

    def _visits(self) -> None:
        self.say("4. a client that trusts the root, and nothing else")
        for device in self.devices:
            for host in (device.name, device.address):
                self._expect(visit(self.root, host, device.port), accepted=True)

    def _rename(self, device: DemoDevice) -> None:
        before = visit(self.root, device.name, device.port)
        self.say(f"5. the customer renames {device.name} to kitchen.local and gives it another address")
        device.name, device.address = "kitchen.local", "192.168.77.70"
        device.configure()
        self._run(*device.boot_words)
        for host in (device.name, device.address):
            after = visit(self.root, host, device.port)
            self._expect(after, accepted=True)
            self._check("   with a new key", before.key_id != after.key_id)
        self._expect(visit(self.root, before.host, device.port), accepted=False)

    def _thief(self) -> None:
        self.say("6. what a thief of a device CA would sign")
        for forgery in thief.forgeries(self.devices[1].folder / "state"):
            with thief.serving(forgery, self.folder) as port:
                self._expect(visit(self.root, forgery.host, port), accepted=False, title=forgery.title)

    def _expect(self, came: Visit, *, accepted: bool, title: str = "") -> None:
        verdict = "accepted" if came.accepted else "refused"
        told = came.says if not came.accepted else f"certificate {came.serial[:8]}…"
        self._check(
            f"   {title + ': ' if title else ''}https://{came.host} {verdict}: {told}", came.accepted == accepted
        )

    def _check(self, told: str, good: bool) -> None:
        self.failures += not good
        self.say(f"{told} {'✓' if good else '✗ (this is not as it should be)'}")

    def _run(self, *words: str) -> None:
        self.say(f"   $ dotlocal {shlex.join(words).replace(str(self.folder), '.')}")
        done = subprocess.run([*_command(), *words], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise Refused("demo-failed", f"`dotlocal {words[0]} {words[1]}` failed: {done.stderr.strip()}")


def invitation(story: Story) -> str:
    """Where to point a browser, how to import the root into a profile that can be thrown away, and how to stop."""
    home = f"{story.folder}/browser"
    rules = ", ".join(f"MAP {device.name} 127.0.0.1" for device in story.devices)
    pages = "\n".join(f"     https://{device.name}:{device.port}/" for device in story.devices)
    first = story.devices[0]
    return f"""7. both devices stay up:
{pages}
   Chromium, in a profile of its own that trusts the root (certutil is in libnss3-tools):
     mkdir -p {home}/.pki/nssdb
     certutil -N -d sql:{home}/.pki/nssdb --empty-password
     certutil -A -d sql:{home}/.pki/nssdb -n demo -t C,, -i {story.root}
     HOME={home} chromium --user-data-dir={home}/chromium --host-resolver-rules="{rules}" https://{first.name}:{first.port}/
   Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import: {story.root}
   curl --cacert {story.root} --resolve {first.name}:{first.port}:127.0.0.1 https://{first.name}:{first.port}/
   Ctrl-C stops it and removes {story.folder}"""


def _command() -> list[str]:
    installed = os.path.join(os.path.dirname(sys.executable), "dotlocal")
    return [installed] if os.access(installed, os.X_OK) else [sys.executable, "-m", "dotlocal"]
