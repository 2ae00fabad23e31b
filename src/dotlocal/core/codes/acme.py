"""A certificate from an ACME server in the customer's network."""

from __future__ import annotations

from dotlocal.core.codes.rows import ABSENT, CUSTOMER, INTEGRATOR, REFUSED, Group, Row

GROUPS = (
    Group("ACME: setting it up", (
        Row("acme-not-set-up", ABSENT, CUSTOMER, "no ACME server was named yet", "`device own acme --directory URL …`"),
        Row("acme-settings-damaged", REFUSED, CUSTOMER, "the settings that were kept can't be read", "set it up again"),
        Row("acme-record-damaged", REFUSED, CUSTOMER, "the record of attempts is torn", "none: a new one is begun"),
        Row("acme-url", REFUSED, CUSTOMER, "no https URL", "give the directory's URL as the CA tells it"),
        Row("acme-no-root", REFUSED, CUSTOMER, "nothing says whom to trust as the ACME server", "`--ca-file ROOT.pem`"),
        Row("acme-root", REFUSED, CUSTOMER, "the root to be pinned is no certificate", "give it as PEM"),
        Row("acme-no-name", REFUSED, CUSTOMER, "nothing to ask for, or too much", "`--name`, `--address`"),
        Row("acme-challenge-choice", REFUSED, CUSTOMER, "a way to answer challenges that there isn't, or two at once",
            "choose one of those in the help"),
        Row("acme-listen", REFUSED, CUSTOMER, "no HOST:PORT", "write it as in the help"),
        Row("acme-contact", REFUSED, CUSTOMER, "no e-mail address, or none that the CA takes", "give another"),
        Row("acme-text", REFUSED, CUSTOMER, "a value of the wrong kind, too long, or not printable", "mend it"),
        Row("acme-eab-key", REFUSED, CUSTOMER, "the external account's key can't be one", "copy it from the CA"),
        Row("acme-eab-required", REFUSED, CUSTOMER, "the CA wants accounts to be bound to one that it knows",
            "get key identifier and key from its administrator: `--eab-kid`, `--eab-key-file`"),
        Row("acme-terms", REFUSED, CUSTOMER, "the CA has terms of service", "read them; `--agree-terms`"),
        Row("acme-user-action", REFUSED, CUSTOMER, "the CA wants somebody to visit a page", "visit it"),
    )),
    Group("ACME: speaking to the server", (
        Row("acme-unreachable", REFUSED, CUSTOMER, "the server can't be reached", "none, or look at the network"),
        Row("acme-tls", REFUSED, CUSTOMER, "the server's own certificate does not come from the root that was pinned",
            "pin the right root, or set the clock"),
        Row("acme-redirect", REFUSED, CUSTOMER, "the server sends us elsewhere", "give the URL where the directory is"),
        Row("acme-answer", REFUSED, CUSTOMER, "what answers is no ACME server, or a broken one", "mend the URL"),
        Row("acme-nonce", REFUSED, CUSTOMER, "the server refuses every nonce that it hands out", "look at the server"),
        Row("acme-slow", REFUSED, CUSTOMER, "the server did not come to an end", "none: it is tried again"),
        Row("acme-server", REFUSED, CUSTOMER, "the server has a problem of its own", "its log may say more"),
        Row("acme-rate-limited", REFUSED, CUSTOMER, "the server was asked too often", "none: it is tried again later"),
        Row("acme-refused", REFUSED, CUSTOMER, "the server refuses; the message says why", "its log may say more"),
        Row("acme-not-implemented", REFUSED, CUSTOMER, "the server can't do this", "go on without"),
        Row("acme-account", REFUSED, CUSTOMER, "the server does not know the account", "none: it is made anew"),
        Row("acme-account-ended", REFUSED, CUSTOMER, "the account was ended", "`--deactivate`, then set it up again"),
    )),
    Group("ACME: proving names and addresses", (
        Row("acme-challenge", REFUSED, CUSTOMER, "the server could not check that a name or address is this device's",
            "the message says what it met: name server, firewall, another machine"),
        Row("acme-unauthorized", REFUSED, CUSTOMER, "the server met something else at the name or address", "the same"),
        Row("acme-name-refused", REFUSED, CUSTOMER, "the CA does not certify this", "ask its administrator"),
        Row("acme-challenge-not-offered", REFUSED, CUSTOMER, "the server does not offer the chosen challenge",
            "choose another with `--challenge`"),
        Row("acme-port-taken", REFUSED, INTEGRATOR, "the port for http-01 belongs to another program",
            "`--webroot` or `--hook`, so that that program answers"),
        Row("acme-not-served", REFUSED, INTEGRATOR, "tls-alpn-01 needs `device serve` at port 443", "or take http-01"),
        Row("acme-hook", REFUSED, INTEGRATOR, "the hook failed", "run it by hand"),
        Row("acme-request", REFUSED, CUSTOMER, "the CA's rules refuse the request", "ask its administrator"),
        Row("acme-other-key", REFUSED, CUSTOMER, "the CA's answer is for another key", "its log may say more"),
        Row("acme-other-names", REFUSED, CUSTOMER, "the CA left out what was asked for", "ask its administrator"),
    )),
)  # fmt: skip
