"""Windows registry files: version 5.00, UTF-16LE with a byte order mark, CRLF, as regedit writes and reads them."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence

_HEAD = "Windows Registry Editor Version 5.00"


def encode(keys: Mapping[str, Mapping[str, str | None]]) -> bytes:
    """Keys below HKEY_LOCAL_MACHINE with their REG_SZ values; None takes a value away."""
    lines = [_HEAD, ""]
    for key, values in keys.items():
        if any(value is not None for value in values.values()):
            # those above it too: regedit makes them by itself, other readers of the format don't
            above = key.split("\\")[:-1]
            for depth in range(2, len(above) + 1):
                lines += [rf"[HKEY_LOCAL_MACHINE\{_joined(above[:depth])}]", ""]
        lines.append(rf"[HKEY_LOCAL_MACHINE\{key}]")
        lines += [f'"{name}"={_quoted(value)}' for name, value in values.items()]
        lines.append("")
    return codecs.BOM_UTF16_LE + ("\r\n".join(lines) + "\r\n").encode("utf-16-le")


def _joined(parts: Sequence[str]) -> str:
    return "\\".join(parts)


def _quoted(value: str | None) -> str:
    if value is None:
        return "-"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
