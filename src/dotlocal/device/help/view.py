"""What a page is made for, and what every part of it needs from that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dotlocal.device.help import english, german
from dotlocal.device.help.facts import Facts
from dotlocal.device.web.hosts import Host, of
from dotlocal.device.web.html import Html, filled, tag
from dotlocal.guide import Platform

WORDS = {"en": english.WORDS, "de": german.WORDS}
REASONS = {"en": english.REASONS, "de": german.REASONS}


@dataclass(frozen=True, slots=True)
class View:
    """One page for one browser: facts, its language and platform, and how it was reached."""

    facts: Facts
    language: str
    platform: Platform
    host: Host  # by which it was opened
    scheme: str
    path: str  # of the page itself
    https_port: int
    probe_port: int
    redirect: bool  # go on to the secure address as soon as the browser has proved its trust
    hsts: bool

    def say(self, key: str, **facts: str) -> Html:
        """A text of the page's own, with facts in it."""
        return filled(WORDS[self.language][key], **facts)

    def of_its_issuer(self, key: str) -> str:
        """The key of a text, or of the one for a device whose root is its owner's and not the maker's."""
        return key if self.facts.report.get("served", "vendor") == "vendor" else f"{key}-issuer"

    @property
    def covered(self) -> bool:
        """Whether the certificate holds for the host by which the page was opened."""
        return self.host.text in self.facts.served

    @property
    def probed(self) -> bool:
        """Whether the page can find out by itself if the browser trusts the device."""
        return self.facts.probed and self.covered

    @property
    def hosts(self) -> Sequence[Host]:
        """What the certificate holds for."""
        found = map(of, map(str, [*self.facts.report["names"], *self.facts.report["addresses"]]))
        return [host for host in found if host]

    @property
    def url(self) -> str:
        """The secure address: of the host by which the page was opened, or of the first that the certificate names."""
        host = self.host if self.covered else next(iter(self.hosts), self.host)
        return f"https://{host.in_url}" + (f":{self.https_port}" if self.https_port != 443 else "")

    def query(self, *, platform: str = "", language: str = "") -> str:
        """A relative link to this page for another platform or in another language."""
        return f"?platform={platform or self.platform.key}&lang={language or self.language}"

    def elsewhere(self, host: Host) -> Html:
        """A link to this page by another host. Not to its secure address: whether that would warn isn't known yet."""
        return tag("a", host.text, href=f"{self.scheme}://{host.in_url}{self.host.port}{self.path}")

    def date(self, moment: str) -> Html:
        """A day as people write it, of a moment in RFC 3339."""
        year, month, day = moment[:10].split("-")
        written = f"{day}.{month}.{year}" if self.language == "de" else f"{year}-{month}-{day}"
        return tag("time", written, datetime=moment[:10])
