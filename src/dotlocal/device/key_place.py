"""The `[key]` table of device.toml: where the device CA's key is made, and how it is reached there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.host.custody import Place
from dotlocal.host.tpm import DEVICE, OWNER

_PERSISTENT = range(0x81000000, 0x82000000)  # TPM 2.0 Library, part 2, 7.4


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Refused("wrong-type", f"key.{key} must be a text, not {value!r}")
    return value


def _path(key: str, value: Any) -> str:
    if not _text(key, value).startswith("/"):
        raise Refused("config-value", f"key.{key} is {value!r}; it must be a path that starts with /")
    return str(value)


def _hex(key: str, value: Any) -> str:
    try:
        return bytes.fromhex(_text(key, value)).hex()
    except ValueError:
        raise Refused("config-value", f"key.{key} is {value!r}; it must be CKA_ID in hexadecimal") from None


def _handle(key: str, value: Any) -> str:
    if type(value) is not int or value not in _PERSISTENT:
        raise Refused("config-value", f"key.{key} is {value!r}; it must be a persistent handle, as in 0x81000001")
    return f"{value:x}"


def _flag(key: str, value: Any) -> str:
    if type(value) is not bool:
        raise Refused("wrong-type", f"key.{key} must be true or false, not {value!r}")
    return "1" if value else ""


# What each kind knows and, where it may be left out, what it then is.
_KNOWN: dict[str, dict[str, Callable[[str, Any], str]]] = {
    "file": {"sealed": _flag},
    "tpm": {"device": _path, "parent": _handle},
    "pkcs11": {
        "module": _path, "token": _text, "label": _text, "id": _hex, "pin_file": _path, "pin_credential": _text,
    },
}  # fmt: skip
_DEFAULTS = {"file": {}, "tpm": {"device": DEVICE, "parent": f"{OWNER:x}"}, "pkcs11": {"label": "dotlocal"}}
_NEEDED = {"file": (), "tpm": (), "pkcs11": ("module", "token")}


def parse(table: Mapping[str, Any]) -> Place:
    """The place that a `[key]` table names; refuses `unknown-key`, `wrong-type`, `config-value`."""
    kind = table.get("kind", "file")
    if kind not in _KNOWN:
        raise Refused("config-value", f"key.kind is {kind!r}; it can be {', '.join(_KNOWN)}")
    known = _KNOWN[kind]
    given = {key: value for key, value in table.items() if key != "kind"}
    if unknown := sorted(set(given) - set(known)):
        raise Refused(
            "unknown-key", f"device.toml has {', '.join(f'key.{key}' for key in unknown)}",
            hint=f"a key of the kind {kind} knows {', '.join(f'key.{key}' for key in known)}",
        )  # fmt: skip
    if missing := [key for key in _NEEDED[kind] if key not in given]:
        raise Refused("config-value", f"a key of the kind {kind} needs {', '.join(f'key.{key}' for key in missing)}")
    if "pin_file" in given and "pin_credential" in given:
        raise Refused("config-value", "key.pin_file and key.pin_credential exclude each other")
    facts = {key.replace("_", "-"): known[key](key, value) for key, value in given.items()}
    if kind == "file":
        return Place("sealed" if facts.get("sealed") else "file")
    return Place(kind, {**_DEFAULTS[kind], **facts})
