"""The set that is handed over: resolved once, whole, and its key and certificates proven to belong together."""

from __future__ import annotations

import os
import ssl

from dotlocal.core.errors import Refused
from dotlocal.device.handover.folder import current, unreadable
from dotlocal.host import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.store import Run

KEY, WITH_ADDRESSES, NAMES_ONLY = "privkey.pem", "fullchain.pem", "names.pem"
BUNDLES = {"bundle.pem": WITH_ADDRESSES, "names-bundle.pem": NAMES_ONLY}
_END = "-----END CERTIFICATE-----"


class OfferedSet:
    """A set in `folder`; its two server certificates in DER, and the bundles (key, then chain) that were checked."""

    __slots__ = ("bundles", "folder", "link", "names_only", "with_addresses")

    def __init__(self, folder: str, link: str, bundles: dict[str, str], chains: dict[str, str]) -> None:
        self.folder = folder
        self.link = link  # run/current, by which servers' configurations name the files
        self.bundles = bundles
        self.with_addresses, self.names_only = (leaf(chains[name]) for name in (WITH_ADDRESSES, NAMES_ONLY))

    def is_current(self) -> bool:
        """Whether run/current still leads to it: another boot may have come, or a reset."""
        try:
            return os.path.join(os.path.dirname(self.link), os.readlink(self.link)) == self.folder
        except OSError:
            return False


def load(run: Run) -> OfferedSet:
    """The current set. Refuses `no-set`, `set-unreadable`, and `set-broken` when anything in it doesn't go together:
    a server that is told to load such a set keeps the old one at best, and ends at worst (Apache does).
    """
    folder, texts = _read(run)
    for bundle, chain in BUNDLES.items():
        if texts[bundle] != texts[KEY] + texts[chain]:
            raise _broken(folder, f"{bundle} is not {KEY} and {chain}")
        try:
            _load(texts[bundle])
        except (ssl.SSLError, ValueError) as error:
            reason = str(getattr(error, "reason", None) or "not PEM").replace("_", " ").lower()
            raise _broken(folder, f"{chain} and {KEY} don't go together: {reason}") from None
    return OfferedSet(
        folder, run.current, {name: texts[name] for name in BUNDLES}, {name: texts[name] for name in BUNDLES.values()}
    )


def leaf(chain: str) -> bytes:
    """The first certificate of a PEM chain, in DER."""
    first, end, _ = chain.partition(_END)
    return ssl.PEM_cert_to_DER_cert(first + end)


def _read(run: Run) -> tuple[str, dict[str, str]]:
    with current(run) as (folder, place):
        return folder, {name: _text(place, folder, name) for name in (KEY, WITH_ADDRESSES, NAMES_ONLY, *BUNDLES)}


def _load(bundle: str) -> None:
    """Have OpenSSL find out whether key and certificates go together. Raises ssl.SSLError and ValueError."""
    place = os.memfd_create("bundle", os.MFD_CLOEXEC)  # what was read, and no file that may have changed since
    try:
        os.write(place, bundle.encode())
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(f"/proc/self/fd/{place}", password="")
    finally:
        os.close(place)


def _text(place: int, folder: str, name: str) -> str:
    try:
        return files.read(name, place=place).decode("ascii")
    except Refused as refused:
        raise unreadable(f"{folder}/{refused.message}") from None
    except UnicodeDecodeError:
        raise _broken(folder, f"{name} is not PEM") from None


def _broken(folder: str, reason: str) -> Refused:
    return Refused(
        "set-broken", f"{folder} is not handed over: {reason}", hint="make a new set with `dotlocal device boot`"
    )
