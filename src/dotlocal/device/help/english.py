"""What the pages say in English; German has the same keys. The steps themselves are `dotlocal.guide`'s."""

from __future__ import annotations

WORDS = {
    "title": "Secure connection to {host}",
    "heading": "A secure connection to this device",
    "lead": "Import one file, once on each computer or phone. From then on every device of {vendor} opens without a "
    "warning, and you can be sure that it is the device that you are talking to.",
    "lead-issuer": "Import one file, once on each computer or phone. From then on this device opens without a warning, "
    "and so does everything else that its owner has certified; and you can be sure that it is the device that you are "
    "talking to.",
    "lead-own": "This device shows a certificate that its owner has chosen. Whether your browser trusts it is "
    "decided by your organisation: ask its administrators for the file to import.",
    "other-language": "Auf Deutsch",
    "state": "Does this browser trust the device?",
    "state-wait": "Looking whether this browser trusts the device …",
    "state-trusted": "This browser trusts the device.",
    "state-trusted-more": "Nothing is left to do here. Use the secure address from now on.",
    "state-open": "Open {url}",
    "state-untrusted": "This browser does not trust the device yet.",
    "state-untrusted-more": "Import the file as described below. When you come back to this page, it looks again. "
    "Until then a secure page of the device begins with a warning: turn back there, and enter no password.",
    "state-unknown": "This page could not find out.",
    "state-unknown-more": "Port {port} of the device can't be reached from this browser, or only in part: a firewall "
    "or a proxy may be in between. The import works all the same. Check by hand afterwards: {check}",
    "state-again": "Look again",
    "state-script": "To find out by itself, this page needs JavaScript. Check by hand: {check}",
    "state-uncovered": "You have opened this page as {host}.",
    "state-uncovered-more": "The device's certificate does not hold for that. Open the page by one of these: {links}",
    "state-unprobed": "This device does not offer a test.",
    "state-unprobed-more": "Check by hand after the import: {check}",
    "check-by-hand": "open {link}. If a warning appears, go back: the file is not imported yet.",
    "import": "Import it: {platform}",
    "import-for": "For {covers}.",
    "platforms": "Another system or browser?",
    "file": "Download the certificate",
    "file-more": "{file}, {size}. The file is public and holds no secret.",
    "file-warned": "The browser may ask whether to keep a file that came without encryption. It asks rightly: that "
    "this is the right file, nothing but its fingerprint tells you.",
    "fingerprint": "Fingerprint (SHA-256)",
    "fingerprint-more": "Compare it with the label on the device, or with its papers. Not with this page alone: "
    "whoever could exchange the file could exchange the page as well.",
    "fingerprint-more-issuer": "This certificate is not the maker's but that of the device's owner, so the label on "
    "the device tells another fingerprint. Ask the owner or the administrators for this one, wherever the steps "
    "speak of the label.",
    "fingerprint-line": "In one line:",
    "notes": "Good to know",
    "warnings": "What does not work",
    "apple-clock": "The device does not know the date, and its certificate is valid for longer than Apple accepts. "
    "Safari, iPhones and iPads will go on refusing it until the device is given a time server and restarted.",
    "check": "Check it",
    "check-page": "Load this page again: the box at its top says whether this browser trusts the device.",
    "remove": "Remove it again",
    "remove-more": "When you have no device of {vendor} any more, or when the maker asks you to.",
    "remove-more-issuer": "When you don't use this device any more, or when its owner asks you to.",
    "device": "What this device answers to",
    "device-more": "The certificate holds for these names and addresses, and for no other.",
    "names": "Names",
    "addresses": "Addresses",
    "nothing": "none",
    "until": "Certificate valid until",
    "clock": "Clock of the device",
    "clock-synchronised": "set by a time server",
    "clock-kept": "kept by the device's own battery",
    "clock-unknown": "not set: the device has not been told the date",
    "clock-hint": "taken from a browser",
    "root": "Certificate to import",
    "root-until": "{name}, valid until {until}",
    "left-out": "Left out",
    "left-out-more": "The device was to answer to these as well, but a certificate can't or may not name them.",
    "left-out-what": "Name or address",
    "left-out-why": "Why",
    "problems": "What is wrong with this device",
    "footer": "These pages come from the device itself and load nothing from elsewhere.",
    "profile": "Lets this iPhone, iPad or Mac trust the devices of {vendor}. Compare the SHA-256 fingerprint with the "
    "label on the device before you install it.",
    "starting": "The device is not ready yet",
    "starting-more": "It has no certificate so far. If it has just been switched on, wait a minute and load this page "
    "again. If it stays like this, ask those who look after it.",
}  # fmt: skip

# Why a name or an address was left out, by the code that the device gives.
REASONS = {
    "not-a-host-name": "this is no host name: letters, digits and inner hyphens make one",
    "wildcard": "certificates with wildcards are not accepted everywhere",
    "underscore": "no host name has an underscore",
    "trailing-dot": "it ends with a dot",
    "name-too-long": "it is too long for a host name",
    "idn": "browsers disagree about how to write this name",
    "address-as-name": "browsers would take this name for an address",
    "not-an-address": "this is no address",
    "zone": "the part behind % means nothing on another computer",
    "loopback": "it means the asking computer itself",
    "unspecified": "no device has this address",
    "multicast": "this address is that of many devices",
    "mapped-address": "this is an IPv4 address in the clothes of IPv6",
    "outside-constraints": "the maker's certificates are limited to local names and private addresses, and this is "
    "none",
    "too-many-names": "a certificate can't carry any more names",
}
