# Boot path: no typing, dataclasses, enum, re or json at run time.
"""P-256 keys through the libcrypto that Python's own `ssl` module uses: made, loaded, written, signed with.

An X.509 library costs a boot five times what its cryptography does, and has no wheel for half the embedded boards.
OSError at import means that there is no libcrypto to load; `dotlocal.host.keys` then turns to `cryptography`.
"""

import sys
from _struct import pack  # what `struct` hands on

from dotlocal.core.errors import Refused
from dotlocal.host.ffi import (
    CDLL,
    POINTER,
    addressof,
    byref,
    c_char_p,
    c_int,
    c_size_t,
    c_uint,
    c_ulonglong,
    c_void_p,
    create_string_buffer,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import Array, _NamedFuncPointer, c_char


def _load() -> CDLL:
    for name in ("libcrypto.so.3", "libcrypto.so.4"):
        try:
            return CDLL(name)
        except OSError:
            continue
    raise OSError("no libcrypto of OpenSSL 3 or later")


_LIB = _load()


def _function(name: str, result: "type | None", *arguments: type) -> "_NamedFuncPointer":
    function = getattr(_LIB, name)
    function.restype = result
    function.argtypes = arguments
    return function  # type: ignore[no-any-return]  # what CDLL hands out is typed by its own class alone


_new_context = _function("EVP_PKEY_CTX_new_id", c_void_p, c_int, c_void_p)
_free_context = _function("EVP_PKEY_CTX_free", None, c_void_p)
_keygen_init = _function("EVP_PKEY_keygen_init", c_int, c_void_p)
_control = _function("EVP_PKEY_CTX_ctrl_str", c_int, c_void_p, c_char_p, c_char_p)
_keygen = _function("EVP_PKEY_keygen", c_int, c_void_p, POINTER(c_void_p))
_from_init = _function("EVP_PKEY_fromdata_init", c_int, c_void_p)
_from_data = _function("EVP_PKEY_fromdata", c_int, c_void_p, POINTER(c_void_p), c_int, c_char_p)
_context_of = _function("EVP_PKEY_CTX_new", c_void_p, c_void_p, c_void_p)
_pairwise_check = _function("EVP_PKEY_pairwise_check", c_int, c_void_p)
_get_params = _function("EVP_PKEY_get_params", c_int, c_void_p, c_char_p)
_free_key = _function("EVP_PKEY_free", None, c_void_p)
_initialise = _function("OPENSSL_init_crypto", c_int, c_ulonglong, c_void_p)
_new_digest = _function("EVP_MD_CTX_new", c_void_p)
_free_digest = _function("EVP_MD_CTX_free", None, c_void_p)
_sha256 = _function("EVP_sha256", c_void_p)
_sign_init = _function("EVP_DigestSignInit", c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
_sign = _function("EVP_DigestSign", c_int, c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)
_digest = _function("EVP_Digest", c_int, c_char_p, c_size_t, c_char_p, POINTER(c_uint), c_void_p, c_void_p)

_NO_ERROR_TEXTS, _NO_NAMES_OF_CIPHERS, _NO_NAMES_OF_DIGESTS = 0x01, 0x10, 0x20  # OPENSSL_init_crypto(3)
_EVP_PKEY_EC = 408
_EVP_PKEY_KEYPAIR = 0x87
_UNSIGNED_INTEGER, _UTF8_STRING, _OCTET_STRING = 2, 4, 5  # OSSL_PARAM(3)
# PrivateKeyInfo of a P-256 key (RFC 5958, RFC 5915): only the scalar and the point between these differ. Written and
# taken apart here, because starting libcrypto's encoders and decoders costs more than making a key and signing twice.
_PKCS8_HEAD = bytes.fromhex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420")
_PKCS8_JOINT = bytes.fromhex("a144034200")
_SCALAR = slice(len(_PKCS8_HEAD), len(_PKCS8_HEAD) + 32)
_POINT = slice(_SCALAR.stop + len(_PKCS8_JOINT), _SCALAR.stop + len(_PKCS8_JOINT) + 65)


def spare() -> None:
    """Have libcrypto leave out what it prepares for others: names for all its algorithms, and texts for its errors.

    For a process that makes keys, signs and ends, before anything else here: it can't verify certificates any more.
    The system's openssl.cnf counts all the same.
    """
    _initialise(_NO_ERROR_TEXTS | _NO_NAMES_OF_CIPHERS | _NO_NAMES_OF_DIGESTS, None)


class Key:
    """A P-256 private key; shows only its public `point` (SEC 1 2.3.3, uncompressed)."""

    __slots__ = ("_handle", "point")

    def __init__(self, handle: int) -> None:
        self._handle = handle
        point = create_string_buffer(65)
        _demand(_get_params(handle, _params((b"pub", _OCTET_STRING, point))))
        self.point = point.raw

    def pkcs8(self) -> bytes:
        """The private key, unencrypted PrivateKeyInfo DER (RFC 5958)."""
        scalar = create_string_buffer(32)
        _demand(_get_params(self._handle, _params((b"priv", _UNSIGNED_INTEGER, scalar))))
        return _PKCS8_HEAD + _turned(scalar.raw) + _PKCS8_JOINT + self.point

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256, DER (RFC 3279 2.2.3)."""
        context = _new_digest()
        try:
            size = c_size_t(80)
            signature = create_string_buffer(size.value)
            _demand(_sign_init(context, None, _sha256(), None, self._handle))
            _demand(_sign(context, signature, byref(size), message, len(message)))
        finally:
            _free_digest(context)
        return signature.raw[: size.value]

    def __del__(self) -> None:
        _free_key(self._handle)

    def __repr__(self) -> str:
        return f"Key({self.point[1:5].hex()}…)"


def generate() -> Key:
    """A new key from libcrypto's generator, which blocks until the kernel's is seeded."""
    context = _new_context(_EVP_PKEY_EC, None)
    handle = c_void_p()
    try:
        _demand(_keygen_init(context))
        _demand(_control(context, b"ec_paramgen_curve", b"P-256"))
        _demand(_control(context, b"ec_param_enc", b"named_curve"))
        _demand(_keygen(context, byref(handle)))
    finally:
        _free_context(context)
    return Key(handle.value or 0)


def load(pkcs8: bytes) -> Key:
    """A key from the PrivateKeyInfo DER that `Key.pkcs8` writes, as OpenSSL and `cryptography` do for P-256; refuses
    `key-damaged` for everything else, and for a point that is not the scalar's.
    """
    scalar, point = pkcs8[_SCALAR], pkcs8[_POINT]
    if pkcs8 != _PKCS8_HEAD + scalar + _PKCS8_JOINT + point or len(point) != 65:
        raise Refused("key-damaged", "the private key can't be read: it is no whole P-256 key in PKCS#8")
    context = _new_context(_EVP_PKEY_EC, None)
    handle = c_void_p()
    group = create_string_buffer(b"P-256", 5)
    secret, public = create_string_buffer(_turned(scalar), 32), create_string_buffer(point, 65)
    given = _params(
        (b"group", _UTF8_STRING, group), (b"pub", _OCTET_STRING, public), (b"priv", _UNSIGNED_INTEGER, secret)
    )
    try:
        _demand(_from_init(context))
        if _from_data(context, byref(handle), _EVP_PKEY_KEYPAIR, given) != 1:
            raise Refused("key-damaged", "the private key can't be read: it is no point of P-256")
    finally:
        _free_context(context)
    key = Key(handle.value or 0)
    check = _context_of(handle, None)
    try:
        if _pairwise_check(check) != 1:
            raise Refused("key-damaged", "the private key can't be read: its two halves don't belong together")
    finally:
        _free_context(check)
    return key


def sha256(message: bytes) -> bytes:
    """SHA-256, without the cost of importing hashlib."""
    output = create_string_buffer(32)
    _demand(_digest(message, len(message), output, None, _sha256(), None))
    return output.raw


def _params(*entries: "tuple[bytes, int, Array[c_char]]") -> bytes:
    # an array of OSSL_PARAM: key, data type, data, its size, the size returned; the last one's key is NULL
    packed = [
        pack("@PIPNN", addressof(_named(key)), kind, addressof(data), len(data), 0) for key, kind, data in entries
    ]
    return b"".join(packed) + pack("@PIPNN", 0, 0, 0, 0, 0)


def _named(key: bytes) -> "Array[c_char]":
    if key not in _NAMES:
        _NAMES[key] = create_string_buffer(key)
    return _NAMES[key]


_NAMES: "dict[bytes, Array[c_char]]" = {}


def _turned(scalar: bytes) -> bytes:
    return scalar[::-1] if sys.byteorder == "little" else scalar  # OSSL_PARAM integers are in the machine's order


def _demand(result: int) -> None:
    if result != 1:
        raise Refused("libcrypto-failed", "libcrypto could not make or use a P-256 key")
