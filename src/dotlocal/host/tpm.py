# Boot path of keys in a TPM: no typing, dataclasses, enum, re or json at run time.
"""A P-256 key in a TPM 2.0, spoken to in its own five commands: made inside, never readable outside.

The TPM stores nothing. It hands out the key wrapped by a storage key of its own, which it derives from its seed
whenever asked; the wrapped key is kept in the key file and is of no use to any other TPM. No library is between us
and the kernel's resource manager: see docs/adr/0011.
"""

import os
import struct
from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM, socket
from stat import S_ISSOCK
from struct import pack, unpack_from

from dotlocal.core import der
from dotlocal.core.errors import Refused
from dotlocal.host import keys
from dotlocal.host.reconnect import Away, patiently

DEVICE = "/dev/tpmrm0"
OWNER = 0x40000001  # TPM_RH_OWNER, whose seed the storage key comes from
_SECONDS = 20
_MOST_OCTETS = 4096

# TPM 2.0 Library, part 2: structures (6.4 algorithms, 6.5.2 commands, 6.9 tags, 8.3 attributes, 12.2 public areas).
_NO_SESSIONS, _SESSIONS = 0x8001, 0x8002
_CREATE_PRIMARY, _CREATE, _LOAD, _SIGN, _FLUSH = 0x131, 0x153, 0x157, 0x15D, 0x165
_ECC, _SHA256, _NULL, _ECDSA = 0x23, 0x0B, 0x10, 0x18
# fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA: made inside, stays inside
_FROM_TPM = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 10
_STORAGE = _FROM_TPM | 1 << 16 | 1 << 17  # restricted, decrypt
_SIGNING = _FROM_TPM | 1 << 18  # sign
# An empty password in a session of its own: the key is guarded by the device node's owner, as a key file is.
_AUTHORISED = pack(">IIHBH", 9, 0x40000009, 0, 0, 0)
_NO_SENSITIVE = pack(">HHH", 4, 0, 0)
_NO_OUTSIDE = pack(">HI", 0, 0)  # outsideInfo, creationPCR
_STORAGE_KEY = pack(
    ">HHIHHHHHHHHH", _ECC, _SHA256, _STORAGE, 0, 0x0006, 128, 0x0043, _NULL, 0x0003, _NULL, 0, 0
)  # AES-128-CFB, P-256, no unique part: what tpm2_createprimary -G ecc256 makes, and tpm2-openssl's default parent
_SIGNING_KEY = pack(">HHIHHHHHHHH", _ECC, _SHA256, _SIGNING, 0, _NULL, _ECDSA, _SHA256, 0x0003, _NULL, 0, 0)
_NO_TICKET = pack(">HIH", 0x8024, 0x40000007, 0)  # the digest was made outside

# Part 2, 6.6: what a TPM says when it only wants to be asked again, or to be left alone for a moment.
_LATER = {0x100: "it was not started", 0x902: "its memory is full", 0x908: "it is busy", 0x90A: "it tests itself",
          0x920: "its flash is busy", 0x922: "it is busy"}  # fmt: skip
_INTEGRITY, _BAD_AUTH = 0x9F, 0xA2
_HINT = "is the TPM there and enabled, and its driver loaded? `[key] device` names it; the certificates before stay"


class Key:
    """A key that stays in its TPM; shows only its public `point`. The TPM is asked when something is to be signed."""

    __slots__ = ("_facts", "_loaded", "point")

    def __init__(self, facts: "dict[str, str]") -> None:
        self._facts = facts
        self._loaded: Loaded | None = None
        self.point = bytes.fromhex(facts["point"])

    def sign(self, message: bytes) -> bytes:
        """ECDSA with SHA-256, DER (RFC 3279 2.2.3); refuses `token-away`, `token-other-key`, `token-refused`."""
        digest = keys.sha256(message)
        return patiently(lambda: self._sign(digest), _named(self._facts), _HINT)

    def _sign(self, digest: bytes) -> bytes:
        used_before = self._loaded is not None
        try:
            self._loaded = self._loaded or Loaded(self._facts)
            return self._loaded.sign(digest)
        except (Away, Refused) as trouble:
            self._loaded = None
            if used_before:
                raise Away(trouble) from None  # a TPM that was reset knows our handle no more: load the key again
            raise

    def __repr__(self) -> str:
        return f"Key({self.point[1:5].hex()}…, {_named(self._facts)})"


