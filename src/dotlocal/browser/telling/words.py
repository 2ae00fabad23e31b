"""The diagnosis in words for a terminal: the verdict, each cause with who must act and how, and what was seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_APPLE = ("lifetime-too-long", "purpose-missing")
PEOPLE = {
    "customer": "you, or whoever looks after the device",
    "administrator": "whoever looks after this computer and its network",
    "integrator": "whoever builds the device's software",
    "vendor": "the device's maker",
}


def lines(report: dict[str, Any], *, quiet: bool = False) -> Iterator[str]:
    """The report as lines; `quiet` leaves out what was seen, and notes."""
    yield f"{report['target']}: {verdict(report)}"
    for finding in report["findings"]:
        if quiet and finding["severity"] == "note":
            continue
        yield ""
        yield f"{finding['severity']}: {finding['message']} ({finding['code']})"
        yield f"  who:  {PEOPLE[finding['who']]}"
        yield f"  do:   {finding['hint']}"
    if not quiet:
        yield from ("", *facts(report))


def verdict(report: dict[str, Any]) -> str:
    """One line: what a browser does."""
    if not report["accepted"]:
        return "a browser refuses it" if report["addresses"] else "a browser can't get there"
    left = report["days_left"]
    served = f", {left:g} days left" if left is not None else ""
    apple = any(finding["code"] in _APPLE for finding in report["findings"])
    return f"browsers accept it, but on Apple's systems{served}" if apple else f"a browser accepts it{served}"


def facts(report: dict[str, Any]) -> Iterator[str]:
    """What was seen, address by address."""
    yield from _resolution(report["resolution"])
    for address in report["addresses"]:
        tls = "1.2 and 1.3" if address["tls_1_2"] and address["tls_1_3"] else "1.3" if address["tls_1_3"] else "1.2"
        more = [f"TLS {tls}"]
        more += [f"ALPN {address['alpn']}"] if address["alpn"] else []
        more += ["resumes sessions"] if address["resumes"] else []
        more += ["another certificate without a name"] if address["same_without_name"] is False else []
        yield f"seen at {address['address']}: {', '.join(more)}"
        yield f"  names:  {', '.join(address['names']) or 'none'}"
        for place, certificate in enumerate(address["chain"]):
            until = f"{certificate['not_before'][:10]} to {certificate['not_after'][:10]}"
            yield f"  sent {place}: {certificate['subject']}, {until}"
        if address["root"]:
            by = ", ".join(address["trusted_by"]) or "nothing here"
            yield f"  root:   {address['root']}, trusted by {by}"
            yield f"          SHA-256 {address['root_sha256']}"
        if address["device_clock"]:
            yield f"  clock:  {address['device_clock']} there, {report['clock']['here']} here"


def _resolution(found: dict[str, Any]) -> Iterator[str]:
    if found["given"]:
        return
    yield f"resolver: {', '.join(found['system']) or 'nothing'}"
    if found["asked_mdns"]:
        yield f"mDNS: {', '.join(found['mdns']) or 'nothing'}"
