"""What an administrator hands out."""

from __future__ import annotations

from dotlocal.core.codes.rows import ABSENT, CUSTOMER, NOTE, REFUSED, VENDOR, Group, Row

GROUPS = (
    Group("What an administrator hands out", (
        Row("export-refused", REFUSED, CUSTOMER, "the root should not be imported, let alone handed out",
            "ask the maker; `--force` if you trust it all the same"),
        Row("export-foreign", REFUSED, CUSTOMER, "the folder holds other files", "name an empty one"),
        Row("export-fingerprint", REFUSED, CUSTOMER, "the root is not the one with this fingerprint",
            "don't use it; get the maker's root anew, and compare"),
        Row("export-date", REFUSED, VENDOR, "`SOURCE_DATE_EPOCH` is no number of seconds", "unset it, or mend it"),
        Row("export-url", REFUSED, VENDOR, "the address can't be printed", "give an address of a web page, in ASCII"),
        Row("export-no-qr", NOTE, CUSTOMER, "the pages are without QR codes", "install the extra `[tools]`"),
        Row("rpmbuild-missing", ABSENT, CUSTOMER, "the .rpm was left out",
            "install rpmbuild, or build the spec elsewhere"),
        Row("rpmbuild-failed", REFUSED, CUSTOMER, "rpmbuild did not make the package",
            "look at what it said; the spec is there"),
    )),
)  # fmt: skip
