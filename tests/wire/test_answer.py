"""The root's answer to a station: factory CA, root, and a policy that nobody can widen on the way.

root ──signs──► factory CA
  └───signs──► policy for that factory CA
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import forge
from dotlocal.core import constraints, pem
from dotlocal.core.chain import window_of
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.testing import World
from dotlocal.wire.answer import LABEL, Answer, StationPolicy

POLICY = StationPolicy(constraints.DEFAULT, 10)
Contents = dict[str, Any]


@pytest.fixture(scope="module")
def answer(world: World) -> Answer:
    """A good one."""
    return Answer.make(world.factory, world.root, POLICY, world.root_key.sign)


def _code(text: str) -> str:
    with pytest.raises(Refused) as refused:
        Answer.parse(text.encode())
    return refused.value.code


def _with_policy(answer: Answer, change: Callable[[Contents], object]) -> str:
    """The answer with other contents in its policy block."""
    blocks = pem.parse(answer.encode().encode(), "the answer")
    contents = change(json.loads(blocks[2][1]))
    data = contents if isinstance(contents, bytes) else json.dumps(contents).encode()
    return "".join(pem.encode(*block) for block in (*blocks[:2], (LABEL, data)))


def test_an_answer_reads_back_as_it_was_written(answer: Answer) -> None:
    """There and back, signature and all."""
    assert Answer.parse(answer.encode().encode()) == answer


def test_rsa_roots_answer_too(world: World) -> None:
    """A root with RSA signs the policy in its own way."""
    signer = forge.key("RSA-3072")
    root = forge.root(
        world.root.subject, signer.public_key, window_of(world.root), constraints.DEFAULT.widest()
    ).signed(signer)
    factory = forge.factory(
        world.factory.subject, world.factory_key.public_key, window_of(world.root), root.subject, signer.public_key
    ).signed(signer)
    answer = Answer.make(factory, root, POLICY, signer.sign)
    assert Answer.parse(answer.encode().encode()).policy == POLICY


@pytest.mark.parametrize(
    "change",
    [
        lambda read: read | {"device_min_years": 1},
        lambda read: read | {"names": read["names"] | {"dns": ["com"]}},
        lambda read: read | {"names": read["names"] | {"ipv4": ["0.0.0.0/0"]}},
        lambda read: read | {"signature": "00"},
        lambda read: read | {"signature": read["signature"][:-2]},
    ],
    ids=["shorter lives", "wider names", "wider addresses", "another signature", "half a signature"],
)
def test_a_policy_that_was_changed_on_the_way_is_refused(answer: Answer, change: Callable[[Contents], object]) -> None:
    """A station must not be talked into more than the root has said."""
    assert _code(_with_policy(answer, change)) == "answer-policy"


@pytest.mark.parametrize(
    "change",
    [
        lambda read: b"no json",
        lambda read: b"\xff\xfe",
        lambda read: b"[" * 30_000,
        lambda read: [],
        lambda read: "text",
        lambda read: 7,
        lambda read: {},
        lambda read: read | {"signature": 7},
        lambda read: read | {"signature": "xyz"},
        lambda read: read | {"device_min_years": "10"},
        lambda read: read | {"device_min_years": True},
        lambda read: read | {"device_min_years": 10.0},
        lambda read: read | {"names": ["local"]},
        lambda read: {key: value for key, value in read.items() if key != "names"},
    ],
)
def test_a_policy_that_cant_be_read_is_refused(answer: Answer, change: Callable[[Contents], object]) -> None:
    """Whatever stands in the block, nothing but a refusal comes of it."""
    assert _code(_with_policy(answer, change)) == "answer-policy"


def test_a_policy_without_one_of_the_kinds_is_refused(answer: Answer) -> None:
    """Not even a root can open a form for its station."""
    assert _code(_with_policy(answer, lambda read: read | {"names": {"dns": ["local"]}})) == "policy-kind-missing"


def test_the_policy_of_another_root_is_refused(answer: Answer) -> None:
    """Signed, but by a stranger."""
    signature = forge.key("P-384", 9).sign(POLICY.message(answer.factory_ca))
    assert _code(replace(answer, signature=signature).encode()) == "answer-policy"


def test_the_policy_of_another_station_is_refused(world: World, answer: Answer) -> None:
    """A wide policy for the test station, put under the factory CA of the line."""
    other = forge.factory(
        forge.name("Acme Devices", common_name="Acme Devices Factory CA (line 2)"), forge.key(number=2).public_key,
        window_of(world.root), world.root.subject, world.root_key.public_key,
    ).signed(world.root_key)  # fmt: skip
    assert _code(replace(answer, factory_ca=other).encode()) == "answer-policy"


def test_a_factory_ca_of_another_root_is_refused(answer: Answer) -> None:
    """Swapped on the way: the chain does not hold."""
    assert _code(replace(answer, factory_ca=World().factory).encode()) == "birth-order"


def test_the_certificates_are_a_factory_ca_and_a_root(world: World, answer: Answer) -> None:
    """A device CA in the factory CA's place: a chain, and not of these profiles."""
    device_ca = world.device("SN1").record.device_ca
    swapped = replace(answer, factory_ca=device_ca, root=world.factory)
    assert _code(swapped.encode()) == "birth-order"
    assert _code(replace(answer, factory_ca=world.root).encode()) == "birth-profile"


def test_an_answer_is_whole(answer: Answer) -> None:
    """Two certificates and a policy, in this order, and no more."""
    blocks = pem.parse(answer.encode().encode(), "the answer")
    for kept in ([0, 1], [1, 0, 2, 2], [2, 0, 1], [0, 2], [0, 0, 1, 2]):
        assert _code("".join(pem.encode(*blocks[index]) for index in kept)) == "answer-parts"


def test_a_birth_record_is_no_answer(world: World) -> None:
    """The wrong file, named for what it holds."""
    record = world.device("SN1").record
    assert _code(record.encode()) == "answer-parts"


def test_the_message_that_the_root_signs_is_bound_to_its_purpose(world: World) -> None:
    """A prefix of its own, so that no certificate's contents can ever be taken for a policy, nor the other way."""
    message = POLICY.message(world.factory)
    assert message.startswith(b"dotlocal station policy 1\0")
    assert message != StationPolicy(NamePolicy.parse(constraints.DEFAULT.as_dict() | {"dns": ["a"]}), 10).message(
        world.factory
    )
