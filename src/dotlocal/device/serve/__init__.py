# Serve path: no dataclasses, typing, pathlib, re or json at run time.
"""`device serve`: HTTPS in front of the device's own web interface, on the standard library alone.

`service` puts the steps in order, `terminator` is the loop, `relay` one connection, `tls` the contexts that follow
run/current. Nothing is imported here: `command` forks a boot, where one is asked for, before all else.
"""
