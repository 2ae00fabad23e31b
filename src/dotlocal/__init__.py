"""Trusted HTTPS for devices on local networks, from the factory to the padlock."""

VERSION = "0.1.0"

# 2026-11-23T00:00:00Z in POSIX seconds. No clock that is right can be before the day this package was made;
# the last resort of the device's time floor.
RELEASED = 1795392000
