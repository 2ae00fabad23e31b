"""The roots that doctor goes by: those of files, and those of this computer's stores."""

from __future__ import annotations

from pathlib import Path

import roots
from test_store_places import NEW, Installed

from dotlocal.browser import roots as trusted
from dotlocal.browser.machine import Machine


def test_two_files_of_one_name_are_two_roots() -> None:
    """`--root old/root.pem --root new/root.pem`: the second does not take the place of the first."""
    old, new = (roots.make(*roots.LOCAL, name=f"Acme Root G{number}") for number in (1, 2))
    found = trusted.given([("root.pem", roots.pem(old)), ("root.pem", roots.pem(new))])
    assert [each.certificate for each in found.given] == [old, new]


def test_root_starts_no_certutil_on_a_persons_database(tmp_path: Path) -> None:
    """The database names libraries, which certutil would load: what it holds is read, and counts as trusted."""

    class Another(Machine):
        home_is_another_persons = True

    (tmp_path / NEW).mkdir(parents=True)
    (tmp_path / NEW / "cert9.db").touch()
    for kind, certutil in ((Machine, "certutil"), (Another, None)):
        (database,) = trusted._databases(kind("linux", str(tmp_path), False, Installed(certutil=""), {}))
        assert database._machine.run.find("certutil") == certutil
