"""Where the stores of 2026 are: which database a Chromium uses, which profiles a Firefox has, which keystores Java."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import roots

from dotlocal.browser.anchor import Anchor
from dotlocal.browser.machine import Machine
from dotlocal.browser.stores import chromium, firefox, found, java
from dotlocal.core.errors import Refused
from dotlocal.host.commands import Ran


class Installed:
    """A computer on which these programs are: what they say to any words."""

    def __init__(self, **programs: str) -> None:
        self.programs = programs

    def __call__(
        self, words: Sequence[str], *, seconds: float = 60, stdin: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Ran:
        return Ran(tuple(words), 0, self.programs[words[0]], "")

    def find(self, program: str) -> str | None:
        return program if program in self.programs else None


def machine(home: Path, environment: Mapping[str, str] | None = None, **programs: str) -> Machine:
    return Machine("linux", str(home), False, Installed(**programs), environment or {}, below=str(home / "nowhere"))


def places(stores: Sequence[object], home: Path) -> list[str]:
    return [str(Path(store.place).relative_to(home)) + (" (idle)" if store.idle else "") for store in stores]  # type: ignore[attr-defined]


OLD, NEW = ".pki/nssdb", ".local/share/pki/nssdb"


@pytest.mark.parametrize(
    ("there", "version", "expected"),
    [
        ((), None, []),
        ((), "Chromium 156.0.8078.79 built on Debian", [NEW]),
        ((), "Google Chrome 146.0.7600.1", [NEW]),
        ((), "Google Chrome 145.0.7500.1", [OLD]),
        ((), "something else", [NEW]),
        ((OLD,), "Chromium 156.0.8078.79", [OLD]),
        ((NEW,), "Chromium 156.0.8078.79", [NEW]),
        ((NEW,), None, [NEW]),
        ((OLD, NEW), "Chromium 156.0.8078.79", [OLD, f"{NEW} (idle)"]),
        ((OLD, NEW), None, [OLD, f"{NEW} (idle)"]),
    ],
)
def test_which_database_a_chromium_uses(
    tmp_path: Path, there: tuple[str, ...], version: str | None, expected: list[str]
) -> None:
    """The old place until 145 and wherever it exists, else the new one; none where there is no browser."""
    for each in there:
        (tmp_path / each).mkdir(parents=True)
        (tmp_path / each / "cert9.db").touch()
    programs = {"chromium": version} if version else {}
    assert places(chromium.find(machine(tmp_path, **programs)), tmp_path) == expected


def test_an_old_folder_without_a_database_counts_as_well(tmp_path: Path) -> None:
    """Chromium makes its database there, and looks nowhere else: measured."""
    (tmp_path / OLD).mkdir(parents=True)
    (tmp_path / NEW).mkdir(parents=True)
    (tmp_path / NEW / "cert9.db").touch()
    assert places(chromium.find(machine(tmp_path)), tmp_path) == [OLD, f"{NEW} (idle)"]


def test_xdg_data_home_moves_the_new_place(tmp_path: Path) -> None:
    """An absolute one; a relative one is ignored, as the specification says."""
    for named, expected in ((str(tmp_path / "data"), "data/pki/nssdb"), ("data", NEW)):
        here = machine(tmp_path, {"XDG_DATA_HOME": named}, chromium="Chromium 156.0.1.1")
        assert places(chromium.find(here), tmp_path) == [expected]


def test_chromium_in_snap_and_flatpak_has_a_home_of_its_own(tmp_path: Path) -> None:
    """Each of them, by the same rule."""
    (tmp_path / "snap/chromium/current").mkdir(parents=True)
    (tmp_path / ".var/app/org.chromium.Chromium").mkdir(parents=True)
    (tmp_path / ".var/app/com.google.Chrome/.pki/nssdb").mkdir(parents=True)
    assert places(chromium.find(machine(tmp_path)), tmp_path) == [
        "snap/chromium/current/.local/share/pki/nssdb",
        ".var/app/org.chromium.Chromium/data/pki/nssdb",
        ".var/app/com.google.Chrome/.pki/nssdb",
    ]


@pytest.mark.parametrize(
    ("policy", "off"),
    [
        ('{"CAPlatformIntegrationEnabled": false}', True), ('{"CAPlatformIntegrationEnabled": true}', False),
        ('{"HomepageLocation": "https://x"}', False), ("[]", False), ("no JSON", False), ("[" * 100000, False),
    ],
    ids=["off", "on", "another", "list", "rubbish", "deep"],
)  # fmt: skip
def test_a_policy_that_switches_imported_roots_off_is_told(tmp_path: Path, policy: str, off: bool) -> None:
    """`install` and `check` must not say that all is well; for `remove` it is no matter."""
    folder = tmp_path / "nowhere/etc/chromium/policies/managed"
    folder.mkdir(parents=True)
    (folder / "acme.json").write_text(policy)
    looked = found.find(machine(tmp_path, chromium="Chromium 156.0.1.1"), ["chromium"])
    assert [(kind, refused.code) for kind, refused in looked.missing] == (
        [("chromium", "store-switched-off")] if off else []
    )
    assert looked.troubles == ()


FIREFOX_ROOTS = (
    ".mozilla/firefox", ".config/mozilla/firefox", "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox", ".var/app/org.mozilla.firefox/config/mozilla/firefox",
)  # fmt: skip


@pytest.mark.parametrize("root", FIREFOX_ROOTS)
def test_firefox_profiles_are_those_that_its_list_names(tmp_path: Path, root: str) -> None:
    """Relative, absolute and custom ones; none that is listed and gone, none that is there and not listed."""
    folder = tmp_path / root
    for name in ("abc.default", "Profiles/x y.work", "unlisted.old"):
        (folder / name).mkdir(parents=True)
    custom = tmp_path / "elsewhere" / "my profile"
    custom.mkdir(parents=True)
    (folder / "profiles.ini").write_text(
        "[General]\nStartWithLastProfile=1\n\n[Install4F96D1932A9F858E]\nDefault=abc.default\n\n"
        "[Profile0]\nName=default\nIsRelative=1\nPath=abc.default\n\n[Profile1]\nIsRelative=1\nPath=Profiles/x y.work\n"
        f"[Profile2]\nIsRelative=0\nPath={custom}\n[Profile3]\nIsRelative=1\nPath=gone.default\n[Profile4]\nName=none\n"
    )
    stores, troubles = firefox.find(machine(tmp_path))
    assert places(stores, tmp_path) == [f"{root}/abc.default", f"{root}/Profiles/x y.work", "elsewhere/my profile"]
    assert troubles == []


def test_a_profile_that_two_lists_name_is_one_store(tmp_path: Path) -> None:
    """Firefox 147 found the old folder and keeps using it: one of them is a link."""
    real = tmp_path / ".mozilla/firefox"
    (real / "abc.default").mkdir(parents=True)
    (real / "profiles.ini").write_text("[Profile0]\nPath=abc.default\n")
    (tmp_path / ".config/mozilla").mkdir(parents=True)
    (tmp_path / ".config/mozilla/firefox").symlink_to(real)
    assert places(firefox.find(machine(tmp_path))[0], tmp_path) == [".mozilla/firefox/abc.default"]


@pytest.mark.parametrize("text", ["Path=abc\n", "[Profile0\nPath=x\n", "[Profile0]\nPath\n  =x\n==\n"])
def test_a_broken_list_of_profiles_is_told_and_the_others_are_read(tmp_path: Path, text: str) -> None:
    """One root's list is broken; another root's profiles are found."""
    broken, fine = tmp_path / ".mozilla/firefox", tmp_path / ".config/mozilla/firefox"
    (fine / "a.b").mkdir(parents=True)
    (fine / "profiles.ini").write_text("[Profile0]\nPath=a.b\n")
    broken.mkdir(parents=True)
    (broken / "profiles.ini").write_text(text)
    stores, troubles = firefox.find(machine(tmp_path))
    assert [trouble.code for trouble in troubles] == ["store-broken"]
    assert places(stores, tmp_path) == [".config/mozilla/firefox/a.b"]


def make_java(home: Path, version: str, keystore: Path | None = None) -> None:
    for folder in ("bin", "lib/security"):
        (home / folder).mkdir(parents=True)
    (home / "bin" / "keytool").write_text("#!/bin/sh\n")
    (home / "bin" / "keytool").chmod(0o755)
    (home / "release").write_text(f'IMPLEMENTOR="Somebody"\nJAVA_VERSION="{version}"\n')
    if keystore:
        (home / "lib/security/cacerts").symlink_to(keystore)
    else:
        (home / "lib/security/cacerts").touch()


def test_every_keystore_of_java_once_with_the_oldest_java_that_uses_it(tmp_path: Path) -> None:
    """JAVA_HOME, SDKMAN, IDEs; two that share a keystore are one, and the older keytool writes it."""
    shared = tmp_path / "shared"
    shared.touch()
    make_java(tmp_path / ".sdkman/candidates/java/25", "25.0.2", shared)
    make_java(tmp_path / ".sdkman/candidates/java/8", "1.8.0_392", shared)
    make_java(tmp_path / ".jdks/17", "17.0.15")
    make_java(tmp_path / "mine", "21.0.1")
    (tmp_path / ".jdks/broken/bin").mkdir(parents=True)
    stores = java.find(machine(tmp_path, {"JAVA_HOME": str(tmp_path / "mine")}))
    assert places(stores, tmp_path) == [
        "mine/lib/security/cacerts", "shared", ".jdks/17/lib/security/cacerts",
    ]  # fmt: skip
    assert stores[1]._java.keytool == str(tmp_path / ".sdkman/candidates/java/8/bin/keytool")
    assert not any(store.everybody for store in stores)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="files of root's and of somebody else's")
def test_root_runs_no_java_that_is_not_its_own(tmp_path: Path) -> None:
    """`sudo` that keeps HOME, or JAVA_HOME: whose keytool that is decides what root does. It is told about and left."""
    person, ours, link = tmp_path / "person", tmp_path / "ours", tmp_path / "person" / ".jdks" / "ours"
    make_java(person / ".jdks/21", "21.0.1")
    make_java(ours, "17.0.15")
    make_java(tmp_path / "open/jdk", "17.0.15")
    link.symlink_to(ours)
    for path in (person, *person.rglob("*")):
        os.chown(path, 1000, 1000, follow_symlinks=False)
    (tmp_path / "open").chmod(0o777)
    environment = {"JAVA_HOME": str(tmp_path / "open/jdk")}
    here = Machine("linux", str(person), True, Installed(), environment, below=str(tmp_path / "nowhere"))
    looked = found.find(here, ("java",))
    assert places(looked.stores, tmp_path) == ["ours/lib/security/cacerts"]
    (store,) = looked.stores
    assert isinstance(store, java.Keystore)
    assert store._java.keytool == str(ours / "bin/keytool"), "not by way of a link that may change"
    told = [(kind, refused.code, refused.message.split()[0]) for kind, refused in looked.troubles]
    assert sorted(told) == [
        ("java", "store-anothers-home", str(tmp_path / "open/jdk/lib/security/cacerts")),
        ("java", "store-anothers-home", str(person / ".jdks/21/lib/security/cacerts")),
    ]
    as_person = Machine("linux", str(person), False, Installed(), {}, below=str(tmp_path / "nowhere"))
    assert len(found.find(as_person, ("java",)).stores) == 2


def test_nothing_is_made_for_roots_own_browsers_when_root_acts_for_a_person(tmp_path: Path) -> None:
    """`sudo dotlocal trust install`: the system's store and Java's; a database of root's that exists is looked at."""
    programs = Installed(chromium="Chromium 156.0.1.1", **{"firefox-esr": "Mozilla Firefox 153.7"})
    below = str(tmp_path / "nowhere")
    for sudo, expected in ((None, [NEW]), ("0", [NEW]), ("1000", [])):
        environment = {"SUDO_UID": sudo} if sudo else {}
        looked = found.find(Machine("linux", str(tmp_path), True, programs, environment, below=below))
        assert places(looked.stores, tmp_path) == expected
        assert bool(looked.missing) == bool(expected)
    (tmp_path / NEW).mkdir(parents=True)
    (tmp_path / NEW / "cert9.db").touch()
    looked = found.find(Machine("linux", str(tmp_path), True, programs, {"SUDO_UID": "1000"}, below=below))
    assert places(looked.stores, tmp_path) == [NEW]


