"""What an administrator hands out."""

from __future__ import annotations

from dotlocal.core.codes.rows import ABSENT, ADMINISTRATOR, NOTE, REFUSED, VENDOR, Group, Row

GROUPS = (
    Group("What an administrator hands out", (
        Row("export-refused", REFUSED, ADMINISTRATOR, "the root should not be imported, let alone handed out",
            "ask the maker; `--force` if you trust it all the same"),
        Row("export-foreign", REFUSED, ADMINISTRATOR, "the folder holds other files", "name an empty one"),
        Row("export-date", REFUSED, VENDOR, "`SOURCE_DATE_EPOCH` is no number of seconds", "unset it, or mend it"),
        Row("export-url", REFUSED, VENDOR, "the address can't be printed", "give an address of a web page, in ASCII"),
        Row("export-no-qr", NOTE, ADMINISTRATOR, "the pages are without QR codes", "install the extra `[tools]`"),
        Row("rpmbuild-missing", ABSENT, ADMINISTRATOR, "the .rpm was left out",
            "install rpmbuild, or build the spec elsewhere"),
        Row("rpmbuild-failed", REFUSED, ADMINISTRATOR, "rpmbuild did not make the package",
            "look at what it said; the spec is there"),
    )),
)  # fmt: skip
