"""On the product: a fresh key and server certificate at every boot, and the HTTPS that serves it."""

# Where things are unless somebody says otherwise.
STATE = "/var/lib/dotlocal"
RUN = "/run/dotlocal"
CONFIG = "/etc/dotlocal/device.toml"


def place(variable: str, otherwise: str) -> str:
    """Where the environment says that something is, or else where it usually is."""
    from posix import environ  # as it was at the start, in octets: `os` makes a mapping of it that nobody needs here

    return environ.get(variable.encode(), b"").decode(errors="surrogateescape") or otherwise
