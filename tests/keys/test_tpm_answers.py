"""Whatever is on the other side of the socket, and calls itself a TPM: it is refused by name, or asked again."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dotlocal.core.errors import Refused
from dotlocal.host import tpm
from dotlocal.host.reconnect import Away


def answer(*parameters: bytes, handle: bytes = b"", code: int = 0) -> bytes:
    body = handle + len(b"".join(parameters)).to_bytes(4, "big") + b"".join(parameters) + bytes(5)
    return b"\x80\x02" + (10 + len(body)).to_bytes(4, "big") + code.to_bytes(4, "big") + body


def sized(contents: bytes) -> bytes:
    return len(contents).to_bytes(2, "big") + contents


# CreatePrimary, Load, FlushContext of the parent, Sign, FlushContext of the key
HANDLES = (b"\x80\0\0\0", b"\x80\0\0\1")
FLUSHED = b"\x80\x01\0\0\0\x0a\0\0\0\0"
SIGNATURE = b"\0\x18\0\x0b" + sized(b"r" * 32) + sized(b"s" * 32)
GOOD = (answer(handle=HANDLES[0]), answer(handle=HANDLES[1]), FLUSHED, answer(SIGNATURE), FLUSHED)
FACTS = {"kind": "tpm", "parent": "40000001", "point": "04" * 65, "public": "00", "private": "00"}


@contextmanager
def playing(path: Path, answers: tuple[bytes, ...]) -> Iterator[dict[str, str]]:
    """Something that gives these answers, one for each command, and then hangs up; the facts of a key in it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def play() -> None:
        connection, _ = listener.accept()
        connection.settimeout(0.2)  # who waits for the rest of an answer sends nothing: hang up on him
        with connection, suppress(OSError):
            for given in answers:
                if not connection.recv(4096):
                    return
                connection.sendall(given)

    player = threading.Thread(target=play)
    player.start()
    try:
        yield FACTS | {"device": str(path)}
    finally:
        player.join(10)
        listener.close()
        path.unlink()


def signature(facts: dict[str, str]) -> bytes:
    return tpm.Loaded(facts).sign(bytes(32))


def test_good_answers(tmp_path: Path) -> None:
    """What a TPM says, as written down here, leads to a signature."""
    with playing(tmp_path / "tpm", GOOD) as facts:
        made = signature(facts)
    assert made == b"\x30\x44\x02\x20" + b"r" * 32 + b"\x02\x20" + b"s" * 32


@pytest.mark.parametrize("seed", range(200))
def test_bent_answers(tmp_path: Path, seed: int) -> None:
    """One answer bent, cut or lost: a signature, a refusal by name, or another try; never anything else."""
    chance = random.Random(seed)
    answers = [bytearray(given) for given in GOOD]
    bent = chance.choice(answers)
    for _ in range(chance.randint(1, 3)):
        bent[chance.randrange(len(bent))] = chance.choice((0, 1, 2, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    if chance.random() < 0.3:
        del bent[chance.randrange(len(bent)) :]
    with playing(tmp_path / "tpm", tuple(map(bytes, answers))) as facts:
        try:
            assert signature(facts)
        except Refused as refused:
            assert refused.code in ("token-refused", "token-other-key")
        except Away as away:
            assert str(away)


@pytest.mark.parametrize(("code", "expected"), [(0x922, Away), (0x908, Away), (0x101, Refused), (0x1DF, Refused)])
def test_response_codes(tmp_path: Path, code: int, expected: type[Exception]) -> None:
    """RETRY and YIELDED → asked again; FAILURE and INTEGRITY → refused."""
    with (
        playing(tmp_path / "tpm", (GOOD[0], answer(code=code), FLUSHED)) as facts,
        pytest.raises(expected),
    ):
        signature(facts)
