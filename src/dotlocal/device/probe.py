# Boot path: no typing, dataclasses, enum, re or json at run time.
"""What boot makes for the help pages (docs/adr/0015), only where they are configured: the root, and the probe's key.

The probe answers on a port of its own, by which a page finds out whether a browser trusts the root. Its certificates
must be none that the browser has ever been told to let pass, so they have a key of their own, are new at each boot, and
never serve anything else. There are several: the one that a person may have let pass is not used again. They come in
batches with a mark beside them, by which more are asked for (`refill`); numbers are never used twice in a set.
"""

from dotlocal.core.errors import Refused
from dotlocal.host import keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from dotlocal.host.keys import Key

CERTIFICATES = 8
ROOT = "root.pem"


def file(number: int) -> str:
    """The file of one of the certificates, from 0: their common key, certificate, and the CAs above it."""
    return f"probe-{number}.pem"


def mark(number: int) -> str:
    """The file beside a batch, by the number of its first certificate: the uptime at which it was made."""
    return f"probe-{number}"


def numbers(number: int) -> range:
    """Those of a batch, by its first."""
    return range(number, number + CERTIFICATES)


def first(names: "list[str]") -> int:
    """The number of the first certificate of the newest batch among these files; FileNotFoundError without any."""
    found = [int(name[6:]) for name in names if name.startswith("probe-") and name[6:].isdigit()]
    if not found:
        raise FileNotFoundError(2, "no such batch")
    return max(found)


def renumbered(texts: "dict[str, str]", number: int) -> "dict[str, str]":
    """The batch among a set's texts, as the one that begins with this number; the mark last."""
    moved = {file(number + at): texts[file(at)] for at in range(CERTIFICATES)}
    return {**moved, mark(number): texts[mark(0)]}


def texts(certify: "Callable[[Key], bytes]", birth: str, made: int) -> "dict[str, str]":
    """Files for a set, name to text; `certify` makes a server certificate for a key, a different one each time. `made`
    is the uptime, in seconds. Refuses `birth-damaged`.
    """
    above, begin, root = birth.rpartition("-----BEGIN CERTIFICATE-----")
    if not begin:
        raise Refused("birth-damaged", "birth.pem holds no certificate", hint="adopt the birth record again")
    key = keys.generate()
    private = keys.write_pem("PRIVATE KEY", key.pkcs8())
    texts = {ROOT: begin + root, mark(0): f"{made}\n"}
    for number in numbers(0):
        texts[file(number)] = private + keys.write_pem("CERTIFICATE", certify(key)) + above
    return texts
