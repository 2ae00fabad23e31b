"""device.toml: every key, every wrong type, and what boot keeps of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dotlocal.core.errors import Refused
from dotlocal.core.findings import LeftOut
from dotlocal.core.names import Address
from dotlocal.device import settings as device_settings
from dotlocal.device.configuration import parse
from dotlocal.device.settings import Settings


def read(text: str) -> Settings:
    return parse(text.encode(), "source")


def facts(settings: Settings) -> dict[str, object]:
    """Settings as comparable data."""
    values = {name: getattr(settings, name) for name in Settings.__slots__}
    values["refused"] = [(each.value, each.kind, each.code, each.reason) for each in settings.refused]
    return values


def test_an_empty_file_is_the_defaults() -> None:
    """Nothing said, nothing changed."""
    assert facts(read("")) == facts(Settings()) | {"source": "source"}


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ('hostnames = ["press-07.local", "PRESS.local"]', "hostnames", ["press-07.local", "press.local"]),
        ('hostnames = ["bücher.local"]', "hostnames", ["xn--bcher-kva.local"]),
        ('hostnames = ["press_7.local", "*.local"]', "hostnames", ["press_7.local", "*.local"]),  # boot says why not
        ('addresses = ["10.0.0.7", "fd00::7"]', "addresses", [Address.parse("10.0.0.7"), Address.parse("fd00::7")]),
        ('interfaces = ["eth0", "wlan0"]', "interfaces", ["eth0", "wlan0"]),
        ("suffixes = false", "suffixes", False),
        ("days = 30", "days", 30),
        ("days = 2", "days", 2),
        ("days = 824", "days", 824),
        ("unknown_clock_days = 824", "unknown_clock_days", 824),
        ("built = 2026-11-23", "built", int(datetime(2026, 11, 23, tzinfo=UTC).timestamp())),
        ("built = 2026-11-23T12:00:00Z", "built", int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())),
        ("built = 2026-11-23T12:00:00", "built", int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())),
        ("built = 2026-11-23T14:00:00+02:00", "built", int(datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp())),
        ('group = "www-data"', "group", "www-data"),
        ('serve = {listen = ":443"}', "serve_listen", ":443"),
        ('[serve]\nto = "127.0.0.1:8080"', "serve_to", "127.0.0.1:8080"),
        ('[serve]\nfolder = "/srv/www"', "serve_folder", "/srv/www"),
    ],
)  # fmt: skip
def test_every_key(text: str, name: str, value: object) -> None:
    """Each key of device.toml, as boot gets to see it, and nothing else changed."""
    assert facts(read(text)) == facts(Settings()) | {"source": "source", name: value}


@pytest.mark.parametrize(
    ("text", "value", "code"),
    [("192.168.1", "192.168.1", "not-an-address"), ("fe80::1%eth0", "fe80::1%eth0", "zone"), ("", "", "not-an-address"),
     ("192.168.1.1/24", "192.168.1.1/24", "not-an-address"), ("press.local", "press.local", "not-an-address")],
)  # fmt: skip
def test_an_address_that_is_none_is_left_out(text: str, value: str, code: str) -> None:
    """No mistake of the file: the device boots without it, and lists it with the reason."""
    settings = read(f'addresses = ["{text}", "10.0.0.1"]')
    assert [(each.value, each.kind, each.code) for each in settings.refused] == [(value, "ip", code)]
    assert settings.addresses == [Address.parse("10.0.0.1")]


WRONG_TYPES = [
    (key, wrong)
    for key, wrongs in {
        "hostnames": ['"press.local"', "7", "true", "{}", '["a", 7]', "2026-11-23"],
        "addresses": ['"10.0.0.1"', "10", "[10]", "{}"],
        "interfaces": ['"eth0"', "0", "[[]]", "{}"],
        "suffixes": ["1", '"true"', "[]", "{}"],
        "days": ['"90"', "90.0", "true", "[]", "{}"],
        "unknown_clock_days": ['"824"', "8.24", "false", "[]", "{}"],
        "built": ['"2026-11-23"', "20261123", "12:00:00", "[]", "{}"],
        "group": ["33", "[]", "true", "{}"],
        "serve": ['":443"', "443", "[]", "true"],
        "serve.listen": ["443", "[]", "true"],
        "serve.to": ["8080", "[]", "true"],
        "serve.folder": ["7", "[]", "false"],
    }.items()
    for wrong in wrongs
]


@pytest.mark.parametrize(("key", "wrong"), WRONG_TYPES)
def test_every_wrong_type_is_refused_by_name(key: str, wrong: str) -> None:
    """The refusal names the key."""
    with pytest.raises(Refused) as caught:
        read(f"{key} = {wrong}")
    assert caught.value.code == "wrong-type"
    assert caught.value.message.startswith(f"{key} must be ")


@pytest.mark.parametrize(
    ("text", "told"),
    [("hostname = []", "hostname"), ('Days = 1\nbuilt_on = "x"', "Days, built_on"), ("[srv]", "srv"),
     ("[serve]\nport = 443", "serve.port"), ("[serve.tls]", "serve.tls")],
)  # fmt: skip
def test_an_unknown_key_is_refused_by_name(text: str, told: str) -> None:
    """All of them at once, with their table, and the hint lists what there is."""
    with pytest.raises(Refused) as caught:
        read(text)
    assert (caught.value.code, bool(caught.value.hint)) == ("unknown-key", True)
    assert told in caught.value.message


@pytest.mark.parametrize("key", ["listen", "to", "http_listen", "probe_listen"])
@pytest.mark.parametrize("text", ["nonsense", "443", "127.0.0.1", ":65536", f":{'9' * 5000}", ":-1"])
def test_what_is_no_place_is_refused(key: str, text: str) -> None:
    """By the key's name, at the next boot: not by an option's that nobody gave, when the service is started."""
    with pytest.raises(Refused) as caught:
        read(f'[serve]\n{key} = "{text}"')
    assert caught.value.code == "endpoint"
    assert caught.value.message.startswith(f"serve.{key} is ")


@pytest.mark.parametrize(
    "text",
    ["days = 0", "days = 1", "days = 825", "days = -90", "unknown_clock_days = 0", "unknown_clock_days = 825",
     '[serve]\nto = "127.0.0.1:80"\nfolder = "/srv"'],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused(text: str) -> None:
    """Fewer than two days would end before a browser sees them; more than 824 Apple refuses."""
    with pytest.raises(Refused) as caught:
        read(text)
    assert caught.value.code == "config-value"


@pytest.mark.parametrize(
    "text",
    [b"days", b"days = ", b"days = 90 90", b"\xff\xfe", b"days = 1\ndays = 2", b"built = 2026-02-30", b"\0",
     b"days = " + b"9" * 5000, b"addresses = " + b"[" * 5000, b"-----BEGIN CERTIFICATE-----"],
)  # fmt: skip
def test_what_is_no_toml_is_refused(text: bytes) -> None:
    """A torn or foreign file: one code for all of them."""
    with pytest.raises(Refused) as caught:
        parse(text, "source")
    assert caught.value.code == "config-unreadable"


# what boot keeps


TEXTS = st.text(max_size=30)
ODD = "bücher.local \\ \\n \t \n \x1c \x85 \u2028 \U0001f600 'quoted' \"twice\" # no comment end 00000000"


@given(
    source=TEXTS, hostnames=st.lists(TEXTS, max_size=3), interfaces=st.lists(TEXTS, max_size=3),
    addresses=st.lists(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16), max_size=3),
    refused=st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), max_size=2), suffixes=st.booleans(),
    days=st.integers(2, 824), unknown=st.none() | st.integers(2, 824), built=st.integers(-(10**10), 10**12),
    texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS),
)  # fmt: skip
@example(ODD, [ODD, ""], ["", " "], [], [(ODD, "ip", "zone", ODD)], True, 90, None, 0, (ODD, " ", "\\", "\n"))
def test_settings_are_read_back_as_they_were(
    source: str, hostnames: list[str], interfaces: list[str], addresses: list[bytes],
    refused: list[tuple[str, str, str, str]], suffixes: bool, days: int, unknown: int | None, built: int,
    texts: tuple[str, str, str, str],
) -> None:  # fmt: skip
    """Whatever characters device.toml holds, the next boot sees the same settings without reading it."""
    settings = Settings()
    settings.source, settings.hostnames, settings.interfaces = source, hostnames, interfaces
    settings.addresses = [Address(packed) for packed in addresses]
    settings.refused = [LeftOut(*each) for each in refused]
    settings.suffixes, settings.days, settings.unknown_clock_days, settings.built = suffixes, days, unknown, built
    settings.group, settings.serve_listen, settings.serve_to, settings.serve_folder = texts
    assert facts(device_settings.load(settings.dump())) == facts(settings)


@given(cut=st.integers(0, 10_000), octet=st.integers(0, 255))
def test_torn_settings_are_never_taken_for_whole(cut: int, octet: int) -> None:
    """Cut short anywhere, or one octet altered anywhere: damaged, or what was written."""
    whole = read('hostnames = ["press-07.local"]\naddresses = ["10.0.0.1", "x"]\ngroup = "www-data"').dump()
    place = cut % len(whole)
    for torn in (whole[:place], whole[:place] + chr(octet) + whole[place + 1 :]):
        if torn == whole:
            continue
        with pytest.raises(Refused) as caught:
            device_settings.load(torn)
        assert caught.value.code == "settings-damaged"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


def toml(value: object) -> str:
    if value is None:
        return "{}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


KEYS = ["hostnames", "addresses", "interfaces", "suffixes", "days", "unknown_clock_days", "built", "group", "serve",
        "serve.listen", "serve.to", "serve.folder"]  # fmt: skip


@given(key=st.sampled_from(KEYS), value=VALUES)
def test_any_value_is_taken_or_refused(key: str, value: object) -> None:
    """Whatever stands behind a key, settings come out that can be kept, or a refusal with a code."""
    try:
        settings = read(f"{key} = {toml(value)}")
    except Refused as refused:
        assert refused.code
    else:
        assert facts(device_settings.load(settings.dump())) == facts(settings)
