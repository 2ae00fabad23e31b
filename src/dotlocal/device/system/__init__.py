"""What a device's operating system needs to run dotlocal: units, an init script, and hooks of network managers.

The files beside this module are what is installed, but for `@DOTLOCAL@`, the command's own path, and `@BARE@`, what
boots, watches and serves with the least (`dotlocal.device.bare`).
"""