class Loaded:
    """A connection on which the key is loaded; it is flushed with it."""

    __slots__ = ("_handle", "_tpm")

    def __init__(self, facts: "dict[str, str]") -> None:
        self._handle = 0
        self._tpm = _Tpm(facts["device"])
        with _Parent(self._tpm, facts) as parent:
            blobs = (_sized(bytes.fromhex(facts[half])) for half in ("private", "public"))
            self._handle = _handle(self._tpm.command(_LOAD, parent, *blobs, answers_handle=True))

    def sign(self, digest: bytes) -> bytes:
        """The signature over a digest, DER."""
        answer = self._tpm.command(_SIGN, self._handle, _sized(digest), pack(">H", _NULL), _NO_TICKET)
        r, rest = _taken(answer[4:])
        s, _ = _taken(rest)
        return der.sequence(der.integer(int.from_bytes(r, "big")), der.integer(int.from_bytes(s, "big")))

    def __del__(self) -> None:
        if self._handle:
            self._tpm.flush(self._handle)


def make(facts: "dict[str, str]", path: str) -> "dict[str, str]":
    """Make a key inside; refuses `token-away` and `token-refused`."""

    def created() -> bytes:
        tpm = _Tpm(facts["device"])
        with _Parent(tpm, facts) as parent:
            return tpm.command(_CREATE, parent, _NO_SENSITIVE, _sized(_SIGNING_KEY), _NO_OUTSIDE)

    private, rest = _taken(patiently(created, _named(facts), _HINT))
    public, _ = _taken(rest)
    x, rest = _taken(public[len(_SIGNING_KEY) - 4 :])
    y, _ = _taken(rest)
    point = b"\x04" + x.rjust(32, b"\0") + y.rjust(32, b"\0")
    if len(point) != 65:
        raise Refused("token-refused", "the TPM's answer is no point of P-256")
    return {**facts, "point": point.hex(), "public": public.hex(), "private": private.hex()}


def load(facts: "dict[str, str]", path: str) -> Key:
    """The key that was made with these facts; refuses `key-damaged`."""
    if not facts.keys() >= {"device", "parent", "point", "public", "private"}:
        raise Refused("key-damaged", f"{path} lacks what is needed to find the key in its TPM")
    return Key(facts)


def destroy(facts: "dict[str, str]", path: str) -> None:
    """Nothing: the TPM keeps no key of ours, and can't bring one back without the key file."""


class _Parent:
    """The storage key for as long as it is needed: a persistent one by its handle, or derived from the owner's seed."""

    __slots__ = ("_handle", "_parent", "_tpm")

    def __init__(self, tpm: "_Tpm", facts: "dict[str, str]") -> None:
        self._tpm = tpm
        self._parent = int(facts["parent"], 16)
        self._handle = 0

    def __enter__(self) -> int:
        if self._parent != OWNER:
            return self._parent
        made = self._tpm.command(
            _CREATE_PRIMARY, OWNER, _NO_SENSITIVE, _sized(_STORAGE_KEY), _NO_OUTSIDE, answers_handle=True
        )
        self._handle = _handle(made)
        return self._handle

    def __exit__(self, *exception: object) -> None:
        if self._handle:
            self._tpm.flush(self._handle)


