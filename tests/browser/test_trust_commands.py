"""The words of `dotlocal trust`: consent before anything is written, and a clear answer to every mistake."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
from pathlib import Path

import pytest
import roots
from cryptography import x509

import tools
from dotlocal.browser.anchor import Anchor
from installed import Command, Done

KEY = roots.ec.generate_private_key(roots.ec.SECP256R1())
GOOD = roots.make(*roots.LOCAL, days=(-3650, 3650))
FINGERPRINT = Anchor.parse(roots.pem(GOOD)).fingerprint


@pytest.fixture
def person(tmp_path: Path, dotlocal: Command) -> Command:
    """A home with nothing in it; Chromium's store is asked for by name."""
    tools.program("certutil")
    home = tmp_path / "home"
    home.mkdir()
    return Command(dotlocal.path, {"HOME": str(home)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return saved(tmp_path / "root.pem", GOOD)


def saved(path: Path, certificate: x509.Certificate) -> Path:
    path.write_bytes(roots.pem(certificate))
    return path


def install(person: Command, root: Path, *words: str) -> Done:
    return person("trust", "install", root, "--store", "chromium", *words)


def written(person: Command) -> bool:
    return any(Path(person.environment["HOME"]).rglob("cert9.db"))


def on_a_terminal(person: Command, answer: str, *words: str | Path) -> tuple[int, str]:
    """Run it with a person at the terminal, who types an answer to every question; exit status, and what was shown."""
    ours, theirs = pty.openpty()
    command = [str(person.path), *map(str, words)]
    with subprocess.Popen(command, env=person.env(), stdin=theirs, stdout=theirs, stderr=theirs) as child:
        os.close(theirs)
        shown = b""
        while True:
            if not select.select([ours], [], [], 30)[0]:
                child.kill()
                raise AssertionError(f"it is silent after {shown.decode()}")
            try:
                more = os.read(ours, 4096)
            except OSError:  # the terminal's other end is closed
                break
            shown += more
            if more.endswith(b"[yes/no] "):
                os.write(ours, answer.encode() + b"\n")
    os.close(ours)
    return child.returncode, shown.decode()


def test_nothing_is_written_before_somebody_has_said_yes(person: Command, root: Path) -> None:
    """Without a terminal and without an option: refused, and the option is named."""
    done = install(person, root)
    assert (done.status, done.code) == (1, "not-confirmed")
    assert "--fingerprint" in done.err
    assert not written(person)


@pytest.mark.parametrize(("answer", "status"), [("yes", 0), ("no", 1), ("", 1), ("y", 1)])
def test_a_person_at_the_terminal_is_asked(person: Command, root: Path, answer: str, status: int) -> None:
    """Shown the fingerprint and what the root can do; `yes` alone is a yes."""
    ended, shown = on_a_terminal(person, answer, "trust", "install", root, "--store", "chromium")
    assert ended == status, shown
    assert FINGERPRINT[:47] in shown
    assert "can never vouch for" in shown
    assert written(person) == (status == 0)


FORMS = {
    "as shown": FINGERPRINT,
    "lower case": FINGERPRINT.lower(),
    "bare": FINGERPRINT.replace(":", ""),
    "blanks": FINGERPRINT.replace(":", " "),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_fingerprint_of_the_label_is_an_answer(person: Command, root: Path, form: str) -> None:
    """As people write it: capitals or not, with colons, blanks or nothing."""
    done = install(person, root, "--fingerprint", FORMS[form])
    assert done.status == 0, done
    assert written(person)


def test_another_fingerprint_is_refused_and_both_are_shown(person: Command, root: Path) -> None:
    """One digit is enough."""
    other = FINGERPRINT[:-1] + ("0" if FINGERPRINT[-1] != "0" else "1")
    done = install(person, root, "--fingerprint", other, "--yes", "--force")
    assert (done.status, done.code) == (1, "fingerprint-differs")
    assert FINGERPRINT in done.err
    assert other in done.err
    assert not written(person)


def test_a_fingerprint_by_an_old_algorithm_is_refused(person: Command, root: Path) -> None:
    """SHA-1 has 40 digits: a root that has a given one can be made."""
    done = install(person, root, "--fingerprint", "AB:" * 19 + "CD")
    assert (done.status, done.code) == (1, "fingerprint-form")


def test_an_unlimited_root_takes_force(person: Command, tmp_path: Path) -> None:
    """`--yes` is not enough; the reasons are told, by code."""
    root = saved(tmp_path / "unlimited.pem", roots.make())
    done = install(person, root, "--yes")
    assert (done.status, done.code) == (1, "root-refused")
    assert "root-unlimited" in done.err
    assert not written(person)
    assert install(person, root, "--yes", "--force").status == 0
    assert written(person)


def test_somebodys_domain_is_agreed_to_by_name(person: Command, tmp_path: Path) -> None:
    """`--yes` is not enough, nor is another domain."""
    root = saved(tmp_path / "domain.pem", roots.make("local", "devices.acme.example", "10.0.0.0/8", "fc00::/7"))
    for words in (("--yes",), ("--yes", "--domain", "acme.example")):
        done = install(person, root, *words)
        assert (done.status, done.code) == (1, "not-confirmed")
        assert "--domain devices.acme.example" in done.err
    assert not written(person)
    assert install(person, root, "--yes", "--domain", "devices.acme.example").status == 0


def test_a_dry_run_asks_nothing_and_writes_nothing(person: Command, root: Path) -> None:
    """The commands, as a person would type them."""
    done = install(person, root, "--dry-run")
    assert done.status == 0, done
    assert "certutil -A -d sql:" in done.out
    assert not written(person)


def test_the_commands_by_hand_do_what_the_tool_does(person: Command, root: Path) -> None:
    """What `--dry-run` prints, run by a shell: afterwards `check` is content."""
    store = json.loads(install(person, root, "--dry-run", "--json").out)["stores"][0]
    subprocess.run(["sh", "-euc", "\n".join(store["by_hand"])], check=True, env=person.env(), timeout=60)
    person.ok("trust", "check", root, "--store", "chromium")
    person.ok("trust", "remove", root, "--store", "chromium")


def test_show_says_what_a_root_can_do_and_whether_to_import_it(person: Command, root: Path, tmp_path: Path) -> None:
    """Exit status 0 for a good one, 1 for one that would be refused."""
    assert FINGERPRINT[:47] in person.ok("trust", "show", root).out
    assert json.loads(person.ok("trust", "show", root, "--json").out)["fingerprint_sha256"] == FINGERPRINT
    done = person("trust", "show", saved(tmp_path / "com.pem", roots.make("com", "10.0.0.0/8", "fc00::/7")))
    assert done.status == 1
    assert "root-public-suffix" in done.out


BAD = {
    "missing": (None, "file-missing", 2),
    "10 MB": (b"A" * (10 << 20), "file-too-large", 1),
    "a leaf": (roots.pem(roots.make(ca=False, issuer="Root", signer=KEY)), "anchor-leaf", 1),
    "a key": (roots.key_pem(KEY), "anchor-private-key", 1),
    "a bundle of three": (b"".join(roots.pem(roots.make(*roots.LOCAL)) for _ in range(3)), "anchor-bundle", 1),
    "an error page": (b"<!doctype html><title>404 Not Found</title>", "anchor-web-page", 1),
    "nothing": (b"", "anchor-empty", 1),
}


@pytest.mark.parametrize(
    ("what", "verb"),
    [*((what, "install") for what in BAD), *(("a key", verb) for verb in ("remove", "check", "show"))],
)
def test_what_is_no_root_is_refused_by_every_command(person: Command, tmp_path: Path, what: str, verb: str) -> None:
    """A code and a hint; nothing is written."""
    contents, code, status = BAD[what]
    path = tmp_path / "given.pem"
    if contents is not None:
        path.write_bytes(contents)
    done = person("trust", verb, path)
    assert (done.status, done.code) == (status, code)
    assert done.hinted or code.startswith("file-")
    assert not written(person)


def test_a_device_that_is_not_there_is_told_and_the_stores_are_done(person: Command, root: Path) -> None:
    """Exit status 1: nothing was proved."""
    done = install(person, root, "--yes", "--probe", "press-07.invalid")
    assert done.status == 1
    assert "witness-unknown" in done.out
    assert written(person)
