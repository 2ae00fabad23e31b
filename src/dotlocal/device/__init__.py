"""On the product: a fresh key and server certificate at every boot, and the HTTPS that serves it."""

# Where things are unless somebody says otherwise.
STATE = "/var/lib/dotlocal"
RUN = "/run/dotlocal"
CONFIG = "/etc/dotlocal/device.toml"
