"""Bad uploads: each refused, or warned about, by its own code, while the device goes on serving what it served."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from box import Box, make_box
from customer import NOW, Customer, ec_key, key_pem, pem, root
from restful import Restless, serving
from uploads import CASES, ERROR, SECRET, WARNING, Case

from dotlocal.core import der
from dotlocal.core import pem as core_pem
from dotlocal.core.errors import Refused
from dotlocal.core.window import DAY
from dotlocal.device.owned import reader
from dotlocal.device.owned.material import Upload
from dotlocal.testing import World
from installed import tree


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, world: World, customer: Customer) -> Iterator[tuple[Box, Restless]]:
    """A device with a confirmed certificate, its server, and a client that never stops asking."""
    box = make_box(tmp_path_factory.mktemp("life"), world)
    key, leaf = customer.pair()
    box.take(key_pem(key) + pem(leaf, customer.middle.certificate), confirm=True)
    with serving(box.run) as port, Restless(port, customer.root.certificate) as client:
        yield box, client


def test_there_are_enough_of_them() -> None:
    """Thirty, and no two of the same name."""
    assert len({case.name for case in CASES}) == len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_upload_changes_nothing(case: Case, life: tuple[Box, Restless], customer: Customer) -> None:
    """Found out, said with its code and what to do; nothing in state or run has changed; every client was served."""
    box, client = life
    before = tree(box.path)
    answered = client.answered
    uploads = [Upload(f"file {number}", each) for number, each in enumerate(case.make(customer))]
    judged = box.owned.examine(uploads, case.passphrase)
    found = {each.code: each for each in judged.findings}
    assert case.code in found, judged.findings
    assert found[case.code].severity == case.severity
    assert found[case.code].hint
    others = {code for code, each in found.items() if each.severity == ERROR} - {case.code}
    assert case.severity != WARNING or not others, "a warning that could not be accepted"
    with pytest.raises(Refused) as refused:
        box.owned.take(judged)
    assert refused.value.code == ("own-refused" if case.severity == ERROR else "own-unaccepted")
    assert case.code in refused.value.message
    assert tree(box.path) == before
    client.wait(answered + 2)
    assert client.problems == []
    assert len(client.seen) == 1, "more than one certificate was served"


def test_all_problems_are_told_at_once(box: Box, customer: Customer) -> None:
    """Wrong key, expired, another's chain, SHA-1's cousin: one answer with everything."""
    leaf = customer.middle.sign(ec_key().public_key(), hosts=("bad_name.local",), start=NOW - 9 * DAY, end=NOW - DAY)
    files = [Upload("key", key_pem(ec_key())), Upload("chain", pem(leaf, root("Other").certificate))]
    codes = {each.code for each in box.owned.examine(files).findings}
    assert codes >= {"own-key-other", "own-ended", "own-chain-other", "own-name-malformed"}


@pytest.mark.parametrize("form", ["PKCS#8", "PKCS#12"])
def test_a_costly_file_is_given_up(form: str, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key derivations of 2,147,483,647 rounds: the child is ended, and the device lives on."""
    monkeypatch.setattr(reader, "_WALL_SECONDS", 2)
    before = tree(box.path)
    hungry = hungry_pkcs8() if form == "PKCS#8" else hungry_pkcs12()
    with pytest.raises(Refused) as refused:
        box.owned.examine([Upload("hungry", hungry)], SECRET)
    assert refused.value.code == "own-costly"
    assert tree(box.path) == before


def hungry_pkcs8() -> bytes:
    """PBES2 with PBKDF2 (RFC 8018), as many rounds as four octets can say."""
    rounds = der.sequence(der.octet_string(b"saltsalt"), der.integer(2**31 - 1))
    kdf = der.sequence(der.oid("1.2.840.113549.1.5.12"), rounds)
    cipher = der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octet_string(bytes(16)))
    scheme = der.sequence(der.oid("1.2.840.113549.1.5.13"), der.sequence(kdf, cipher))
    return core_pem.encode("ENCRYPTED PRIVATE KEY", der.sequence(scheme, der.octet_string(bytes(48)))).encode()


def hungry_pkcs12() -> bytes:
    """An empty one, whose MAC wants as many (RFC 7292 4)."""
    data = der.sequence(der.oid("1.2.840.113549.1.7.1"), der.explicit(0, der.octet_string(der.sequence())))
    digest = der.sequence(der.sequence(der.oid("2.16.840.1.101.3.4.2.1")), der.octet_string(bytes(32)))
    mac = der.sequence(digest, der.octet_string(b"saltsalt"), der.integer(2**31 - 1))
    return der.sequence(der.integer(3), data, mac)