class _Tpm:
    """A connection: a device node, or the Unix socket of a software TPM."""

    __slots__ = ("_descriptor", "_socket", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._socket: socket | None = None
        self._descriptor = -1
        try:
            if S_ISSOCK(os.stat(path).st_mode):
                self._socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
                self._socket.settimeout(_SECONDS)
                self._socket.connect(path)
                self._descriptor = self._socket.fileno()
            else:
                self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Away(error.strerror or error) from None

    def command(self, code: int, handle: int, *parameters: bytes, answers_handle: bool = False) -> bytes:
        """Send one command, authorised by the empty password; the handle, if it answers one, and its parameters.

        Refuses `token-other-key` and `token-refused`; raises `Away` where asking again may help.
        """
        head = 4 if answers_handle else 0
        answer = self._ask(pack(">I", handle) + _AUTHORISED + b"".join(parameters), _SESSIONS, code)
        return answer[:head] + _cut(answer[head:], 4)[0]

    def flush(self, handle: int) -> None:
        """Forget a loaded key; a TPM without a resource manager has room for three."""
        try:
            self._ask(pack(">I", handle), _NO_SESSIONS, _FLUSH)
        except (Away, Refused):
            pass  # whoever is away has forgotten it too

    def _ask(self, body: bytes, tag: int, code: int) -> bytes:
        try:
            answer = self._exchange(pack(">HII", tag, 10 + len(body), code) + body)
            _, size, result = unpack_from(">HII", answer)
        except (OSError, struct.error) as error:
            raise Away(getattr(error, "strerror", None) or error) from None
        if result in _LATER:
            raise Away(_LATER[result])
        if result:
            raise self._refusal(code, result)
        return answer[10:size]

    def _exchange(self, request: bytes) -> bytes:
        if self._socket is None:
            os.write(self._descriptor, request)
            return os.read(self._descriptor, _MOST_OCTETS)  # the driver answers a command in one piece
        self._socket.sendall(request)
        answer = b""
        while len(answer) < 10 or len(answer) < unpack_from(">I", answer, 2)[0]:
            piece = self._socket.recv(_MOST_OCTETS)
            if not piece or len(answer) > _MOST_OCTETS:
                raise ConnectionResetError(0, "it closed the connection, or does not come to an end")
            answer += piece
        return answer

    def _refusal(self, code: int, result: int) -> Refused:
        # format-one codes (bit 7) carry the number of the parameter or session that they are about: part 2, 6.6.3
        kind = result & 0xBF if result & 0x80 else result
        if code == _LOAD and kind == _INTEGRITY:
            return Refused(
                "token-other-key", f"the TPM at {self.path} is not the one that made this key, or was cleared since",
                hint="a cleared TPM has lost its keys for good: `device init --force`, and a new birth record",
            )  # fmt: skip
        message = f"the TPM at {self.path} answers command {code:#x} with {result:#x}"
        if kind == _BAD_AUTH:
            message += ", its owner has a password"
            return Refused("token-refused", message, hint="name a persistent storage key with `[key] parent`")
        return Refused("token-refused", message, hint="`tpm2_rc_decode` says what the second number means")

    def __del__(self) -> None:
        if self._socket is not None:
            self._socket.close()
        elif self._descriptor >= 0:
            os.close(self._descriptor)


def _named(facts: "dict[str, str]") -> str:
    return f"the TPM at {facts['device']}"


def _sized(contents: bytes) -> bytes:
    return pack(">H", len(contents)) + contents


def _handle(answer: bytes) -> int:
    return int.from_bytes(answer[:4], "big")


def _taken(data: bytes) -> "tuple[bytes, bytes]":
    return _cut(data, 2)


def _cut(data: bytes, octets: int) -> "tuple[bytes, bytes]":
    """What is behind a size of so many octets, and the rest."""
    end = octets + int.from_bytes(data[:octets], "big")
    if len(data) < end or len(data) < octets:
        raise Refused("token-refused", "the TPM's answer is cut short")
    return data[octets:end], data[end:]
