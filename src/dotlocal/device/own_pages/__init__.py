"""The customer's own certificate on the device's pages: ask, upload, try, confirm, go back (docs/own-pages.md).

    from dotlocal.device.own_pages import application
    from dotlocal.device.owned.steps import Owned

    app = application(Owned(), session=who)  # WSGI; `who` tells who is logged in to the product's own web interface

It runs as the user whom the state belongs to, in one process (docs/adr/0020). `app` decides what is asked for, `doing`
does it, `pages` say it; `door` lets people in; `server` is the small server for stand-alone use.
"""

from dotlocal.device.own_pages.app import application

__all__ = ["application"]
