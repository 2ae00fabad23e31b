"""Private keys under a passphrase: PKCS#8 with PBES2 (RFC 8018), scrypt (RFC 7914) and AES-256.

`cryptography` writes these with PBKDF2 at 2,048 rounds, which a graphics card tries by the million; it reads this form,
as OpenSSL does. The cost is what OpenSSL's reader still accepts: its limit is 32 MiB, so the work is in `p`.
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from dotlocal.core import der, pem

LABEL = "ENCRYPTED PRIVATE KEY"
_N, _R, _P = 1 << 14, 8, 8
_KEY_OCTETS = 32


def encrypt(private_key_info: bytes, passphrase: bytes) -> str:
    """EncryptedPrivateKeyInfo, PEM, of a PrivateKeyInfo in DER."""
    salt, iv = os.urandom(16), os.urandom(16)
    key = Scrypt(salt, _KEY_OCTETS, _N, _R, _P).derive(passphrase)
    padder = PKCS7(algorithms.AES.block_size).padder()
    padded = padder.update(private_key_info) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    encrypted = encryptor.update(padded) + encryptor.finalize()
    costs = [der.integer(number) for number in (_N, _R, _P, _KEY_OCTETS)]
    scrypt = der.sequence(der.oid("1.3.6.1.4.1.11591.4.11"), der.sequence(der.octet_string(salt), *costs))
    aes = der.sequence(der.oid("2.16.840.1.101.3.4.1.42"), der.octet_string(iv))
    pbes2 = der.sequence(der.oid("1.2.840.113549.1.5.13"), der.sequence(scrypt, aes))
    return pem.encode(LABEL, der.sequence(pbes2, der.octet_string(encrypted)))
