"""What a root can and can't ever vouch for, in the languages of the pages; the facts are those of the appraisal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dotlocal.browser.anchor import printable
from dotlocal.browser.appraisal import Appraisal
from dotlocal.browser.export.handout import Said
from dotlocal.core.constraints import DEFAULT
from dotlocal.core.subtrees import cidr
from dotlocal.core.window import rfc3339

_ANY = {
    "DNS": Said("any name, of any web site", "jeden Namen, auch jeder Website"),
    "IPv4": Said("any IPv4 address", "jede IPv4-Adresse"),
    "IPv6": Said("any IPv6 address", "jede IPv6-Adresse"),
}
_OTHER = {
    "DNS": Said("any other name", "andere Namen"),
    "IPv4": Said("any other IPv4 address", "andere IPv4-Adressen"),
    "IPv6": Said("any other IPv6 address", "andere IPv6-Adressen"),
}
_NOTHING_PUBLIC = Said(
    "any web site, mail server or other machine outside local networks",
    "Websites, Mailserver oder andere Rechner außerhalb lokaler Netze",
)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
_MOST_SHOWN = 12
_MOST_LETTERS = 80
_NONE = {4: "0.0.0.0/32", 16: "::1/128"}
_NOTHING = ("0.0.0.0/32", "::1/128", "::/128")
_DEFAULTS = {4: DEFAULT.ipv4, 16: DEFAULT.ipv6}


@dataclass(frozen=True, slots=True)
class Vouching:
    """Sentences without a full stop."""

    can: tuple[Said, ...]
    cannot: tuple[Said, ...]

    @classmethod
    def of(cls, appraisal: Appraisal) -> Vouching:
        """Of an appraised root. Unlike the appraisal's own words, they don't change with the day they are said on."""
        limits = appraisal.anchor.limits
        can = [_ANY[kind] for kind in limits.open]
        if limits.permitted.dns:
            can.append(_below(limits.permitted.dns))
        for octets, family in ((4, "IPv4"), (16, "IPv6")):
            ranges = _shown([each for each in ranges_of(appraisal, octets) if each not in _NOTHING])
            if ranges:
                can.append(Said(f"{family} addresses in {ranges}", f"{family}-Adressen in {ranges}"))
        closed = [kind for kind in _OTHER if kind not in limits.open]
        public = {finding.code for finding in appraisal.findings} & {"root-public-suffix", "root-public-range"}
        cannot = [_OTHER[kind] for kind in closed]
        if len(closed) == len(_OTHER) and not public and not appraisal.domains:
            cannot = [_NOTHING_PUBLIC]
        end = rfc3339(appraisal.anchor.not_after)[:10]
        cannot.append(Said(f"anything after {end}", f"irgendetwas nach dem {end}"))
        return cls(tuple(can), tuple(cannot))


def ranges_of(appraisal: Appraisal, octets: int) -> list[str]:
    """The permitted address ranges of one family, as text."""
    return [cidr(*each) for each in appraisal.anchor.limits.ranges(octets)]


def held_to(appraisal: Appraisal) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What browsers are told to hold the root to, both kinds never empty: its own limits; where it has none of a kind,
    what devices are limited to by default.
    """
    limits = appraisal.anchor.limits
    bases = limits.permitted.dns or ()
    # what is no host name permits none, and has no place in other people's files
    dns = tuple(base for base in bases if _HOST.fullmatch(base))
    if "DNS" in limits.open or "" in bases:
        dns = DEFAULT.dns
    cidrs: list[str] = []
    for octets, family in ((4, "IPv4"), (16, "IPv6")):
        cidrs += _DEFAULTS[octets] if family in limits.open else ranges_of(appraisal, octets) or [_NONE[octets]]
    return dns or ("invalid",), tuple(cidrs)


def _shown(ranges: list[str]) -> str:
    return ", ".join(ranges[:_MOST_SHOWN]) + (", …" if len(ranges) > _MOST_SHOWN else "")


def _below(bases: tuple[str, ...]) -> Said:
    if "" in bases:
        return _ANY["DNS"]
    names = ", ".join(printable(base)[:_MOST_LETTERS] for base in bases[:_MOST_SHOWN])
    if len(bases) > _MOST_SHOWN:
        return Said(f"{names} and more, and every name below them", f"{names} und weitere, und alle Namen darunter")
    return Said(f"{names}, and every name below", f"{names} und alle Namen darunter")
