"""Every code that a person can be given: how grave, whose turn it is, what it means, and what to do.

Codes are stable: they are never renamed and never mean something else later. docs/codes.md is rendered from here, and a
test compares this table with the source, both ways. Nothing at run time reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

REFUSED = "refused"  # nothing was done and nothing was changed; exit status 1
ABSENT = "absent"  # there was nothing to look at; exit status 2
ERROR = "error"  # a finding that makes the exit status 1
WARNING = "warning"  # a finding that leaves it 0
NOTE = "note"  # the same, for what is worth knowing: a name that was left out

VENDOR = "vendor"  # who runs root and factory
INTEGRATOR = "integrator"  # who builds the device's software and settings
CUSTOMER = "customer"  # who runs the device


@dataclass(frozen=True, slots=True)
class Row:
    """One code: its gravest use, who must act, what it means, and what that person does."""

    code: str
    severity: str
    actor: str
    meaning: str
    action: str


@dataclass(frozen=True, slots=True)
class Group:
    """Codes about one subject."""

    title: str
    rows: tuple[Row, ...]


GROUPS = (
    Group("Names and addresses", (
        Row("not-a-host-name", NOTE, CUSTOMER, "letters, digits and inner hyphens make a host name; this one has more",
            "choose another name"),
        Row("wildcard", NOTE, CUSTOMER, "the name is a wildcard, about which clients disagree", "list the names"),
        Row("underscore", NOTE, CUSTOMER, "the name has an underscore, which no host name has", "write a hyphen"),
        Row("trailing-dot", NOTE, CUSTOMER, "the name ends with a dot", "leave the dot out"),
        Row("name-too-long", NOTE, CUSTOMER, "the name, or a part of it, is too long for DNS", "choose a shorter one"),
        Row("idn", NOTE, CUSTOMER, "the name has no A-label, or one that browsers disagree about",
            "write its `xn--` form"),
        Row("address-as-name", NOTE, CUSTOMER, "browsers would read the name as an address",
            "list it under `addresses`, or choose another name"),
        Row("not-an-address", NOTE, CUSTOMER, "the text is no IPv4 or IPv6 address", "mend it in device.toml"),
        Row("zone", NOTE, CUSTOMER, "the address has a zone, which means nothing to another machine",
            "leave the part from `%` on out"),
        Row("loopback", NOTE, CUSTOMER, "the name or address means the asking machine itself", "nothing: left out"),
        Row("unspecified", NOTE, CUSTOMER, "the address is no machine's", "nothing: left out"),
        Row("multicast", NOTE, CUSTOMER, "the address is not that of one machine", "nothing: left out"),
        Row("mapped-address", NOTE, CUSTOMER, "the address is IPv4 written as IPv6", "write it as IPv4"),
        Row("outside-constraints", NOTE, CUSTOMER, "the device's CAs may not vouch for this name or address",
            "use a permitted one, or a certificate of your own CA"),
        Row("too-many-names", NOTE, CUSTOMER, "more names than a certificate can carry", "choose the interfaces"),
    )),
    Group("Device: what boot and watch find", (
        Row("no-name-left", ERROR, CUSTOMER, "no name and no address is left to put into a certificate",
            "read what was left out and why; name the device, or connect it"),
        Row("ca-expired", ERROR, CUSTOMER, "the device CA has ended; browsers refuse the device", "renew it"),
        Row("clock-unknown", NOTE, CUSTOMER, "the date is unknown, so the certificate lasts as long as the device CA",
            "for Apple's sake give the device a time source, or set `unknown_clock_days`"),
    )),
    Group("Device: key, birth record, settings", (
        Row("no-state", ABSENT, INTEGRATOR, "the state directory has no key", "`dotlocal device init`, or `--state`"),
        Row("not-adopted", ABSENT, INTEGRATOR, "the device has a key and no birth record", "`dotlocal device adopt`"),
        Row("serial-differs", REFUSED, VENDOR, "the state belongs to another serial number",
            "mind the device; `--force`"),
        Row("birth-other-device", REFUSED, VENDOR, "the birth record answers another key than this device's",
            "take the record that answers this device's own request"),
        Row("wrong-key", REFUSED, VENDOR, "key and certificate are of different owners or generations",
            "use the pair that was made together"),
        Row("key-damaged", REFUSED, INTEGRATOR, "the private key can't be read", "restore it, or make a new one"),
        Row("birth-damaged", REFUSED, INTEGRATOR, "birth.pem holds no certificate", "adopt the birth record again"),
        Row("template-damaged", REFUSED, INTEGRATOR, "the template is torn, and could not be made again",
            "adopt the birth record again"),
        Row("settings-damaged", REFUSED, INTEGRATOR, "the kept settings are torn",
            "nothing: device.toml is read again"),
        Row("floor-damaged", REFUSED, INTEGRATOR, "the saved time is torn", "nothing: it is a hint"),
        Row("browser-time-off", REFUSED, INTEGRATOR, "no browser may hand over the time",
            "`browser_time`, if there is no better source"),
        Row("hint-format", REFUSED, INTEGRATOR, "the text is no time with its zone",
            "hand over what `toISOString()` writes"),
        Row("hint-outside", REFUSED, CUSTOMER, "the time is before the floor, or after the device CA's end",
            "set the browser's clock"),
        Row("hint-no-boot", REFUSED, INTEGRATOR, "the kernel tells no boot id, so a hint would never end",
            "mount /proc"),
        Row("scrap-other-serial", REFUSED, CUSTOMER, "the serial number is not this device's; nothing was destroyed",
            "read it from the label"),
        Row("scrap-unconfirmed", REFUSED, CUSTOMER, "nobody confirmed that the key is to be destroyed",
            "`--yes-scrap SERIAL`"),
        Row("hint-damaged", REFUSED, INTEGRATOR, "the handed-over time is torn", "nothing: it is a hint"),
        Row("kept-damaged", REFUSED, INTEGRATOR, "the kept certificate is torn", "nothing: it is made anew"),
        Row("kept-unwritable", WARNING, INTEGRATOR, "`keep_while_unchanged` is on, and the key could not be kept",
            "make the state writable, or switch it off"),
        Row("file-damaged", REFUSED, INTEGRATOR, "a file of the state is not text", "restore it"),
        Row("libcrypto-failed", REFUSED, INTEGRATOR, "libcrypto could not make or use a P-256 key",
            "look at the system's OpenSSL settings"),
        Row("config-missing", ABSENT, INTEGRATOR, "the named device.toml is not there", "mend `--config`"),
        Row("config-unreadable", ERROR, CUSTOMER, "device.toml is no TOML; the settings before it stay in force",
            "mend it and boot again"),
        Row("config-value", REFUSED, CUSTOMER, "a value of device.toml is not possible",
            "mend it; the message says how"),
        Row("group-unknown", ERROR, INTEGRATOR, "the system lacks the group of device.toml; only the owner can read",
            "add it"),
        Row("no-status", ABSENT, CUSTOMER, "nothing was booted yet", "`dotlocal device boot`, or `--run`"),
        Row("status-damaged", ABSENT, CUSTOMER, "status.json can't be read", "`dotlocal device boot` makes it anew"),
    )),
    Group("Device: serve", (
        Row("serve-where", ABSENT, INTEGRATOR, "nothing says where to listen and what to serve",
            "give `--listen`, and `--to` or `--folder`"),
        Row("serve-what", REFUSED, INTEGRATOR, "a back end and a folder exclude each other", "choose one"),
        Row("endpoint", REFUSED, INTEGRATOR, "the text is not HOST:PORT", "write it as in 127.0.0.1:8080"),
        Row("no-such-port", REFUSED, INTEGRATOR, "ports go to 65535", "choose another"),
        Row("port-not-permitted", REFUSED, INTEGRATOR, "ports below 1024 need root or a capability", "see `--user`"),
        Row("address-in-use", REFUSED, INTEGRATOR, "another server has the port", "stop it, or choose another port"),
        Row("no-such-address", REFUSED, INTEGRATOR, "the machine doesn't have the address", "listen on another"),
        Row("cannot-listen", REFUSED, INTEGRATOR, "the address can't be listened on", "the message says why"),
        Row("no-folder", REFUSED, INTEGRATOR, "the folder to serve can't be read", "mend `--folder`"),
        Row("no-such-back-end", REFUSED, INTEGRATOR, "the back end's name has no address", "write its address"),
        Row("proxy-protocol", REFUSED, INTEGRATOR, "no such version of the PROXY protocol, or no back end to tell",
            "1 or 2, together with `--to`"),
        Row("no-such-user", REFUSED, INTEGRATOR, "the system lacks the user", "add it, or mend `--user`"),
        Row("user-is-root", REFUSED, INTEGRATOR, "the user is the one that was to be given up", "choose another"),
        Row("cannot-change-user", REFUSED, INTEGRATOR, "only root can become another user", "start as root"),
        Row("privileges-kept", REFUSED, INTEGRATOR, "the process could still act as root", "look at its capabilities"),
        Row("no-set", ABSENT, INTEGRATOR, "there is no certificate to serve yet", "`dotlocal device boot`, or `--run`"),
        Row("set-incomplete", REFUSED, INTEGRATOR, "a file of the set is missing", "boot again"),
        Row("set-unreadable", REFUSED, INTEGRATOR, "this user may not read the set", "set `group` in device.toml"),
        Row("set-broken", REFUSED, INTEGRATOR, "key and certificates of the set don't go together", "boot again"),
    )),
    Group("Device: hand-over to web servers", (
        Row("handover-failed", ERROR, INTEGRATOR, "the web server still serves what it had",
            "mend the cause; hand over"),
        Row("handover-not-running", NOTE, INTEGRATOR, "the web server is not running",
            "nothing: it reads when it starts"),
        Row("handover-one-certificate", WARNING, INTEGRATOR, "one of the two certificates is served to everybody",
            "`dotlocal device install` prints a configuration that serves both"),
        Row("handover-where", ABSENT, INTEGRATOR, "device.toml has no [handover] table", "add it"),
        Row("handover-server", REFUSED, INTEGRATOR, "no such web server is known", "choose a listed one"),
        Row("handover-command", REFUSED, INTEGRATOR, "the reload command failed", "mend it; its last words are told"),
        Row("handover-process", REFUSED, INTEGRATOR, "the server's process can't be signalled", "set its pid file"),
        Row("handover-refused", REFUSED, INTEGRATOR, "the server refused the new set", "its own words say why"),
    )),
    Group("Device: keys in hardware", (
        Row("key-kind-differs", REFUSED, INTEGRATOR, "the key is in another kind of place than device.toml says",
            "change `[key]` back, or make a new key there"),
        Row("package-missing", REFUSED, INTEGRATOR, "a package of an extra is not installed", "install the extra"),
        Row("pin-missing", REFUSED, INTEGRATOR, "the token's PIN can't be read", "put it where `[key]` says"),
        Row("pin-wrong", REFUSED, INTEGRATOR, "the token refused the PIN", "put the right one there"),
        Row("pin-not-tried", REFUSED, INTEGRATOR, "one more wrong PIN would lock the token",
            "log in with its own tool"),
        Row("pin-damaged", REFUSED, INTEGRATOR, "the record of a refused PIN is torn", "nothing: it is a hint"),
        Row("seal-failed", REFUSED, INTEGRATOR, "systemd could not seal the key", "its words say why"),
        Row("unseal-failed", REFUSED, INTEGRATOR, "systemd could not open the key", "boot as root, on this machine"),
        Row("token-away", REFUSED, INTEGRATOR, "the token or TPM does not answer", "plug it in; look at its service"),
        Row("token-refused", REFUSED, INTEGRATOR, "the token or TPM refused", "its number says why"),
        Row("token-key-unfit", REFUSED, INTEGRATOR, "the token's key is of another kind, or could leave it",
            "make one"),
        Row("token-other-key", REFUSED, INTEGRATOR, "the token or TPM does not hold this device's key",
            "plug in its own"),
    )),
    Group("Root: plan and ceremony", (
        Row("plan-unreadable", REFUSED, VENDOR, "the plan is no TOML", "mend it"),
        Row("plan-value", REFUSED, VENDOR, "a value of the plan is not possible", "mend it; the message says how"),
        Row("unknown-key", REFUSED, VENDOR, "the file has a key that nobody knows", "mend or remove it"),
        Row("missing-key", REFUSED, VENDOR, "the plan lacks a key", "`dotlocal root plan` writes one with all"),
        Row("wrong-type", REFUSED, VENDOR, "a value is of another type", "write it as the message says"),
        Row("policy-kind-missing", REFUSED, VENDOR, "no subtree of one kind, which would leave that kind open",
            "list one, or the one that means none"),
        Row("policy-dns", REFUSED, VENDOR, "the DNS subtree is not written as certificates hold it", "write it so"),
        Row("policy-wider", REFUSED, VENDOR, "the policy permits more than the CAs above it", "narrow it"),
        Row("address-range", REFUSED, VENDOR, "the text is no address range of its family", "mend it; mind host bits"),
        Row("subject-text", REFUSED, VENDOR, "a name is empty, too long or not printable", "choose another"),
        Row("subject-is-host", REFUSED, VENDOR, "a CA's name looks like a host name", "put a space in it"),
        Row("root-exists", REFUSED, VENDOR, "there is a root already", "choose another `--home`"),
        Row("no-root", ABSENT, VENDOR, "there is no root here, or its ceremony was cut short",
            "`dotlocal root create`"),
        Row("transcript-damaged", REFUSED, VENDOR, "the transcript can't be read", "restore it from a copy"),
        Row("transcript-schema", REFUSED, VENDOR, "the transcript is of another version", "use that version"),
        Row("home-missing", ABSENT, VENDOR, "no home directory was named", "give `--home`, or set DOTLOCAL_HOME"),
        Row("passphrase-missing", REFUSED, VENDOR, "the key needs a passphrase", "give `--passphrase-file`"),
        Row("passphrase-short", REFUSED, VENDOR, "the passphrase has fewer than 12 characters", "choose a longer one"),
        Row("passphrase-differs", REFUSED, VENDOR, "the passphrase was typed in two ways", "try again"),
        Row("passphrase-wrong", REFUSED, VENDOR, "the passphrase does not open the key", "try the right one"),
        Row("passphrase-unreadable", REFUSED, VENDOR, "the descriptor can't be read", "mend `--passphrase-fd`"),
    )),
    Group("Signing", (
        Row("key-kind", REFUSED, VENDOR, "a key of a kind that is not used here", "make one of a listed kind"),
        Row("issuer-expired", REFUSED, VENDOR, "the signing CA has ended", "take its successor into use"),
        Row("clock-behind", REFUSED, VENDOR, "this clock says a time before the signing CA", "set the clock"),
        Row("life-beyond-parent", REFUSED, VENDOR, "more years than the signing CA has", "ask for fewer"),
        Row("life-too-short", REFUSED, VENDOR, "less life than the plan's minimum", "it is time for the next CA"),
        Row("lint", REFUSED, VENDOR, "the certificate would not be what its profile says",
            "tell us: it is our mistake"),
        Row("signature-fault", REFUSED, VENDOR, "the key made a signature that does not verify", "mend the token"),
        Row("wrong-root", REFUSED, VENDOR, "the root's fingerprint is another", "find out whose root this is"),
        Row("foreign-constraint", REFUSED, VENDOR, "name constraints in a form that we don't make", "use our own CAs"),
    )),
    Group("Factory: requests and enrolment", (
        Row("request-unreadable", REFUSED, VENDOR, "the request can't be read", "make it anew"),
        Row("request-signature", REFUSED, VENDOR, "the request is not signed by its own key", "make it anew"),
        Row("request-extension", REFUSED, VENDOR, "the request asks for extensions", "make it without"),
        Row("request-identity", REFUSED, VENDOR, "the request has no name, or two", "make it with our commands"),
        Row("request-of-device", REFUSED, VENDOR, "a device's request, where a station's is expected",
            "see `--device`"),
        Row("device-serial", REFUSED, VENDOR, "no serial number of a device",
            "letters, digits, `.` and `-`; at most 32"),
        Row("station-name", REFUSED, VENDOR, "no name of a station",
            "letters, digits, spaces, `.` and `-`; at most 32"),
        Row("key-taken", REFUSED, VENDOR, "another device has this key: a cloned image",
            "make a new key on the device"),
        Row("serial-taken", REFUSED, VENDOR, "the serial number has another key", "for rework say `--replace REASON`"),
        Row("superseded", REFUSED, VENDOR, "the request of a key that was replaced", "make a new key on the device"),
        Row("replace-reason", REFUSED, VENDOR, "a reason that nobody could read later", "say what was done"),
        Row("no-station", ABSENT, VENDOR, "there is no station here", "`dotlocal factory init`"),
        Row("station-exists", REFUSED, VENDOR, "there is a station of another name", "choose another `--home`"),
        Row("no-answer", ABSENT, VENDOR, "the root has not answered yet", "`dotlocal factory accept`"),
        Row("station-accepted", REFUSED, VENDOR, "the station has another answer", "a new factory CA is a new station"),
        Row("answer-parts", REFUSED, VENDOR, "the root's answer is not whole", "use the file as `root sign` wrote it"),
        Row("answer-policy", REFUSED, VENDOR, "the policy was not signed by this root for this CA", "ask for it again"),
        Row("no-ledger", ABSENT, VENDOR, "there is no ledger", "`dotlocal factory init`, then `accept`"),
        Row("ledger-version", REFUSED, VENDOR, "the ledger is of another version", "use that version"),
        Row("ledger-failed", REFUSED, VENDOR, "the ledger can't be read or written", "free the disk, or restore it"),
    )),
    Group("Birth records and chains", (
        Row("birth-count", REFUSED, VENDOR, "a birth record has two or three certificates", "ask for the whole record"),
        Row("birth-order", REFUSED, VENDOR, "one was not signed by the next: order, gap, or another root", "ask again"),
        Row("birth-profile", REFUSED, VENDOR, "a certificate is not what it must be", "look at the factory CA's maker"),
        Row("birth-expired", REFUSED, VENDOR, "a certificate of the record has ended", "have a new one made"),
        Row("chain-broken", REFUSED, VENDOR, "the certificates do not form one chain", "find the missing one"),
        Row("certificate-unreadable", REFUSED, VENDOR, "a certificate can't be read", "get it anew"),
    )),
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
    Group("Why a browser refuses", (
        Row("no-certificate", ERROR, INTEGRATOR, "the server sent none", "look at its configuration"),
        Row("constraint-broken", ERROR, CUSTOMER, "a name is outside the name constraints of a CA above",
            "use another"),
        Row("wrong-issuer", ERROR, INTEGRATOR, "the chain does not lead to the imported root",
            "serve all of the chain"),
        Row("not-a-ca", ERROR, INTEGRATOR, "a certificate signed another and may not", "look at who made it"),
        Row("wrong-name", ERROR, CUSTOMER, "the certificate is for other names", "use one of those, or boot again"),
        Row("wrong-time", ERROR, CUSTOMER, "not valid yet, or no longer", "look at both clocks; renew"),
        Row("wrong-purpose", ERROR, INTEGRATOR, "not for servers", "serve the certificate that boot makes"),
        Row("refused-by-verifier", ERROR, INTEGRATOR, "an independent verifier refuses", "its words say why"),
    )),
    Group("Files and commands", (
        Row("pem-empty", REFUSED, VENDOR, "the file holds no PEM block", "give the file that the other side wrote"),
        Row("pem-corrupt", REFUSED, VENDOR, "a PEM block is damaged", "get the file anew"),
        Row("pem-too-large", REFUSED, VENDOR, "the file is too large to be read", "give the right file"),
        Row("pem-label", REFUSED, VENDOR, "the file holds something else", "give the right file"),
        Row("pem-count", REFUSED, VENDOR, "more than one where one is expected", "give one at a time"),
        Row("file-missing", ABSENT, CUSTOMER, "the file is not there", "mend its path"),
        Row("file-unreadable", REFUSED, CUSTOMER, "the file can't be read", "look at its owner and mode"),
        Row("file-unwritable", REFUSED, CUSTOMER, "the file can't be written", "look at the folder, mode and disk"),
        Row("file-too-large", REFUSED, CUSTOMER, "the file has more than is read of its kind", "give the right file"),
        Row("file-exists", REFUSED, CUSTOMER, "the file is there and is not overwritten", "name another"),
        Row("busy", REFUSED, CUSTOMER, "another command holds the lock", "wait for it, or end it"),
        Row("unknown-kit", REFUSED, INTEGRATOR, "there is no such kit to install", "name a listed one"),
        Row("command-unknown", REFUSED, INTEGRATOR, "units need the command's absolute path", "give `--command`"),
        Row("usage", ABSENT, CUSTOMER, "the words of the command were not understood", "`--help` shows how"),
        Row("cryptography-missing", REFUSED, INTEGRATOR, "this command needs the package `cryptography`", "install it"),
        Row("demo-failed", REFUSED, VENDOR, "the demo did not come out as it should", "tell us what it said"),
    )),
)  # fmt: skip

ROWS = tuple(row for group in GROUPS for row in group.rows)


def markdown() -> Iterator[str]:
    """The lines of docs/codes.md."""
    for group in GROUPS:
        yield from (f"## {group.title}", "", "| code | severity | who acts | what it means | what to do |")
        yield "|---|---|---|---|---|"
        for row in group.rows:
            yield f"| `{row.code}` | {row.severity} | {row.actor} | {row.meaning} | {row.action} |"
        yield ""
