"""Roots, stations and devices of this moment for the installed command to work on, and input of every kind."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from dotlocal.core import pem
from dotlocal.core.window import DAY, YEAR
from dotlocal.device import adoption
from dotlocal.device.store import State
from dotlocal.factory import station
from dotlocal.host import signers
from hierarchy import (
    PASSPHRASE,
    custom_request,
    device_request,
    make_root,
    make_station,
    open_root,
    open_station,
    plan,
    station_request,
)

SERIAL = x509.NameOID.SERIAL_NUMBER
NOW = int(time.time())

# An RSA-1024 key that signed its own request for SN0001: too small for libraries of today to make one.
RSA_1024 = b"""\
-----BEGIN CERTIFICATE REQUEST-----
MIIBUDCBugIBADARMQ8wDQYDVQQFEwZTTjAwMDEwgZ8wDQYJKoZIhvcNAQEBBQAD
gY0AMIGJAoGBALIW9xXmYvvteZcfpU2hwGVS4DduBWSof+UdcosPRSugefWUATGZ
r4i3kb6MwgsDSxfK41TlQe3onHQGyisiTWwe5I7ac0YJSiCYJE9mun+zja1qij2v
qBkcdkcYlU6nEZsQ9AvwhsDnWk1xp5Fj8FyF7AoL4vHUFQNO96YSYkLtAgMBAAGg
ADANBgkqhkiG9w0BAQsFAAOBgQBp6yU2CTK/GRwi0kyMtC6/ZfqLbq6qG6bU8Hfp
FbxppuUPpG2q6AEaw8uMxa8ADA95MBDHhrqLqEPTIaOa7UunHKq4dZnQ4ZNUnvF9
7ZUtAad1eXuUYvWuWeU2P9wdbjJK6shUdBCb6BN3ADnSQDDe4vlrRLty2YCKTM5I
EfLfIA==
-----END CERTIFICATE REQUEST-----
"""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The places and the input, made once."""
    places = tmp_path_factory.mktemp("cli") / "places"
    places.mkdir()
    _hierarchy(places)
    _devices(places)
    _requests(places)
    return places


@pytest.fixture
def places(prepared: Path, tmp_path: Path) -> Path:
    """A copy of the places and the input, for one test."""
    copy = tmp_path / "places"
    shutil.copytree(prepared, copy, symlinks=True)
    return copy


def _hierarchy(places: Path) -> None:
    (places / "pass").write_bytes(PASSPHRASE + b"\n")
    (places / "wrong-pass").write_bytes(b"wrong horse battery\n")
    (places / "short-pass").write_bytes(b"short\n")
    (places / "empty-pass").write_bytes(b"")
    (places / "plan.toml").write_bytes(plan())
    root = make_root(places / "root", now=NOW - DAY)
    open_root(root).sign_device(device_request("SN9000"), years=None, hostname=None, replace=None, now=NOW)
    line = open_station(make_station(places / "factory", root, now=NOW - DAY), now=NOW)
    (places / "known.pem").write_bytes(device_request("SN9001"))
    (places / "known-birth.pem").write_text(line.provision((places / "known.pem").read_bytes()).encode())
    old = make_root(places / "old-root", now=NOW - 3 * YEAR, years=2, device_min_years=1)
    make_station(places / "old-factory", old, now=NOW - 3 * YEAR)
    waiting = station.init(station.Home(places / "waiting"), "line 2", kind="P-256", passphrase=None)
    (places / "line-2.pem").write_text(waiting)
    answer = open_root(root).sign_factory(waiting.encode(), years=None, now=NOW)
    (places / "answer.pem").write_text(answer)
    blocks = [pem.encode(*block) for block in pem.parse(answer.encode(), "the answer")]
    (places / "answer-without-policy.pem").write_text("".join(blocks[:2]))
    (places / "answer-in-disorder.pem").write_text("".join((blocks[1], blocks[0], blocks[2])))
    (places / "answer-of-line-1.pem").write_bytes((places / "factory" / "factory.pem").read_bytes())
    locked = station.init(station.Home(places / "locked"), "line 3", kind="P-256", passphrase=PASSPHRASE)
    (places / "locked-answer.pem").write_text(open_root(root).sign_factory(locked.encode(), years=None, now=NOW))
    station.accept(
        station.Home(places / "locked"), (places / "locked-answer.pem").read_bytes(), root_fingerprint=None,
        passphrase=PASSPHRASE, now=NOW,
    )  # fmt: skip


