"""Files, and the command line itself."""

from __future__ import annotations

from dotlocal.core.codes.rows import ABSENT, CUSTOMER, INTEGRATOR, REFUSED, VENDOR, Group, Row

GROUPS = (
    Group("Files and commands", (
        Row("pem-empty", REFUSED, VENDOR, "the file holds no PEM block", "give the file that the other side wrote"),
        Row("pem-corrupt", REFUSED, VENDOR, "a PEM block is damaged", "get the file anew"),
        Row("pem-too-large", REFUSED, VENDOR, "the file is too large to be read", "give the right file"),
        Row("pem-label", REFUSED, VENDOR, "the file holds something else", "give the right file"),
        Row("pem-count", REFUSED, VENDOR, "more than one where one is expected", "give one at a time"),
        Row("file-missing", ABSENT, CUSTOMER, "the file is not there", "mend its path"),
        Row("file-unreadable", REFUSED, CUSTOMER, "the file can't be read", "look at what it is, its owner and mode"),
        Row("file-unwritable", REFUSED, CUSTOMER, "the file can't be written", "look at the folder, mode and disk"),
        Row("file-too-large", REFUSED, CUSTOMER, "the file has more than is read of its kind", "give the right file"),
        Row("file-exists", REFUSED, CUSTOMER, "the file is there and is not overwritten", "name another"),
        Row("busy", REFUSED, CUSTOMER, "another command holds the lock", "wait for it, or end it"),
        Row("unknown-kit", REFUSED, INTEGRATOR, "there is no such kit to install", "name a listed one"),
        Row("path-outside", REFUSED, INTEGRATOR, "an image's link leads out of it", "make the link a relative one"),
        Row("path-odd", REFUSED, INTEGRATOR, "a path that other programs' configuration can't hold", "rename it"),
        Row("command-unknown", REFUSED, INTEGRATOR, "units need the command's absolute path", "give `--command`"),
        Row("usage", ABSENT, CUSTOMER, "the words of the command were not understood", "`--help` shows how"),
        Row("cryptography-missing", ABSENT, INTEGRATOR, "this command needs the package `cryptography`", "install it"),
        Row("libcrypto-missing", ABSENT, INTEGRATOR, "no OpenSSL 3 is found, and no `cryptography` in its place",
            "install one of them"),
        Row("demo-failed", REFUSED, VENDOR, "the demo did not come out as it should", "tell us what it said"),
    )),
)  # fmt: skip
