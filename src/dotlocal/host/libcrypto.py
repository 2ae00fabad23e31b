# Boot path: no typing, dataclasses, enum, re or json at run time.
"""P-256 keys through the libcrypto that Python's own `ssl` module uses: made, loaded, written, signed with.

An X.509 library costs a boot five times what its cryptography does, and has no wheel for half the embedded boards.
OSError at import means that there is no libcrypto to load; `dotlocal.host.keys` then turns to `cryptography`.
"""

from ctypes import CDLL, POINTER, byref, create_string_buffer, string_at

from ctypes import c_char_p, c_int, c_long, c_size_t, c_uint, c_void_p  # isort: skip

from dotlocal.core.errors import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ctypes import _NamedFuncPointer


def _load() -> CDLL:
    for name in ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.so.1.1"):
        try:
            return CDLL(name)
        except OSError:
            continue
    raise OSError("no libcrypto")


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
_free_key = _function("EVP_PKEY_free", None, c_void_p)
_to_pkcs8 = _function("EVP_PKEY2PKCS8", c_void_p, c_void_p)
_from_pkcs8 = _function("EVP_PKCS82PKEY", c_void_p, c_void_p)
_encode_pkcs8 = _function("i2d_PKCS8_PRIV_KEY_INFO", c_int, c_void_p, c_void_p)
_decode_pkcs8 = _function("d2i_PKCS8_PRIV_KEY_INFO", c_void_p, c_void_p, POINTER(c_char_p), c_long)
_free_pkcs8 = _function("PKCS8_PRIV_KEY_INFO_free", None, c_void_p)
_new_digest = _function("EVP_MD_CTX_new", c_void_p)
_free_digest = _function("EVP_MD_CTX_free", None, c_void_p)
_sha256 = _function("EVP_sha256", c_void_p)
_sign_init = _function("EVP_DigestSignInit", c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)
_sign = _function("EVP_DigestSign", c_int, c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t)
_digest = _function("EVP_Digest", c_int, c_char_p, c_size_t, c_char_p, POINTER(c_uint), c_void_p, c_void_p)

_EVP_PKEY_EC = 408
# PrivateKeyInfo of a P-256 key (RFC 5958, RFC 5915) up to its 32 octets; the public point is its last 65.
_PKCS8_HEAD = bytes.fromhex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420")
_PKCS8_SIZE = 138


class Key:
    """A P-256 private key; shows only its public `point` (SEC 1 2.3.3, uncompressed)."""

    __slots__ = ("_handle", "_pkcs8", "point")

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._pkcs8 = _written(handle)
        if len(self._pkcs8) != _PKCS8_SIZE or not self._pkcs8.startswith(_PKCS8_HEAD):
            raise Refused("key-kind", "the key is not a P-256 key with its curve by name")
        self.point = self._pkcs8[-65:]

    def pkcs8(self) -> bytes:
        """The private key, unencrypted PrivateKeyInfo DER (RFC 5958)."""
        return self._pkcs8

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
    """A key from PrivateKeyInfo DER; refuses `key-damaged`."""
    cursor = c_char_p(pkcs8)
    info = _decode_pkcs8(None, byref(cursor), len(pkcs8))
    try:
        handle = _from_pkcs8(info) if info else None
    finally:
        _free_pkcs8(info)
    if not handle:
        raise Refused("key-damaged", "the private key can't be read: it is no whole PKCS#8 key")
    return Key(handle)


def sha256(message: bytes) -> bytes:
    """SHA-256, without the cost of importing hashlib."""
    output = create_string_buffer(32)
    _demand(_digest(message, len(message), output, None, _sha256(), None))
    return output.raw


def _written(handle: int) -> bytes:
    info = _to_pkcs8(handle)
    output = c_void_p()
    try:
        size = _encode_pkcs8(info, byref(output))
        if size <= 0 or not output.value:
            return b""
        return string_at(output, size)
    finally:
        _free_pkcs8(info)
        if output.value:
            _LIB.CRYPTO_clear_free(output, c_size_t(size), None, 0)


def _demand(result: int) -> None:
    if result != 1:
        raise Refused("libcrypto-failed", "libcrypto could not make or use a P-256 key")
