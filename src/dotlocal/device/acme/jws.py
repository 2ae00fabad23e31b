"""JSON Web Signatures as ACME wants them (RFC 7515, RFC 8555 6.2): flattened, ES256, with the URL under the signature.

The key is a P-256 key of `dotlocal.host.keys`; everything else comes in as arguments.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from binascii import Error, a2b_base64, b2a_base64
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from dotlocal.core.errors import Refused

if TYPE_CHECKING:
    from dotlocal.host.keys import SigningKey

_SHORTEST_MAC_KEY = 16  # octets; RFC 7518 3.2 wants 32, and CAs hand out less


def base64url(data: bytes) -> str:
    """Base64 for URLs, without padding (RFC 7515 2)."""
    return b2a_base64(data, newline=False).decode().rstrip("=").replace("+", "-").replace("/", "_")


def unbase64url(text: str) -> bytes:
    """The octets of base64, of either alphabet, padded or not; ValueError for anything else."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)
    except Error as error:
        raise ValueError(str(error)) from None


def jwk(key: SigningKey) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7518 6.2.1), its members in the order of RFC 7638 3.3."""
    return {"crv": "P-256", "kty": "EC", "x": base64url(key.point[1:33]), "y": base64url(key.point[33:65])}


def thumbprint(key: SigningKey) -> str:
    """The key's thumbprint (RFC 7638)."""
    return base64url(hashlib.sha256(_json(jwk(key))).digest())


def key_authorization(token: str, key: SigningKey) -> str:
    """What proves that the owner of the account agrees to a challenge (RFC 8555 8.1)."""
    return f"{token}.{thumbprint(key)}"


def signed(
    key: SigningKey, payload: dict[str, Any] | None, *, url: str, nonce: str, account: str | None = None
) -> bytes:
    """A request's body. Without `account`, its URL, the key itself goes along; a payload of None is POST-as-GET."""
    who: dict[str, Any] = {"kid": account} if account else {"jwk": jwk(key)}
    return _flattened(key, {"alg": "ES256", **who, "nonce": nonce, "url": url}, payload)


def key_change(old: SigningKey, new: SigningKey, *, account: str, url: str) -> dict[str, Any]:
    """The payload that moves an account to a new key, signed by the new one (RFC 8555 7.3.5)."""
    inner = {"account": account, "oldKey": jwk(old)}
    moved: dict[str, Any] = json.loads(_flattened(new, {"alg": "ES256", "jwk": jwk(new), "url": url}, inner))
    return moved


def external_binding(key: SigningKey, *, kid: str, mac_key: bytes, url: str) -> dict[str, str]:
    """The binding to an account that the CA keeps elsewhere (RFC 8555 7.3.4), HS256 by the key that it handed out."""
    head, body = _part({"alg": "HS256", "kid": kid, "url": url}), _part(jwk(key))
    mac = hmac.digest(mac_key, f"{head}.{body}".encode(), "sha256")
    return {"protected": head, "payload": body, "signature": base64url(mac)}


def parse_mac_key(text: str) -> bytes:
    """The binding's key as CAs write it, in base64; refuses `acme-eab-key`."""
    try:
        key = unbase64url(text.strip())
    except ValueError:
        raise Refused("acme-eab-key", "the external account's key is no base64", hint="copy it from the CA") from None
    if len(key) < _SHORTEST_MAC_KEY:
        raise Refused(
            "acme-eab-key", f"the external account's key has {len(key)} octets, not {_SHORTEST_MAC_KEY} or more",
            hint="it is the HMAC key, not the key identifier",
        )  # fmt: skip
    return key


def _flattened(key: SigningKey, header: dict[str, Any], payload: dict[str, Any] | None) -> bytes:
    head, body = _part(header), "" if payload is None else _part(payload)
    r, s = decode_dss_signature(key.sign(f"{head}.{body}".encode()))
    # the two numbers side by side, not as DER (RFC 7518 3.4)
    signature = base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return _json({"protected": head, "payload": body, "signature": signature})


def _part(value: dict[str, Any]) -> str:
    return base64url(_json(value))


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
