"""Keys in a PKCS#11 token: what the token says of them, PINs that are wrong, packages that are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from keyed import Keyed
from tokens import PIN, SoftwareToken

from dotlocal.core.errors import Refused
from dotlocal.host import custody, pkcs11_worker
from installed import Command
from others import WATCHER, Others, give
from tools import package, program

# In a process of its own: SoftHSM reads its configuration once.
_ASK = """
import pkcs11, sys
from pkcs11 import Attribute
token = pkcs11.lib(sys.argv[1]).get_token(token_label="press-07")
with token.open(user_pin=sys.argv[2]) as session:
    for key in session.get_objects({Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}):
        print(key[Attribute.LABEL], key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE], key[Attribute.LOCAL],
              key[Attribute.ALWAYS_SENSITIVE], key[Attribute.NEVER_EXTRACTABLE])
"""


def keys_in(token: SoftwareToken) -> list[str]:
    environment = {**os.environ, **token.environment}
    command = [sys.executable, "-c", _ASK, token.module, PIN]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.splitlines()


def test_key_never_leaves(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """One private key in the token: sensitive, not extractable, made there, and so from the beginning."""
    Keyed(tmp_path, dotlocal, token).made()
    assert keys_in(token) == ["dotlocal True False True True True"]


def test_forced_init_leaves_one_key(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """init --force → the old key is removed from the token, which may have few places."""
    device = Keyed(tmp_path, dotlocal, token).made()
    device.init("--force")
    assert len(keys_in(token)) == 1


def test_key_that_was_there_before(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """The state was lost, the token kept its key: `id` names it, and the birth record of before fits."""
    device = Keyed(tmp_path, dotlocal, token).made()
    before = device.current.full[1].public_key()
    (key_id,) = (line.split()[1] for line in device.key_file.read_text().splitlines() if line.startswith("id "))
    device.key_file.unlink()
    device.configure(f'{token.settings}id = "{key_id}"\n')
    device.made()
    assert device.verified() == "OK"
    assert device.current.full[1].public_key() == before
    device.init("--force")
    assert len(keys_in(token)) == 1


def test_wrong_pin_is_said_once(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """A wrong PIN: `pin-wrong`; at every later boot `pin-not-tried`, until the file holds another PIN."""
    device = Keyed(tmp_path, dotlocal, token).made()
    token.pin_file.write_text("999999")
    assert [device.boot().code for _ in range(3)] == ["pin-wrong", "pin-not-tried", "pin-not-tried"]
    assert "999999" not in (tmp_path / "state" / "pin-refused").read_text()
    assert device.verified() == "OK"
    token.pin_file.write_text(PIN)
    assert device.boot().status == 0
    assert not (tmp_path / "state" / "pin-refused").exists()


@pytest.mark.parametrize("flag", ["USER_PIN_FINAL_TRY", "USER_PIN_LOCKED"])
def test_last_try_is_never_spent(tmp_path: Path, flag: str) -> None:
    """The token says that one more wrong PIN locks it: not even a PIN that may be right is tried."""
    package("pkcs11")
    from pkcs11 import TokenFlag

    token = SimpleNamespace(flags=TokenFlag[flag])
    with pytest.raises(Refused) as refused:
        pkcs11_worker.check_pin(PIN.encode(), token, {"token": "press-07"}, str(tmp_path / "device-ca.key"))
    assert refused.value.code == "pin-not-tried"


def test_pin_that_is_not_there(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """No PIN file: `pin-missing`."""
    device = Keyed(tmp_path, dotlocal, token).made()
    token.pin_file.unlink()
    assert device.boot().code == "pin-missing"


def test_pin_from_a_credential(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """`pin_credential` → the PIN is read where systemd puts it; without systemd it is `pin-missing`, with a hint."""
    device = Keyed(tmp_path, dotlocal, token)
    credential = token.pin_file.rename(tmp_path / "token-pin")
    device.configure(token.settings.replace(f'pin_file = "{token.pin_file}"', 'pin_credential = "token-pin"'))
    done = device.init()
    assert (done.code, done.hinted) == ("pin-missing", True), done
    token.environment["CREDENTIALS_DIRECTORY"] = str(credential.parent)
    assert device.made().verified() == "OK"


def test_pin_is_on_no_command_line(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """The key file and everything else in the state speak of the PIN file, never of the PIN."""
    Keyed(tmp_path, dotlocal, token).made()
    for path in (tmp_path / "state").iterdir():
        assert PIN not in path.read_text()


def test_module_that_is_not_there(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """A module that can't be loaded: `token-away`, for it may be on a file system that is mounted late."""
    device = Keyed(tmp_path, dotlocal, token)
    device.configure('[key]\nkind = "pkcs11"\nmodule = "/nowhere/module.so"\ntoken = "press-07"\n')
    done = device.init()
    assert (done.status, done.code, done.hinted) == (1, "token-away", True), done
    assert not device.key_file.exists()


def test_package_that_is_not_there(token: SoftwareToken, tmp_path: Path, dotlocal: Command, bare: Command) -> None:
    """An environment without python-pkcs11: `package-missing`, and what to install."""
    device = Keyed(tmp_path, dotlocal, token).made()
    device.command = bare
    done = device.boot()
    assert (done.status, done.code, done.hinted) == (1, "package-missing", True), done


def test_module_that_crashes(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """A module that ends its process: `token-away`, and ours goes on to say so."""
    device = Keyed(tmp_path, dotlocal, token).made()
    source, module = tmp_path / "crash.c", tmp_path / "crash.so"
    source.write_text("int C_GetFunctionList(void *list) { __builtin_trap(); }\n")
    subprocess.run([program("gcc"), "-shared", "-fPIC", "-nostdlib", "-o", str(module), str(source)], check=True)
    device.key_file.unlink()
    device.configure(f'[key]\nkind = "pkcs11"\nmodule = "{module}"\ntoken = "press-07"\n')
    done = device.init()
    assert (done.status, done.code) == (1, "token-away"), done


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be led to load another user's module")
def test_root_loads_no_module_of_another_user(token: SoftwareToken, tmp_path: Path, dotlocal: Command) -> None:
    """The state belongs to another user, who could name any module: a program of root's that loads the key is refused
    with `key-other-owner`, and `device boot` loads it as that user, who has no way to this token.
    """
    device = Keyed(tmp_path, dotlocal, token).made()
    others = Others(tmp_path, dotlocal)
    os.chown(device.key_file.parent, WATCHER, -1)
    with pytest.raises(Refused) as caught:
        custody.load(device.key_file.read_text(), str(device.key_file))
    assert (caught.value.code, bool(caught.value.hint)) == ("key-other-owner", True)
    give(WATCHER, device.run)
    done = device.boot(before=others.root)
    assert (done.status, done.code) == (1, "file-unreadable"), done
    give(WATCHER, device.key_file.parent)
    done = device.boot(before=others.root)
    assert (done.status, done.code) == (1, "token-away"), done
    give(0, device.key_file.parent, device.run)
    assert device.boot().status == 0
