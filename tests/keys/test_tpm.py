"""Keys in a TPM, judged by tpm2-tools, which know nothing of us."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from keyed import Keyed
from tokens import SoftwareTpm

from installed import Command
from tools import program


def facts(device: Keyed) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in device.key_file.read_text().splitlines()[1:])


def tpm2(place: SoftwareTpm, name: str, *words: str) -> str:
    """One of tpm2-tools, speaking to the same TPM."""
    environment = {**os.environ, "TPM2TOOLS_TCTI": f"swtpm:path={place.socket}"}
    done = subprocess.run([program(f"tpm2_{name}"), *words], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_key_never_leaves(tpm: SoftwareTpm, tmp_path: Path, dotlocal: Command) -> None:
    """The TPM itself says of the key: made inside, fixed to this TPM and this parent."""
    device = Keyed(tmp_path, dotlocal, tpm).made()
    for half in ("public", "private"):
        blob = bytes.fromhex(facts(device)[half])
        (tmp_path / half).write_bytes(len(blob).to_bytes(2, "big") + blob)
    storage = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
    tpm2(tpm, "createprimary", "-Q", "-C", "o", "-G", "ecc256", "-a", storage, "-c", f"{tmp_path}/parent")
    halves = ["-u", f"{tmp_path}/public", "-r", f"{tmp_path}/private"]
    tpm2(tpm, "load", "-Q", "-C", f"{tmp_path}/parent", *halves, "-c", f"{tmp_path}/key")
    tpm2(tpm, "flushcontext", "-t")
    shown = tpm2(tpm, "readpublic", "-c", f"{tmp_path}/key")
    assert "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign\n" in shown
    assert facts(device)["point"] == "04" + "".join(
        line.split(": ")[1] for line in shown.splitlines() if line.startswith(("  x: ", "  y: ", "x: ", "y: "))
    )


def test_nothing_stays_loaded(tpm: SoftwareTpm, tmp_path: Path, dotlocal: Command) -> None:
    """Five boots on a TPM without a resource manager, which has room for three keys: all succeed, none is left."""
    device = Keyed(tmp_path, dotlocal, tpm).made()
    for _ in range(5):
        assert device.boot().status == 0
    assert tpm2(tpm, "getcap", "handles-transient") == ""


def test_persistent_parent(tpm: SoftwareTpm, tmp_path: Path, dotlocal: Command) -> None:
    """A storage key at 0x81000001, and an owner with a password: `parent` names it, and nothing else is needed."""
    storage = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
    tpm2(tpm, "createprimary", "-Q", "-C", "o", "-G", "ecc256", "-a", storage, "-c", f"{tmp_path}/parent")
    tpm2(tpm, "evictcontrol", "-Q", "-C", "o", "-c", f"{tmp_path}/parent", "0x81000001")
    tpm2(tpm, "flushcontext", "-t")
    tpm2(tpm, "changeauth", "-c", "owner", "secret")
    device = Keyed(tmp_path, dotlocal, tpm)
    done = device.init()
    assert (done.status, done.code, done.hinted) == (1, "token-refused", True), done
    device.configure(f"{tpm.settings}parent = 0x81000001\n")
    assert device.made().verified() == "OK"
    assert facts(device)["parent"] == "81000001"


def test_moved_device_node(tpm: SoftwareTpm, tmp_path: Path, dotlocal: Command) -> None:
    """`device` changes in device.toml: another init follows, with the same key and the same request."""
    device = Keyed(tmp_path, dotlocal, tpm).made()
    request = device.init().out
    (tmp_path / "elsewhere").symlink_to(tpm.socket)
    device.configure(f'[key]\nkind = "tpm"\ndevice = "{tmp_path}/elsewhere"\n')
    assert device.init().out == request
    assert facts(device)["device"] == f"{tmp_path}/elsewhere"
    assert device.boot().status == 0
    device.configure(f'[key]\nkind = "tpm"\ndevice = "{tmp_path}/nowhere"\n')
    assert device.init().code == "token-away"
    assert device.boot().status == 0


def test_no_tpm(tmp_path: Path, dotlocal: Command, tpm: SoftwareTpm) -> None:
    """What is named is no TPM but an empty file: `token-away`, no state is written."""
    (tmp_path / "no-tpm").touch()
    device = Keyed(tmp_path, dotlocal, tpm)
    device.configure(f'[key]\nkind = "tpm"\ndevice = "{tmp_path}/no-tpm"\n')
    done = device.init()
    assert (done.status, done.code, done.hinted) == (1, "token-away", True), done
    assert not device.key_file.exists()


def test_boot_on_the_standard_library(tpm: SoftwareTpm, tmp_path: Path, dotlocal: Command, bare: Command) -> None:
    """An environment with the wheel and nothing else: a device with a TPM key boots."""
    device = Keyed(tmp_path, dotlocal, tpm).made()
    device.command = bare
    assert device.boot().status == 0
    assert device.verified() == "OK"
