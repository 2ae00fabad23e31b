"""Keys that systemd-creds has sealed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from keyed import Keyed
from tokens import SealedFile

from installed import Command
from tools import program


def sealed(device: Keyed) -> bytes:
    """What the key file holds after `sealed `, as the integrator's guide takes it out."""
    command = ["sed", "-n", "s/^sealed //p", str(device.key_file)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_service_that_may_not_unseal(tmp_path: Path, dotlocal: Command) -> None:
    """LoadCredentialEncrypted= → systemd unseals the key for a service that could not, and it boots."""
    device = Keyed(tmp_path, dotlocal, SealedFile(tmp_path)).made()
    nowhere = tmp_path / "nowhere"
    nowhere.mkdir()
    device.place.environment["PATH"] = str(nowhere)
    done = device.boot()
    assert (done.status, done.code, done.hinted) == (1, "unseal-failed", True), done
    unseal = [program("systemd-creds"), "decrypt", "--name=dotlocal-device-ca", "-", "-"]
    opened = subprocess.run(unseal, input=sealed(device), check=True, capture_output=True).stdout
    (nowhere / "dotlocal-device-ca").write_bytes(opened)
    device.place.environment["CREDENTIALS_DIRECTORY"] = str(nowhere)
    assert device.boot().status == 0
    assert device.verified() == "OK"


def test_unsealed_to_something_else(tmp_path: Path, dotlocal: Command) -> None:
    """What is unsealed is not the key that the file speaks of: `key-damaged`."""
    device = Keyed(tmp_path, dotlocal, SealedFile(tmp_path)).made()
    (tmp_path / "dotlocal-device-ca").write_text("-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n")
    device.place.environment["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    assert device.boot().code == "key-damaged"
