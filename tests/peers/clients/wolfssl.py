"""Says of one server per line of input whether its certificate is good for a host, trusting one root only.

In: the root's file, the host, the port, separated by tabs. Out: accepted, refused or trouble, a tab, wolfSSL's own
words. A program of its own, because a wrong pointer here must not take the tests along.
"""

import ctypes
import ipaddress
import socket
import sys
from typing import Any

PATIENCE_SECONDS = 10
SUCCESS = 1
VERIFY_PEER = 1
SNI_HOST_NAME = 0

# From wolfssl/wolfcrypt/error-crypt.h and wolfssl/error-ssl.h: the codes that blame a certificate.
BLAMED = {
    -150: "ASN_BEFORE_DATE_E",
    -151: "ASN_AFTER_DATE_E",
    -155: "ASN_SIG_CONFIRM_E",
    -160: "ASN_CRIT_EXT_E",
    -188: "ASN_NO_SIGNER_E",
    -198: "ASN_NAME_INVALID_E",
    -237: "ASN_PATHLEN_SIZE_E",
    -238: "ASN_PATHLEN_INV_E",
    -322: "DOMAIN_NAME_MISMATCH",
    -325: "IPADDR_MISMATCH",
    -329: "VERIFY_CERT_ERROR",
    -357: "NOT_CA_ERROR",
}


def library(name: str) -> Any:
    """The functions that are used here, with their types: pointers are wider than ctypes' int."""
    wolf = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, arguments in (
        ("wolfSSL_Init", number, []),
        ("wolfTLS_client_method", pointer, []),
        ("wolfSSL_CTX_new", pointer, [pointer]),
        ("wolfSSL_CTX_free", None, [pointer]),
        ("wolfSSL_CTX_load_verify_locations", number, [pointer, text, text]),
        ("wolfSSL_CTX_set_verify", None, [pointer, number, pointer]),
        ("wolfSSL_new", pointer, [pointer]),
        ("wolfSSL_free", None, [pointer]),
        ("wolfSSL_UseSNI", number, [pointer, ctypes.c_ubyte, text, ctypes.c_ushort]),
        ("wolfSSL_check_domain_name", number, [pointer, text]),
        ("wolfSSL_get0_param", pointer, [pointer]),
        ("wolfSSL_X509_VERIFY_PARAM_set1_ip_asc", number, [pointer, text]),
        ("wolfSSL_set_fd", number, [pointer, number]),
        ("wolfSSL_connect", number, [pointer]),
        ("wolfSSL_get_error", number, [pointer, number]),
        ("wolfSSL_ERR_reason_error_string", text, [ctypes.c_ulong]),
        ("wolfSSL_write", number, [pointer, text, number]),
        ("wolfSSL_read", number, [pointer, pointer, number]),
    ):
        declared = getattr(wolf, function)
        declared.restype, declared.argtypes = result, arguments
    wolf.wolfSSL_Init()
    return wolf


def address(host: str) -> bytes | None:
    """The address as wolfSSL writes the one in a certificate, since it compares them as text; None for a name."""
    try:
        return ipaddress.ip_address(host).exploded.upper().encode()
    except ValueError:
        return None


def visit(wolf: Any, root: str, host: str, port: int) -> tuple[str, str]:
    context = wolf.wolfSSL_CTX_new(wolf.wolfTLS_client_method())
    session = None
    try:
        if wolf.wolfSSL_CTX_load_verify_locations(context, root.encode(), None) != SUCCESS:
            return "trouble", f"cannot load {root}"
        # Debian builds wolfSSL with OpenSSL's defaults, and that is to verify nothing.
        wolf.wolfSSL_CTX_set_verify(context, VERIFY_PEER, None)
        session = wolf.wolfSSL_new(context)
        if literal := address(host):
            asked = wolf.wolfSSL_X509_VERIFY_PARAM_set1_ip_asc(wolf.wolfSSL_get0_param(session), literal)
        else:
            name = host.encode()
            wolf.wolfSSL_UseSNI(session, SNI_HOST_NAME, name, len(name))
            asked = wolf.wolfSSL_check_domain_name(session, name)
        if asked != SUCCESS:
            return "trouble", f"cannot ask for {host}"
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as plain:
            plain.setblocking(True)
            wolf.wolfSSL_set_fd(session, plain.fileno())
            return converse(wolf, session)
    finally:
        wolf.wolfSSL_free(session)
        wolf.wolfSSL_CTX_free(context)


def converse(wolf: Any, session: int) -> tuple[str, str]:
    result = wolf.wolfSSL_connect(session)
    if result != SUCCESS:
        code = wolf.wolfSSL_get_error(session, result)
        words = wolf.wolfSSL_ERR_reason_error_string(ctypes.c_ulong(code).value).decode()
        return "refused" if code in BLAMED else "trouble", f"{words} ({BLAMED.get(code, code)})"
    request = b"GET / HTTP/1.0\r\n\r\n"
    wolf.wolfSSL_write(session, request, len(request))
    buffer = ctypes.create_string_buffer(4096)
    length = wolf.wolfSSL_read(session, buffer, len(buffer))
    answer = buffer.raw[: max(0, length)].decode("latin-1")
    return "accepted" if answer.startswith("HTTP/") else "trouble", answer.split("\r\n")[0]


def main() -> None:
    wolf = library(sys.argv[1])
    for line in sys.stdin:
        root, host, port = line.rstrip("\n").split("\t")
        verdict, says = visit(wolf, root, host, int(port))
        sys.stdout.write(f"{verdict}\t{says}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
