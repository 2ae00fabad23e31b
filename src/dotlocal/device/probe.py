# Boot path: no typing, dataclasses, enum, re or json at run time.
"""What boot makes for the help pages (docs/adr/0015), only where they are configured: the root, and the probe's key.

The probe answers on a port of its own, by which a page finds out whether a browser trusts the root. Its certificates
must be none that the browser has ever been told to let pass, so they have a key of their own, are new at each boot, and
never serve anything else. There are several: the one that a person may have let pass is not used again.
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


def texts(certify: "Callable[[Key], bytes]", birth: str) -> "dict[str, str]":
    """Files for a set, name to text; `certify` makes a server certificate for a key, a different one each time."""
    above, begin, root = birth.rpartition("-----BEGIN CERTIFICATE-----")
    if not begin:
        raise Refused("birth-damaged", "birth.pem holds no certificate", hint="adopt the birth record again")
    key = keys.generate()
    private = keys.write_pem("PRIVATE KEY", key.pkcs8())
    made = {ROOT: begin + root}
    for number in range(CERTIFICATES):
        made[file(number)] = private + keys.write_pem("CERTIFICATE", certify(key)) + above
    return made
