# Boot path: no typing, dataclasses, enum, re or json at run time; subprocess only where there is an Avahi.
"""The name that mDNS really answers with, which differs from the host name after a conflict (RFC 6762 9).

Avahi is asked over D-Bus: through `jeepney` where it is installed, else through systemd's `busctl`. Without Avahi
nothing is asked, and nothing is missed.
"""

_SECONDS = 2
_SERVICE, _INTERFACE = "org.freedesktop.Avahi", "org.freedesktop.Avahi.Server"


def host_name() -> str:
    """The name that Avahi answers with, without a trailing dot; empty where it does not say."""
    try:
        return _by_jeepney()
    except ImportError:
        return _by_busctl()


def _by_jeepney() -> str:
    from jeepney import DBusAddress, MessageType, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    server = DBusAddress("/", bus_name=_SERVICE, interface=_INTERFACE)
    try:
        with open_dbus_connection(bus="SYSTEM") as connection:
            reply = connection.send_and_get_reply(new_method_call(server, "GetHostNameFqdn"), timeout=_SECONDS)
    except (OSError, ValueError, RuntimeError):  # nobody there; not let in; an address that jeepney can't follow
        return ""
    # an error has a text in the place of the name: Avahi's file is there before it answers, and after a crash
    return _named(reply.body[0]) if reply.header.message_type is MessageType.method_return and reply.body else ""


def _by_busctl() -> str:
    import subprocess

    command = ["busctl", "--system", f"--timeout={_SECONDS}", "call", _SERVICE, "/", _INTERFACE, "GetHostNameFqdn"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=_SECONDS + 1, check=False).stdout.decode()
    except (OSError, ValueError, subprocess.SubprocessError):
        return ""
    kind, _, value = told.strip().partition(" ")  # s "press-07-2.local"
    return _named(value.strip('"')) if kind == "s" else ""


def _named(answer: object) -> str:
    return answer.rstrip(".") if isinstance(answer, str) else ""
