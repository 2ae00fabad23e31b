"""A peer that is not installed is skipped, and says what to install; in CI it is a failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from .cases import Case
from .chains import Chain, World, certificate_pem
from .peer import Peer
from .roster import PEERS
from .server import Server, serving
from .shortfalls import shortfall


class Judge(Protocol):
    """Ask a peer about a case and hold its verdict to what is expected, known shortfalls included."""

    def __call__(
        self,
        peer: Peer,
        case: Case,
        world: World,
        *,
        accepted: bool,
        by_name: Callable[[World], Chain] | None = None,
        trusting: World | None = None,
    ) -> Server:
        """Serve the case's chain in `world`, and visit it with a client that trusts that world's root, or another's.

        Returns the server, closed, with what it has seen.
        """


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): tests that share a process that is slow to start")


@pytest.fixture
def peer(request: pytest.FixtureRequest) -> Peer:
    """A TLS client that is installed here."""
    peer: Peer = request.param
    if missing := peer.missing():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing} (scripts/install-peers does)", pytrace=False)
        pytest.skip(f"{missing} (scripts/install-peers does)")
    return peer


@pytest.fixture(scope="session", autouse=True)
def _peers_end() -> Iterator[None]:
    """No browser outlives the tests."""
    yield
    for peer in PEERS:
        peer.close()


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The judge, who keeps the roots' files for the whole session."""
    folder = tmp_path_factory.mktemp("roots")

    def judge(
        peer: Peer,
        case: Case,
        world: World,
        *,
        accepted: bool,
        by_name: Callable[[World], Chain] | None = None,
        trusting: World | None = None,
    ) -> Server:
        row = shortfall(peer.id, case.id, constrained_root=world.constrained)
        expected = row.accepted if row else accepted
        root = _saved(folder, trusting or world)
        with serving(case.chain(world), by_name(world) if by_name else None) as server:
            verdict = peer.visit(root, case.host, server.port)
        reason = f"a known shortfall: {row.why}" if row else case.cite
        said = f"{peer.id} {_word(verdict.accepted)} {case.host}: {verdict.says!r}"
        # The client's word alone is not enough: whoever accepts asks for the page, whoever refuses must not.
        assert bool(server.requests) == verdict.accepted, f"{said}; but the server saw {server.connections}"
        assert verdict.accepted == expected, f"{said}; expected that it {_word(expected)} it, {reason}"
        return server

    return judge


def _saved(folder: Path, world: World) -> Path:
    file = folder / f"{world.root.key_id.hex()}.pem"
    if not file.exists():
        file.write_bytes(certificate_pem(world.root.certificate))
    return file


def _word(accepted: bool) -> str:
    return "accepts" if accepted else "refuses"