def test_root_that_acts_for_a_person_does_not_go_where_that_persons_variables_lead(tmp_path: Path) -> None:
    """`sudo -H -E`: HOME is root's, XDG_DATA_HOME and XDG_CONFIG_HOME are the person's."""
    theirs = tmp_path / "theirs"
    (theirs / "pki" / "nssdb").mkdir(parents=True)
    (theirs / "pki" / "nssdb" / "cert9.db").touch()
    environment = {"SUDO_UID": "1000", "XDG_DATA_HOME": str(theirs), "XDG_CONFIG_HOME": str(theirs)}
    here = Machine("linux", str(tmp_path / "root"), True, Installed(), environment)
    assert chromium.find(here) == []
    assert not [folder for folder in firefox.roots(here) if folder.startswith(str(theirs))]


@pytest.mark.skipif(sys.platform == "win32", reason="owners are of POSIX")
def test_root_makes_no_files_in_a_persons_home(tmp_path: Path) -> None:
    """`sudo` that keeps HOME: the browsers' stores are told about and left."""
    home = tmp_path / "home"
    (home / OLD).mkdir(parents=True)

    class Another(Machine):
        home_is_another_persons = True

    here = Another("linux", str(home), True, Installed(), {}, below=str(home / "nowhere"))
    looked = found.find(here)
    assert looked.stores == ()
    assert [(kind, refused.code) for kind, refused in looked.troubles] == [
        ("chromium", "store-anothers-home"), ("firefox", "store-anothers-home"),
    ]  # fmt: skip


def test_commands_by_hand_are_one_word_for_each_path(tmp_path: Path) -> None:
    """A Java in a folder with a blank: the line can be pasted."""
    keytool, keystore = "/opt/a java; x/bin/keytool", "/opt/a java; x/lib/security/cacerts"
    store = java.Keystore(machine(tmp_path), java.Java(keytool, keystore, (17,)), java.PASSWORD)
    anchor = Anchor.parse(roots.pem(roots.make(*roots.LOCAL)))
    for line in (*store.by_hand(anchor, "/a root.pem"), *store.by_hand_removal(anchor)):
        words = [word for word in shlex.split(line) if word != "sudo"]
        assert words[0] == keytool
        assert keystore in words


def test_a_broken_keystore_is_no_reason_to_stop(tmp_path: Path) -> None:
    """Real keytool on a file that is none."""
    keystore = tmp_path / "cacerts"
    keystore.write_bytes(b"no keystore")
    real = Machine.here()
    keytool = real.run.find("keytool")
    if not keytool:
        pytest.skip("keytool is not installed")
    with pytest.raises(Refused) as refused:
        list(java.Keystore(real, java.Java(keytool, str(keystore), (17,)), java.PASSWORD).certificates())
    assert refused.value.code == "store-broken"
