"""Reading device.toml: every key known, every value checked. Boot runs this as a child process, only when the file
has changed, so that a device at rest never carries a TOML parser around.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from dotlocal.core.errors import Refused
from dotlocal.core.findings import LeftOut
from dotlocal.core.names import Address, HostName
from dotlocal.device import key_place
from dotlocal.device.handover import servers
from dotlocal.device.serve import command
from dotlocal.device.settings import Settings
from dotlocal.device.time import MOST_DAYS
from dotlocal.host import files

_Apply = Callable[[Settings, Any], None]
_MOST_SECONDS = 300
_FEWEST_DAYS = 2  # one of them lies in the past, for browsers whose clock runs behind


def parse(text: bytes, source: str) -> Settings:
    """Settings from TOML. Refuses by the key's name: `config-unreadable`, `unknown-key`, `wrong-type`, `config-value`,
    `endpoint`. A host name or an address that can't be used is no mistake of the file: boot leaves it out and says so.
    """
    try:
        table = tomllib.loads(text.decode())
        repr(table)  # a hexadecimal number of thousands of digits can be read, and never be told about
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of thousands of digits
        raise Refused("config-unreadable", f"device.toml is no TOML: {error}") from None
    settings = Settings()
    settings.source = source
    _apply(settings, table, _KEYS, "")
    if settings.serve_to and settings.serve_folder:
        raise Refused("config-value", "serve.to and serve.folder exclude each other")
    return settings


def _apply(settings: Settings, table: Mapping[str, Any], known: Mapping[str, _Apply], prefix: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise Refused(
            "unknown-key", f"device.toml has {', '.join(prefix + key for key in unknown)}",
            hint=f"it knows {', '.join(prefix + key for key in known)}",
        )  # fmt: skip
    for key, value in table.items():
        known[key](settings, value)


def _hostnames(settings: Settings, value: Any) -> None:
    for text in _texts("hostnames", value):
        try:
            settings.hostnames.append(HostName.parse(text).text)
        except Refused:
            settings.hostnames.append(text)  # boot parses it again, and lists it with the reason


def _addresses(settings: Settings, value: Any) -> None:
    for text in _texts("addresses", value):
        try:
            settings.addresses.append(Address.parse(text))
        except Refused as refused:
            settings.refused.append(LeftOut(text, "ip", refused.code, refused.message))


def _interfaces(settings: Settings, value: Any) -> None:
    settings.interfaces = _texts("interfaces", value)


def _suffixes(settings: Settings, value: Any) -> None:
    settings.suffixes = _of(bool, "suffixes", value, "true or false")


def _days(settings: Settings, value: Any) -> None:
    settings.days = _day_count("days", value)


def _unknown_clock_days(settings: Settings, value: Any) -> None:
    settings.unknown_clock_days = _day_count("unknown_clock_days", value)


def _built(settings: Settings, value: Any) -> None:
    if isinstance(value, datetime):
        settings.built = int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    elif isinstance(value, date):
        settings.built = int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    else:
        raise Refused("wrong-type", f"built must be a date, as in built = 2026-11-23, not {value!r}")


def _keep_while_unchanged(settings: Settings, value: Any) -> None:
    settings.keep_while_unchanged = _of(bool, "keep_while_unchanged", value, "true or false")


def _browser_time(settings: Settings, value: Any) -> None:
    settings.browser_time = _of(bool, "browser_time", value, "true or false")


def _group(settings: Settings, value: Any) -> None:
    settings.group = _of(str, "group", value, "the name of a group")


def _key(settings: Settings, value: Any) -> None:
    settings.key = key_place.parse(_of(dict, "key", value, "a table"))


def _serve(settings: Settings, value: Any) -> None:
    _apply(settings, _of(dict, "serve", value, "a table"), _SERVE_KEYS, "serve.")


def _endpoint(key: str, value: Any) -> str:
    text: str = _of(str, key, value, "HOST:PORT")
    if text:
        command.endpoint(key, text)
    return text


def _serve_listen(settings: Settings, value: Any) -> None:
    settings.serve_listen = _endpoint("serve.listen", value)


def _serve_to(settings: Settings, value: Any) -> None:
    settings.serve_to = _endpoint("serve.to", value)


def _serve_folder(settings: Settings, value: Any) -> None:
    settings.serve_folder = _of(str, "serve.folder", value, "a path")


def _serve_http_listen(settings: Settings, value: Any) -> None:
    settings.serve_http_listen = _endpoint("serve.http_listen", value)


def _serve_probe_listen(settings: Settings, value: Any) -> None:
    settings.serve_probe_listen = _endpoint("serve.probe_listen", value)


def _serve_redirect(settings: Settings, value: Any) -> None:
    settings.serve_redirect = _of(bool, "serve.redirect", value, "true or false")


def _serve_hsts(settings: Settings, value: Any) -> None:
    settings.serve_hsts = _of(bool, "serve.hsts", value, "true or false")


def _handover(settings: Settings, value: Any) -> None:
    table = _of(dict, "handover", value, "a table")
    name = _of(str, "handover.server", table.get("server", ""), "the name of a server")
    keys = servers.row_of(name).keys
    _apply(settings, table, {key: partial(_handover_key, key) for key in (*servers.COMMON_KEYS, *keys)}, "handover.")
    if "command" in keys and not settings.handover_command:
        raise Refused("config-value", "handover.command is missing", hint='as in ["systemctl", "reload", "x"]')
    servers.Server(settings.handover, settings.handover_command)


def _handover_key(key: str, settings: Settings, value: Any) -> None:
    spoken = f"handover.{key}"
    if key == "command":
        settings.handover_command = _texts(spoken, value)
    elif key == "seconds":
        if not 1 <= _of(int, spoken, value, "a whole number") <= _MOST_SECONDS:
            raise Refused("config-value", f"{spoken} is {value}; it can be 1 to {_MOST_SECONDS}")
        settings.handover[key] = str(value)
    else:
        settings.handover[key] = _of(str, spoken, value, "a string")
        if key == "when" and value not in (servers.BOOT, servers.ASKED):
            raise Refused("config-value", f"{spoken} is {value!r}; it can be {servers.BOOT} or {servers.ASKED}")


def _own(settings: Settings, value: Any) -> None:
    _apply(settings, _of(dict, "own", value, "a table"), {"acme": _own_acme}, "own.")


def _own_acme(settings: Settings, value: Any) -> None:
    keys = {key: partial(_own_acme_key, key) for key in ("challenge", "webroot", "hook", "listen")}
    _apply(settings, _of(dict, "own.acme", value, "a table"), keys, "own.acme.")


def _own_acme_key(key: str, settings: Settings, value: Any) -> None:
    settings.own_acme[key] = _of(str, f"own.acme.{key}", value, "a string")


_KEYS: dict[str, _Apply] = {
    "hostnames": _hostnames, "addresses": _addresses, "interfaces": _interfaces, "suffixes": _suffixes, "days": _days,
    "unknown_clock_days": _unknown_clock_days, "built": _built, "group": _group, "key": _key, "serve": _serve,
    "handover": _handover, "own": _own, "keep_while_unchanged": _keep_while_unchanged, "browser_time": _browser_time,
}  # fmt: skip
_SERVE_KEYS: dict[str, _Apply] = {
    "listen": _serve_listen, "to": _serve_to, "folder": _serve_folder, "http_listen": _serve_http_listen,
    "probe_listen": _serve_probe_listen, "redirect": _serve_redirect, "hsts": _serve_hsts,
}  # fmt: skip


def _day_count(key: str, value: Any) -> int:
    days: int = _of(int, key, value, "a whole number")
    if not _FEWEST_DAYS <= days <= MOST_DAYS:
        raise Refused(
            "config-value", f"{key} is {days}; it can be {_FEWEST_DAYS} to {MOST_DAYS}, beyond which Apple refuses"
        )  # fmt: skip
    return days


def _texts(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused("wrong-type", f"{key} must be a list of strings, not {value!r}")
    return value


def _of(kind: type, key: str, value: Any, spoken: str) -> Any:
    if type(value) is not kind:
        raise Refused("wrong-type", f"{key} must be {spoken}, not {value!r}")
    return value


def main(path: str, source: str) -> int:
    """Print the settings that boot keeps, or the refusal as one line: code, a tab, message."""
    try:
        sys.stdout.write(parse(files.read(path), source).dump())
    except Refused as refused:
        sys.stdout.write(f"{refused.code}\t{refused.message}" + (f"; {refused.hint}" if refused.hint else ""))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
