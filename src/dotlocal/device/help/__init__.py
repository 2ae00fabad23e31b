"""Help pages on the device: how to import the root here, and whether this browser trusts it already (docs/adr/0015).

    from dotlocal.device.help import application

    app = application()  # WSGI: mount it below any path of the device's own web interface, docs/help-pages.md

Standard library only, and not on the boot path. `app` are the pages, `answering` the probe; `serving` offers both from
`device serve`, on `front`, a server of its own, for strangers on the network are not to be trusted with more.
"""

from dotlocal.device.help.app import application

__all__ = ["application"]