def _devices(places: Path) -> None:
    for serial, line, now in (
        ("SN0001", "factory", NOW), ("SN0002", "factory", NOW), ("SN0003", "old-factory", NOW - 2 * YEAR),
    ):  # fmt: skip
        request = adoption.init(State(str(places / serial / "state")), serial, force=False)
        record = open_station(station.Home(places / line), now=now).provision(request.encode()).encode()
        (places / f"{serial}.pem").write_text(request)
        (places / f"{serial}-birth.pem").write_text(record)
    record = (places / "SN0001-birth.pem").read_bytes()
    adoption.adopt(State(str(places / "SN0001" / "state")), record, now=NOW)
    blocks = [pem.encode(*block) for block in pem.parse(record, "the birth record")]
    (places / "birth-in-disorder.pem").write_text("".join(blocks[::-1]))
    (places / "birth-without-factory.pem").write_text("".join((blocks[0], blocks[2])))
    (places / "birth-without-root.pem").write_text("".join(blocks[:2]))
    (places / "birth-without-device.pem").write_text("".join(blocks[1:]))
    (places / "birth-corrupt.pem").write_bytes(record.replace(b"MII", b"MI!", 1))
    (places / "birth-cut.pem").write_bytes(record[:1000])


def _requests(places: Path) -> None:
    new = device_request("SN1000")
    der = pem.request(new, "the request")
    kinds = {
        "new": new,
        "new-station": station_request("line 9"),
        "empty": b"",
        "huge": b"-----BEGIN CERTIFICATE REQUEST-----\n" + b"A" * (10 << 20),
        "corrupt": new.replace(b"M", b"!", 1),
        "cut": new[: len(new) // 2],
        "garbage": bytes(range(256)) * 8,
        "certificate": (places / "root" / "root.pem").read_bytes(),
        "key": signers.generate("P-256").encode(None),
        "forged": pem.encode(pem.REQUEST, der[:-3] + bytes(octet ^ 1 for octet in der[-3:])).encode(),
        "rsa-1024": RSA_1024,
        "other-curve": custom_request([(SERIAL, "SN1")], ec.generate_private_key(ec.SECP256K1())),
        # prime256v1's OID with another last arc: a curve that nobody knows
        "unknown-curve": pem.encode(pem.REQUEST, der.replace(_P256, _P256[:-1] + b"\x7f", 1)).encode(),
        "wants-ca": custom_request([(SERIAL, "SN1")], None, x509.BasicConstraints(ca=True, path_length=None)),
        "wants-names": custom_request(
            [(SERIAL, "SN1")], None, x509.SubjectAlternativeName([x509.DNSName("www.example.com")])
        ),
        "odd-serial": custom_request([(SERIAL, "SN 1; rm -rf /")]),
        "long-serial": custom_request([(SERIAL, "S" * 33)]),
        "nameless": custom_request([]),
        "cloned": device_request("SN1001", signers.load(str(_key_of(places, "SN0001")), None)),
        "taken": device_request("SN0001"),
        "station-wants-ca": custom_request(
            [(x509.NameOID.COMMON_NAME, "line 9")], None, x509.BasicConstraints(ca=True, path_length=None)
        ),
        "odd-station": custom_request([(x509.NameOID.COMMON_NAME, "line/9")]),
    }
    for name, contents in kinds.items():
        (places / f"{name}.pem").write_bytes(contents)
    (places / "huge.pem").rename(places.with_name("huge.pem"))
    (places / "huge.pem").symlink_to(places.with_name("huge.pem"))  # 10 MB are not copied for every test


_P256 = bytes.fromhex("06082a8648ce3d030107")


def _key_of(places: Path, serial: str) -> Path:
    return places / serial / "state" / "device-ca.key"
