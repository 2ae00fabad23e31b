"""Any other server: run a command, without a shell; `["sh", "-c", "…"]` is one that asks for it."""

from __future__ import annotations

from dotlocal.device.handover import processes
from dotlocal.device.handover.patience import left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dotlocal.device.handover.offered import OfferedSet
    from dotlocal.device.handover.servers import Server


def running(server: Server) -> bool:
    """Only its port tells."""
    return False


def tell(server: Server, offered: OfferedSet) -> None:
    """Run it, for `seconds` at most; the set is in DOTLOCAL_SET, the link to it in DOTLOCAL_CURRENT."""
    processes.run(server.command, left(server), DOTLOCAL_SET=offered.folder, DOTLOCAL_CURRENT=offered.link)
