# Boot path of devices with something of their customer's: no typing, dataclasses, enum, re or json at run time.
"""Whether a certificate's names are those that the device answers to. Pure.

A device knows its addresses, and which `.local` name it answers with. What a customer's DNS says it can't know: there
it goes by its configured names, by names whose first label is its own, and by those that the customer claimed.
"""

from dotlocal.core.errors import Refused
from dotlocal.core.names import Address, HostName
from dotlocal.core.subtrees import Subtrees
from dotlocal.device.plan import NO_HOST_NAMES, chosen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.settings import Settings
    from dotlocal.device.surroundings import Surroundings

_MDNS = ".local"  # RFC 6762 3


class Answers:
    """What the device answers to, as far as it can know: full `names`, its own `label` or nothing, `addresses`."""

    __slots__ = ("addresses", "label", "names")

    def __init__(self, names: "list[str]", label: str, addresses: "list[Address]") -> None:
        self.names = names
        self.label = label
        self.addresses = addresses

    def texts(self) -> "list[str]":
        """All of it, as a person would type it into a browser."""
        return [*self.names, *(address.text for address in self.addresses)]


def answers(settings: "Settings", surroundings: "Surroundings") -> Answers:
    """What these settings and surroundings make the device answer to."""
    host_name = surroundings.host_name.lower()
    label = host_name.partition(".")[0]
    wanted = [*settings.hostnames, surroundings.mdns_name]
    if label in NO_HOST_NAMES:
        label = ""
    else:
        # after a conflict Avahi answers with another name, and with this one no more
        wanted += [] if surroundings.mdns_name else [label + _MDNS]
        wanted += [host_name] if "." in host_name else []
    names = []
    for text in wanted:
        try:
            name = HostName.parse(text).text
        except Refused:
            continue  # boot lists it among the left out
        if name not in names:
            names.append(name)
    return Answers(names, label, list(dict.fromkeys(chosen(settings, surroundings))))


def known(name: str, claimed: "list[str]", answered: Answers) -> bool:
    """Whether the device goes by a certificate's name, a wildcard's included."""
    if name in answered.names or any(covers(name, each) for each in answered.names):
        return True
    if name in claimed:
        return True
    if name.endswith(_MDNS):
        return False  # it would know
    return bool(answered.label) and name.partition(".")[0] in (answered.label, "*")


def fitting(names: "list[str]", addresses: "list[Address]", claimed: "list[str]", answered: Answers) -> "list[str]":
    """Those of a certificate's names and addresses that the device answers to."""
    fit = [name for name in names if known(name, claimed, answered)]
    return fit + [address.text for address in addresses if address in answered.addresses]


def missing(names: "list[str]", addresses: "list[Address]", answered: Answers) -> "list[HostName | Address]":
    """What the device answers to, and the certificate does not name."""
    lacking: list[HostName | Address] = [
        HostName(each) for each in answered.names if not any(name == each or covers(name, each) for name in names)
    ]
    return lacking + [each for each in answered.addresses if each not in addresses]


def within(permitted: Subtrees, answered: Answers) -> bool:
    """Whether a certificate below these constraints could name something that the device answers to."""
    wanted: list[HostName | Address] = [*(HostName(each) for each in answered.names), *answered.addresses]
    if any(permitted.permits(each) for each in wanted):
        return True
    # below a suffix of the customer's the device has its own label, as boot makes it; `.local` names it would know
    bases = permitted.dns or ()
    return bool(answered.label) and any(base != _MDNS[1:] and not base.endswith(_MDNS) for base in bases)


def covers(pattern: str, name: str) -> bool:
    """Whether a wildcard names a host: it stands for one label, the first (RFC 9525 6.3)."""
    return pattern.startswith("*.") and name.partition(".")[2] == pattern[2:]
