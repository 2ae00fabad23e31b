"""The customer's side: the root that a person hands over, and the stores that it goes into."""

from __future__ import annotations

from dotlocal.core.codes.rows import CUSTOMER, ERROR, REFUSED, VENDOR, WARNING, Group, Row

GROUPS = (
    Group("The file that was given as the root", (
        Row("anchor-empty", REFUSED, CUSTOMER, "the file is empty", "get it anew, from the device or its maker"),
        Row("anchor-too-large", REFUSED, CUSTOMER, "no root certificate is that large", "give the maker's root"),
        Row("anchor-web-page", REFUSED, CUSTOMER, "a web page was saved in its place", "download the file itself"),
        Row("anchor-private-key", REFUSED, CUSTOMER, "the file holds a private key",
            "keep it secret, import it nowhere; if it came as the root, tell the maker"),
        Row("anchor-pkcs7", REFUSED, CUSTOMER, "a PKCS#7 bundle", "ask for the root alone, or take it out"),
        Row("anchor-pkcs12", REFUSED, CUSTOMER, "a PKCS#12 file, which carries private keys",
            "ask for the root certificate; tell the maker what you got"),
        Row("anchor-request", REFUSED, CUSTOMER, "a certificate request", "ask for the root certificate"),
        Row("anchor-not-a-certificate", REFUSED, CUSTOMER, "something else", "give the maker's root, PEM or DER"),
        Row("anchor-damaged", REFUSED, CUSTOMER, "a certificate that can't be read, cut or edited", "get it anew"),
        Row("anchor-bundle", REFUSED, CUSTOMER, "several certificates", "give the root alone"),
        Row("anchor-leaf", REFUSED, CUSTOMER, "the certificate of one server", "import the maker's root instead"),
        Row("anchor-not-self-signed", REFUSED, CUSTOMER, "a CA below another one", "import the root above it"),
        Row("anchor-not-a-ca", REFUSED, CUSTOMER, "signed by itself, and no CA",
            "import the maker's root; `--force` takes this one"),
    )),
    Group("What a root could do once it is trusted", (
        Row("root-not-a-ca", ERROR, CUSTOMER, "it can vouch for nothing but itself", "import the maker's root"),
        Row("root-unlimited", ERROR, CUSTOMER, "it could vouch for every web site",
            "ask the maker why; `--force` trusts the maker with all of them"),
        Row("root-kind-open", ERROR, CUSTOMER, "one of DNS names, IPv4 and IPv6 addresses is not limited",
            "ask the maker for a root that limits all three"),
        Row("root-public-suffix", ERROR, CUSTOMER, "it could vouch for a part of the public Internet's names",
            "ask the maker why"),
        Row("root-public-range", ERROR, CUSTOMER, "it could vouch for addresses of the public Internet",
            "ask the maker why"),
        Row("root-limits-not-critical", ERROR, CUSTOMER, "programs may pass over its limits", "ask the maker why"),
        Row("root-expired", ERROR, CUSTOMER, "its time is over", "ask for the new root; look at the clock here"),
        Row("root-not-yet-valid", ERROR, CUSTOMER, "its time has not come", "look at the clock of this computer"),
        Row("root-weak-key", ERROR, VENDOR, "its key is one that browsers don't take", "make a root of today"),
        Row("root-own-domain", WARNING, CUSTOMER, "it may vouch for a domain that is not a local name",
            "confirm that it is the maker's or your own"),
        Row("root-old-signature", WARNING, VENDOR, "it is signed with an algorithm of the past",
            "make a root of today"),
        Row("root-other-kinds", WARNING, VENDOR, "its limits speak of names that TLS doesn't use",
            "leave them out; some programs then refuse everything"),
    )),
)  # fmt: skip
