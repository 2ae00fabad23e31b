"""The plan of a root: one reviewed TOML file in place of many typed commands."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from dotlocal.core import constraints as name_constraints
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.core.subject import Subject
from dotlocal.core.subtrees import Subtrees
from dotlocal.host.signers import KINDS

_T = TypeVar("_T")
_MOST_YEARS = 50

EXAMPLE = """\
# The plan of a root CA. Everything here goes into certificates and can't be changed once the root is made.

organisation = "Acme Devices"           # the vendor; at most 64 characters
name = "Acme Devices Root G1"           # what customers see when they import it; a new name with every new key
key = "P-384"                           # or P-256, RSA-3072, RSA-4096
years = 25                              # how long the root lives
device_min_years = 10                   # a device CA that would live shorter than this is refused

# true: the root itself can only vouch for the names below, so a customer need not trust you for the public web.
#   Browsers, OpenSSL and Go enforce it; Java and Apple ignore it on a root (the device CAs' own still hold there);
#   wolfSSL and Mbed TLS clients are lost; a name in a customer's own domain can never be served.
# false: no constraint on the root; every device CA still has its own.
constrain_root = true

[names]
# At least one entry of each kind. To let a device use only names below its own serial number, so that a stolen one
# can't pose as its siblings: dns = ["{serial}.local", "{serial}.home.arpa", "{serial}.internal"]
dns = ["local", "home.arpa", "internal"]
ipv4 = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]    # none: ["0.0.0.0/32"]
ipv6 = ["fc00::/7", "fe80::/10"]                                              # none: ["::1/128"]
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was read: every value checked, nothing left to typing."""

    organisation: str
    name: str
    key: str
    years: int
    device_min_years: int
    constrain_root: bool
    names: NamePolicy
    digest: str

    @classmethod
    def parse(cls, text: bytes) -> Plan:
        """Read the TOML of a plan; refuses every mistake by the name of its key."""
        try:
            table = tomllib.loads(text.decode())
            repr(table)  # a hexadecimal number of thousands of digits can be read, and never be told about
        except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or a number of thousands of digits
            raise Refused("plan-unreadable", f"the plan is no TOML: {error}") from None
        unknown = sorted(set(table) - set(_KEYS))
        if unknown:
            raise Refused("unknown-key", f"the plan has {', '.join(unknown)}; it knows {', '.join(_KEYS)}")
        names = table.get("names", name_constraints.DEFAULT.as_dict())
        if not isinstance(names, Mapping):
            raise Refused("wrong-type", f"names must be a table, not {names!r}")
        plan = cls(
            organisation=_value(table, "organisation", str),
            name=_value(table, "name", str),
            key=_value(table, "key", str, "P-384"),
            years=_value(table, "years", int, 25),
            device_min_years=_value(table, "device_min_years", int, 10),
            constrain_root=_value(table, "constrain_root", bool, True),
            names=NamePolicy.parse(names),
            digest=sha256(text).hexdigest(),
        )
        plan._check()
        return plan

    @property
    def subject(self) -> Subject:
        """The root's subject."""
        return Subject(self.organisation, self.name)

    @property
    def constraints(self) -> Subtrees | None:
        """The root's own constraints, or None."""
        return self.names.widest() if self.constrain_root else None

    def as_dict(self) -> dict[str, object]:
        """The plan as data, for the transcript."""
        return {key: getattr(self, key) for key in _KEYS if key != "names"} | {"names": self.names.as_dict()}

    def _check(self) -> None:
        if self.key not in KINDS:
            raise Refused("plan-value", f"key is {self.key!r}; it can be {', '.join(KINDS)}")
        if not 1 <= self.years <= _MOST_YEARS:
            raise Refused("plan-value", f"years is {self.years}; it can be 1 to {_MOST_YEARS}")
        if not 0 < self.device_min_years <= self.years:
            raise Refused(
                "plan-value", f"device_min_years is {self.device_min_years}; it can be 1 to {self.years}, the root's"
            )
        self.subject.encode()
        self.names.for_device("sn0001")
        if self.constraints:
            name_constraints.complete(self.constraints)


_KEYS = ("organisation", "name", "key", "years", "device_min_years", "constrain_root", "names")


def _value(table: Mapping[str, object], key: str, kind: type[_T], default: _T | None = None) -> _T:
    value = table.get(key, default)
    if value is None:
        raise Refused("missing-key", f"the plan has no {key}", hint="`dotlocal root plan` writes an example with all")
    if not isinstance(value, kind) or type(value) is not kind:  # True is an int
        raise Refused("wrong-type", f"{key} must be {_SPOKEN[kind]}, not {value!r}")
    return value


_SPOKEN: dict[type, str] = {str: "a string", int: "a whole number", bool: "true or false"}
