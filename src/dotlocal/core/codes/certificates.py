"""What is found in certificates: by lint before they are signed, by a verifier afterwards."""

from __future__ import annotations

from dotlocal.core.codes.rows import CUSTOMER, ERROR, INTEGRATOR, VENDOR, Group, Row

GROUPS = (
    Group("What lint finds in a certificate", (
        Row("lint-version", ERROR, VENDOR, "not version 3", "have it made anew"),
        Row("lint-serial", ERROR, VENDOR, "a serial number that is not random, or too long", "have it made anew"),
        Row("lint-algorithm", ERROR, VENDOR, "not the algorithm of its issuer's key", "have it made anew"),
        Row("lint-issuer", ERROR, VENDOR, "another issuer's name", "have it made anew"),
        Row("lint-validity", ERROR, VENDOR, "valid beyond its issuer", "have it made anew"),
        Row("lint-subject", ERROR, VENDOR, "a subject that is not its profile's", "have it made anew"),
        Row("lint-key", ERROR, VENDOR, "a key of another kind", "have it made anew"),
        Row("lint-extensions", ERROR, VENDOR, "other extensions, order or criticality", "have it made anew"),
        Row("lint-basic-constraints", ERROR, VENDOR, "CA or not, or the path length", "have it made anew"),
        Row("lint-key-usage", ERROR, VENDOR, "another key usage", "have it made anew"),
        Row("lint-purpose", ERROR, VENDOR, "another extended key usage", "have it made anew"),
        Row("lint-name-constraints", ERROR, VENDOR, "other name constraints than the policy's", "have it made anew"),
        Row("lint-names", ERROR, VENDOR, "a name that no client asks for, or none may have", "have it made anew"),
        Row("lint-key-identifiers", ERROR, VENDOR, "key identifiers that don't fit the keys", "have it made anew"),
    )),
    Group("What verify finds, beside what doctor does", (
        Row("no-certificate", ERROR, INTEGRATOR, "the server sent none", "look at its configuration"),
        Row("wrong-issuer", ERROR, INTEGRATOR, "the chain does not lead to the imported root",
            "serve all of the chain"),
        Row("wrong-time", ERROR, CUSTOMER, "not valid yet, or no longer", "look at both clocks; renew"),
    )),
)  # fmt: skip
