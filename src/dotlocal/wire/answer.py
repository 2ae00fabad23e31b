"""The root's answer to a station: its factory CA, the root, and the station policy, in one PEM file.

The policy travels in a block of its own, signed by the root's key for that one factory CA: a station must not be
talked into a wider one on the way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from dotlocal.core import keys, pem
from dotlocal.core.constraints import NamePolicy
from dotlocal.core.errors import Refused
from dotlocal.core.issue import Issuer
from dotlocal.core.profiles import FACTORY_CA, ROOT_CA
from dotlocal.wire.birth import check_chain

LABEL = "DOTLOCAL POLICY"


@dataclass(frozen=True, slots=True)
class StationPolicy:
    """What the plan says to a station: which names its devices may have, and how many years they must live."""

    names: NamePolicy
    device_min_years: int

    def message(self, factory_ca: x509.Certificate) -> bytes:
        """What the root signs: the policy, bound to one factory CA."""
        contents = {"names": self.names.as_dict(), "device_min_years": self.device_min_years}
        return b"dotlocal station policy 1\0" + factory_ca.public_bytes(Encoding.DER) + _json(contents)


@dataclass(frozen=True, slots=True)
class Answer:
    """A factory CA with the root above it, and the policy that the root signed for it."""

    factory_ca: x509.Certificate
    root: x509.Certificate
    policy: StationPolicy
    signature: bytes

    @classmethod
    def make(
        cls, factory_ca: x509.Certificate, root: x509.Certificate, policy: StationPolicy, sign: Callable[[bytes], bytes]
    ) -> Answer:
        """Put an answer together; `sign` is the root's key."""
        return cls(factory_ca, root, policy, sign(policy.message(factory_ca)))

    @classmethod
    def parse(cls, data: bytes) -> Answer:
        """Read and check one: chain, profiles, and the root's signature over the policy. No clock is asked.

        Refuses `answer-parts`, `answer-policy`, and what a birth record's chain is refused for.
        """
        blocks = pem.parse(data, "the root's answer")
        if [label for label, _ in blocks] != [pem.CERTIFICATE, pem.CERTIFICATE, LABEL]:
            raise Refused(
                "answer-parts",
                "the root's answer holds a factory CA, the root and the policy; this file holds "
                + ", ".join(label for label, _ in blocks),
                hint="use the file that `dotlocal root sign` wrote, whole",
            )
        factory_ca, root = (pem.certificate(contents, "the root's answer") for _, contents in blocks[:2])
        check_chain((factory_ca, root), (FACTORY_CA, ROOT_CA))
        policy, signature = _policy(blocks[2][1])
        issuer = Issuer.of(root)
        if not keys.verifies(issuer.public_key, signature, policy.message(factory_ca), issuer.algorithm):
            raise Refused("answer-policy", "the station policy was not signed by this root for this factory CA")
        return cls(factory_ca, root, policy, signature)

    def encode(self) -> str:
        """The PEM file."""
        contents = {
            "names": self.policy.names.as_dict(),
            "device_min_years": self.policy.device_min_years,
            "signature": self.signature.hex(),
        }
        certificates = (self.factory_ca, self.root)
        blocks = [pem.encode(pem.CERTIFICATE, each.public_bytes(Encoding.DER)) for each in certificates]
        return "".join((*blocks, pem.encode(LABEL, _json(contents))))


def _policy(contents: bytes) -> tuple[StationPolicy, bytes]:
    try:
        read = json.loads(contents)
        names, years, signature = read["names"], read["device_min_years"], bytes.fromhex(read["signature"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refused("answer-policy", "the station policy can't be read") from None
    if not isinstance(names, dict) or type(years) is not int:
        raise Refused("answer-policy", "the station policy can't be read")
    return StationPolicy(NamePolicy.parse(names), years), signature


def _json(contents: object) -> bytes:
    return json.dumps(contents, sort_keys=True, separators=(",", ":")).encode()
