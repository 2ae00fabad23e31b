# Boot path: no typing, dataclasses, enum, re or json at run time.
"""Telling the supervisor how it goes: systemd's notification socket (sd_notify(3)), where there is one."""

from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, socket

from dotlocal.host.environment import variable


def notify(*facts: str) -> None:
    """Send facts such as `READY=1` or `STATUS=…`; without NOTIFY_SOCKET, or with nobody listening, do nothing."""
    path = variable("NOTIFY_SOCKET")
    if not path:
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        channel.sendto("\n".join(facts).encode(), address)
    except OSError:
        return
    finally:
        channel.close()
