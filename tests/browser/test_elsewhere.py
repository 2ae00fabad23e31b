"""macOS and Windows, against fakes of their commands (see `elsewhere`): the words that are run, and what is undone."""

from __future__ import annotations

from pathlib import Path

import pytest
import roots
from as_windows import imitate
from elsewhere import Faked, Keychains, WindowsStore

from dotlocal.browser import trust
from dotlocal.browser.anchor import Anchor
from dotlocal.browser.stores import found
from dotlocal.browser.witness import Witness
from dotlocal.core.names import HostName
from installed import Command

ANCHOR = Anchor.parse(roots.pem(roots.make(*roots.LOCAL)))
OTHER = roots.make(*roots.LOCAL, name="Somebody Else's Root")
DEVICE = Witness(HostName("press-07.local"), 443, "192.168.77.7")


@pytest.mark.parametrize(
    ("root", "place"), [(True, "/Library/Keychains/System.keychain"), (False, "Library/Keychains/login.keychain-db")]
)
def test_macos_takes_the_root_for_servers_and_gives_it_back(tmp_path: Path, root: bool, place: str) -> None:
    """An administrator's goes into the system's keychain, a person's into their own."""
    keychains = Keychains([OTHER])
    machine, security = keychains.machine(tmp_path, root=root)
    stores = found.find(machine)
    (outcome,) = trust.install(stores, ANCHOR, "root.pem", devices=[DEVICE])
    assert (outcome.what, outcome.trusted, outcome.proof) == ("installed", True, "probed")
    assert outcome.place.endswith(place)
    assert security.said("add-trusted-cert", "trustRoot", "ssl")
    assert security.said("-d", "trustRoot") is root
    assert security.said("--resolve", "press-07.local:443:192.168.77.7", "https://press-07.local:443/")
    (outcome,) = trust.check(stores, ANCHOR, "root.pem")
    assert (outcome.what, outcome.trusted) == ("present", True)
    trust.remove(stores, ANCHOR)
    assert (keychains.certificates, keychains.trusted) == ([OTHER], set())


def test_macos_without_anybody_at_the_screen_is_left_as_it_was(tmp_path: Path) -> None:
    """`security` adds the certificate and then is refused the trust: recorded over SSH. Nothing of it stays."""
    keychains = Keychains([OTHER], somebody_at_the_screen=False)
    machine, _ = keychains.machine(tmp_path, root=False)
    (outcome,) = trust.install(found.find(machine), ANCHOR, "root.pem")
    assert (outcome.what, outcome.code) == ("failed", "store-command")
    assert "no user interaction was possible" in outcome.detail
    assert outcome.by_hand[0].startswith("security add-trusted-cert")
    assert keychains.certificates == [OTHER]


@pytest.mark.parametrize("root", [True, False])
def test_windows_takes_the_root_and_gives_it_back(tmp_path: Path, root: bool) -> None:
    """An administrator's goes into the machine's store, a person's into their own."""
    windows = WindowsStore([OTHER])
    machine, ran = windows.machine(tmp_path, root=root)
    stores = found.find(machine)
    (outcome,) = trust.install(stores, ANCHOR, "C:\\root.cer", devices=[DEVICE])
    assert (outcome.what, outcome.trusted, outcome.proof) == ("installed", True, "probed")
    assert outcome.place == f"Cert:\\{'LocalMachine' if root else 'CurrentUser'}\\Root"
    assert ran.said("-user", "-addstore", "Root") is not root
    trust.remove(stores, ANCHOR)
    assert windows.certificates == [OTHER]


def test_a_no_to_windows_question_is_an_answer(tmp_path: Path) -> None:
    """The person is asked by Windows itself, and declines."""
    windows = WindowsStore([OTHER], yes=False)
    machine, _ = windows.machine(tmp_path, root=False)
    (outcome,) = trust.install(found.find(machine), ANCHOR, "C:\\root.cer")
    assert (outcome.what, outcome.code) == ("failed", "store-command")
    assert 'certutil -user -addstore Root "C:\\root.cer"' in outcome.by_hand
    assert windows.certificates == [OTHER]


CURL = {
    "refused by macOS": ((60, "", "curl: (60) SSL certificate problem: unable to get local issuer certificate"), False),
    "refused by Windows": ((35, "", "curl: (35) schannel: SEC_E_UNTRUSTED_ROOT (0x80090325)"), False),
    "another name": ((35, "", "curl: (35) schannel: SNI or certificate check failed: SEC_E_WRONG_PRINCIPAL"), False),
    "no connection": ((7, "", "curl: (7) Failed to connect to press-07.local port 443"), None),
    "no TLS": ((35, "", "curl: (35) schannel: next InitializeSecurityContext failed: SEC_E_INVALID_TOKEN"), None),
    "accepted": ((0, "<p>press-07</p>", ""), True),
}


@pytest.mark.parametrize("what", CURL)
def test_what_curl_says_is_read_as_it_is_meant(tmp_path: Path, what: str) -> None:
    """A refusal of the certificate is one thing, a connection that fails another."""
    answer, accepted = CURL[what]
    windows = WindowsStore([ANCHOR.certificate], curl=answer)
    machine, _ = windows.machine(tmp_path, root=False)
    (outcome,) = trust.check(found.find(machine), ANCHOR, "C:\\root.cer", devices=[DEVICE])
    assert [verdict.accepted for verdict in outcome.verdicts] == [accepted]


def test_a_tool_that_can_not_be_run_is_told(tmp_path: Path) -> None:
    """Whatever is missing is one store's trouble."""

    def missing(words: list[str]) -> tuple[int, str, str]:
        raise OSError(2, "No such file or directory")

    machine, faked = Keychains().machine(tmp_path, root=False)
    assert isinstance(faked, Faked)
    faked.answers["/usr/bin/security"] = missing
    (outcome,) = trust.install(found.find(machine), ANCHOR, "root.pem")
    assert (outcome.what, outcome.code) == ("failed", "store-unreadable")


def test_the_installed_command_finds_its_way_on_an_imitated_windows(tmp_path: Path, dotlocal: Command) -> None:
    """`trust install`, `check` and `remove` with a Python that has no fcntl and no owners of files."""
    store, environment = imitate(tmp_path)
    root = tmp_path / "root.pem"
    root.write_bytes(roots.pem(roots.make(*roots.LOCAL, days=(-3650, 3650))))
    anchor = Anchor.parse(root.read_bytes())
    done = dotlocal("trust", "install", root, "--fingerprint", anchor.fingerprint, **environment)
    assert done.status == 0, done
    assert "+ windows   Cert:\\CurrentUser\\Root: installed" in done.out
    assert [path.read_bytes() for path in store.iterdir()] == [anchor.der]
    assert dotlocal("trust", "check", root, **environment).status == 0
    assert dotlocal("trust", "remove", anchor.fingerprint, **environment).status == 0
    assert list(store.iterdir()) == []
