# Boot path of sealed keys: no typing, dataclasses, enum, re or json at run time.
"""A P-256 key in a file that only this machine can open: sealed with systemd-creds(1), unsealed in memory alone.

Opening it takes root. A service that isn't root is given the open key by systemd (`LoadCredentialEncrypted=`).
"""

import os
import subprocess

from dotlocal.core.errors import Refused
from dotlocal.host import files, keys
from dotlocal.host.keys import Key

_NAME = "dotlocal-device-ca"
_SECONDS = 30
# No PCR: a key that lives for decades must survive every update of firmware and boot loader.
_ENCRYPT = ("encrypt", f"--name={_NAME}", "--with-key=auto", "--tpm2-pcrs=", "-", "-")
_DECRYPT = ("decrypt", f"--name={_NAME}", "--newline=no", "-", "-")


def make(facts: "dict[str, str]", path: str) -> "dict[str, str]":
    """Make a key and seal it; refuses `seal-failed`."""
    key = keys.generate()
    sealed = _creds(_ENCRYPT, keys.write_pem("PRIVATE KEY", key.pkcs8()).encode(), "seal-failed")
    return {**facts, "point": key.point.hex(), "sealed": "".join(sealed.decode().split())}


def load(facts: "dict[str, str]", path: str) -> Key:
    """Unseal a key, or take it from systemd; refuses `unseal-failed`, and `key-damaged` for another one than the file
    speaks of.
    """
    if not facts.keys() >= {"point", "sealed"}:
        raise Refused("key-damaged", f"{path} lacks the sealed key")
    given = os.path.join(os.environ.get("CREDENTIALS_DIRECTORY", ""), _NAME)
    if os.path.isabs(given) and os.path.exists(given):
        text = files.read(given)
    else:
        text = _creds(_DECRYPT, facts["sealed"].encode(), "unseal-failed")
    key = keys.read_pem(text.decode(errors="replace"))
    if key.point.hex() != facts["point"]:
        raise Refused("key-damaged", f"what was sealed is another key than the one that {path} speaks of")
    return key


def destroy(facts: "dict[str, str]", path: str) -> None:
    """Nothing: the key file was all there is."""


def _creds(words: "tuple[str, ...]", given: bytes, code: str) -> bytes:
    try:
        # through pipes, so that the key is never in a file or in a list of processes
        done = subprocess.run(
            ["systemd-creds", *words], input=given, capture_output=True, timeout=_SECONDS, check=False
        )
    except FileNotFoundError:
        raise Refused(code, "systemd-creds is not installed", hint="it comes with systemd 250 and later") from None
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused(code, f"systemd-creds did not end well: {error}") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise Refused(
            code, f"systemd-creds ended with {done.returncode} and said {said[-1]!r}",
            hint="only root can open it, here, in a state of its own; others get it by LoadCredentialEncrypted=",
        )  # fmt: skip
    return done.stdout
