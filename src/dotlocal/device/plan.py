# Boot path: no typing, dataclasses, enum, re or json at run time.
"""What a boot is going to make: names, addresses and window, decided before anything is touched. Pure."""

from dotlocal.core.findings import ERROR, NOTE, WARNING, Finding, LeftOut
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import sift
from dotlocal.core.template import Template
from dotlocal.core.window import DAY, Window, rfc3339
from dotlocal.device import time
from dotlocal.device.settings import Settings
from dotlocal.device.surroundings import Surroundings
from dotlocal.device.time import Clock, Floor, Hint
from dotlocal.host.clock import Reading

_LOOPBACK = "lo"
NO_HOST_NAMES = ("", "localhost", "(none)")  # what the kernel says when nobody has named the machine


class Plan:
    """Everything that the certificates of one boot will say, and what they won't; `issued` is when they are made."""

    __slots__ = ("addresses", "clock", "findings", "issued", "left_out", "names", "window")

    def __init__(
        self, *, clock: Clock, window: Window, names: "list[HostName]", addresses: "list[Address]",
        left_out: "list[LeftOut]", findings: "list[Finding]",
    ) -> None:  # fmt: skip
        self.clock = clock
        self.issued = clock.now
        self.window = window
        self.names = names
        self.addresses = addresses
        self.left_out = left_out
        self.findings = findings


def plan(
    template: Template, settings: Settings, surroundings: Surroundings, reading: Reading, saved: "Floor | None",
    hint: "Hint | None" = None, *, judged: "Clock | None" = None,
) -> Plan:  # fmt: skip
    """Decide. Left-out names and findings are part of the plan; only `no-name-left` stops it from being carried out.

    `judged` is the clock where it was judged already: below a customer's CA, which has no say in what time it is.
    """
    ca = template.issuer_window
    clock = judged or time.judge(
        reading, saved, built=settings.built, ca_not_before=ca.not_before, hint=hint, ca_not_after=ca.not_after
    )
    window = time.window(clock, ca, days=settings.days, unknown_clock_days=settings.unknown_clock_days)
    sifted = sift(_wanted(template, settings, surroundings), template.permitted)
    findings = [*_clock_findings(clock, ca, window), *([] if judged else _address_findings(settings, surroundings))]
    if not sifted.names and not sifted.addresses:
        findings.append(
            Finding(
                "no-name-left", ERROR, "server certificate", "no host name and no address is left to put in",
                hint="see left_out for the reasons; name the device, or connect it to a local network",
            )
        )  # fmt: skip
    left_out = [*settings.refused, *sifted.left_out]
    return Plan(
        clock=clock, window=window, names=sifted.names, addresses=sifted.addresses, left_out=left_out, findings=findings
    )


def _clock_findings(clock: Clock, ca: Window, window: Window) -> "list[Finding]":
    known_now = clock.floor if clock.quality == time.UNKNOWN else clock.now
    if known_now > ca.not_after:
        return [
            Finding(
                "ca-expired", ERROR, "device CA",
                f"the device CA ended {rfc3339(ca.not_after)}; certificates for its last valid days are still made",
                hint="renew the device CA; browsers refuse the device until then",
            )
        ]  # fmt: skip
    if clock.quality == time.UNKNOWN and window.not_after - window.not_before > time.MOST_DAYS * DAY:
        return [
            Finding(
                "clock-unknown", NOTE, "clock", "the date is unknown, so the certificate lasts as long as its CA",
                hint="Apple refuses it; give the device a time source, or set unknown_clock_days in device.toml",
            )
        ]  # fmt: skip
    return []


def _address_findings(settings: Settings, surroundings: Surroundings) -> "list[Finding]":
    if surroundings.unanswered:
        return [
            Finding(
                "addresses-unknown", WARNING, "addresses",
                f"the kernel does not tell this device's addresses: {surroundings.unanswered}",
                hint="let its unit use AF_NETLINK (RestrictAddressFamilies=), and open enough files",
            )
        ]  # fmt: skip
    if not settings.interfaces:
        return []
    there = list(dict.fromkeys(interface for interface, _ in surroundings.addresses))
    lacking = [each for each in settings.interfaces if each not in there]
    if not lacking:
        return []
    return [
        Finding(
            "interface-without-address", NOTE, "interfaces",
            f"device.toml names {', '.join(lacking)}, which has no address now; {', '.join(there) or 'none'} has",
            hint="nothing to do while a network is yet to come; else mend interfaces in device.toml",
        )
    ]  # fmt: skip


def _wanted(template: Template, settings: Settings, surroundings: Surroundings) -> "list[str | HostName | Address]":
    suffixed = _suffixed(surroundings.host_name, template.permitted.dns or ()) if settings.suffixes else []
    answering = [surroundings.mdns_name] if surroundings.mdns_name else []
    return [*settings.hostnames, *answering, *suffixed, *chosen(settings, surroundings)]


def chosen(settings: Settings, surroundings: Surroundings) -> "list[Address]":
    """The configured addresses, and those of the chosen interfaces."""
    return [
        *settings.addresses,
        *(
            address
            for interface, address in surroundings.addresses
            if (interface in settings.interfaces if settings.interfaces else interface != _LOOPBACK)
        ),
    ]  # fmt: skip


def _suffixed(host_name: str, suffixes: "tuple[str, ...]") -> "list[str]":
    label = host_name.partition(".")[0].lower()
    if label in NO_HOST_NAMES:
        return []
    # where the policy names the machine itself (sn0001.local, or its factory name), that is the name, not a suffix
    return [suffix if suffix.partition(".")[0] == label else f"{label}.{suffix}" for suffix in suffixes]
